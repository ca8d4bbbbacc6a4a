/** What is over the ceiling waits here for its digest. The letters themselves, and who was held, are in the spool. */
import type { Logger } from "@systole/daemon";
import { type Clock, instant } from "@systole/machine";
import {
  type Ceiling,
  DIGEST_WAIT,
  type Digested,
  digests,
  held,
  isFull,
  NOTHING_SENT,
  nextDigest,
  sent,
} from "../core/ceiling.js";
import { messageId } from "../core/letter.js";
import { digestText } from "../core/letter-text.js";
import * as lines from "../log-lines.js";
import { atLeast, channelOf, type Delivery, type Letter } from "../types.js";
import type { Dispatch } from "./dispatch.js";

export interface HoldingParts {
  readonly node: string;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly log: Logger;
  /** Mails an hour to one address; 0: no limit. */
  readonly limit: () => number;
  readonly from: () => string;
  readonly dispatch: Pick<Dispatch, "find" | "feed">;
  readonly write: (letter: Letter) => void;
}

export interface Holding {
  /** A letter of the spool, before the start; `recovered` after the last one. */
  recover(letter: Letter): void;
  recovered(): void;
  /** The letter as it may go out: who is over the ceiling is held. */
  admit(letter: Letter): Letter;
  /** The letter is in the spool. */
  posted(letter: Letter): void;
  /** All that is held is told now. */
  flush(): void;
  stop(): void;
}

export function openHolding(parts: HoldingParts): Holding {
  const { clock, wallClock, dispatch } = parts;
  const limits = () => ({ perHour: parts.limit(), digestWait: DIGEST_WAIT });
  const finished: Letter[] = [];
  let ceiling: Ceiling = NOTHING_SENT;
  let disarm: (() => void) | undefined;

  function arm(): void {
    disarm?.();
    const due = nextDigest(ceiling);
    disarm = due === undefined ? undefined : clock.at(due, () => tell(false));
  }

  function tell(all: boolean): void {
    const { state, actions } = digests(ceiling, clock.now(), all);
    ceiling = state;
    for (const action of actions) {
      const letter = digestLetter(action);
      if (letter !== undefined) parts.write(letter);
    }
    arm();
  }

  function digestLetter({ address, letters: ids }: Digested): Letter | undefined {
    const isHeld = (one: Delivery) => one.address === address && one.state === "held";
    const letters = ids.flatMap((id) => dispatch.find(id) ?? []).filter((one) => one.deliveries.some(isHeld));
    const [first] = letters;
    if (first === undefined) return undefined;
    const nowMs = wallClock();
    const name = `digest.${first.id}.${address.replaceAll(/[^A-Za-z0-9]/g, "-")}`.slice(0, 180);
    const severity = letters.map((one) => one.severity).reduce((a, b) => (atLeast(a, b) ? a : b));
    return {
      schemaVersion: 1,
      id: `${String(Math.floor(nowMs)).padStart(14, "0")}.${name}`.slice(0, 200),
      createdAtMs: nowMs,
      messageId: messageId(name, parts.node),
      from: parts.from(),
      subject: `[${severity}] ${parts.node}: ${letters.length} letters in one`,
      text: digestText(letters, parts.node, parts.limit()),
      ...{
        severity,
        node: parts.node,
        opens: [],
        closes: [],
        events: [],
        digestOf: letters.map(({ id }) => id),
      },
      deliveries: [{ address, state: "waiting", attempts: 0 }],
    };
  }

  /** The letters that it tells of need not wait for this address any longer. */
  function tellsOf({ id, digestOf = [], deliveries }: Letter): void {
    for (const { address } of deliveries)
      for (const told of digestOf) dispatch.feed({ type: "digested", id: told, address, into: id });
  }

  function account(letter: Letter, at: number): void {
    if (channelOf(letter) !== "mail") return;
    for (const { address, state, afterMs } of letter.deliveries) {
      if (state === "held") ceiling = held(ceiling, address, letter.id, clock.now(), limits());
      else if (state !== "digested" && afterMs === undefined) ceiling = sent(ceiling, address, instant(at));
    }
  }

  return {
    recover(letter) {
      account(letter, clock.now() - (wallClock() - letter.createdAtMs));
      if (letter.digestOf !== undefined) finished.push(letter);
    },
    recovered() {
      for (const letter of finished.splice(0)) tellsOf(letter);
      arm();
    },
    admit(letter) {
      if (channelOf(letter) !== "mail" || letter.digestOf !== undefined) return letter;
      const deliveries = letter.deliveries.map((one): Delivery => {
        const over = one.state === "waiting" && isFull(ceiling, one.address, clock.now(), limits());
        return over ? { ...one, state: "held" } : one;
      });
      return { ...letter, deliveries };
    },
    posted(letter) {
      const before = nextDigest(ceiling);
      account(letter, clock.now());
      for (const { address, state } of letter.deliveries)
        if (state === "held" && before === undefined)
          parts.log.warn({ event: "letter.held", address }, lines.held(address, parts.limit()));
      if (letter.digestOf !== undefined) tellsOf(letter);
      arm();
    },
    flush: () => tell(true),
    stop: () => disarm?.(),
  };
}

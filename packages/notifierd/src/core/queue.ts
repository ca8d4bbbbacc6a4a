/**
 * What is to be sent, to whom, and when again.
 *
 *   waiting --due--> sending --answered--> delivered | rejected | waiting (4yz: later) --too old--> expired
 *                       '-----unreachable--> waiting, and everything with it: an outage
 *
 * One letter is on its way at a time, the oldest that is due: so letters arrive in the order in which they were
 * written. An outage is the mail server's, not a letter's: while it lasts the oldest is the probe, and the pauses grow.
 *
 * Of a letter's recipients some may stand by (`escalation.ts`) or be held until a digest tells them (`ceiling.ts`): the
 * letter stays until there is an end for each of them.
 */
import {
  earliest,
  type Instant,
  type Machine,
  type Millis,
  milliseconds,
  plus,
  type Step,
} from "@systole/machine";
import type { Delivery, Letter } from "../types.js";
import { escalated, nextEscalation, spared } from "./escalation.js";
import { retryWait } from "./retry.js";

export interface Queued {
  readonly letter: Letter;
  readonly writtenAt: Instant;
  readonly expiresAt: Instant;
  /** When those who wait for it are tried next; `sending` while it is on its way. */
  readonly due: Instant | "sending";
}

export interface Queue {
  /** By id, the oldest first. */
  readonly letters: ReadonlyMap<string, Queued>;
  readonly outage:
    | { readonly failures: number; readonly until: Instant; readonly problem: string }
    | undefined;
}

export const EMPTY: Queue = { letters: new Map(), outage: undefined };

export interface Answer {
  readonly address: string;
  readonly verdict: "delivered" | "later" | "never";
  readonly reply: string;
  /** Of those that are put off: not before so many milliseconds. */
  readonly retryAfterMs?: number;
}

export type QueueEvent =
  /** `left`: how much of its life is left; after a restart less than maxage. `age`: how long ago it was written. */
  | { readonly type: "add"; readonly letter: Letter; readonly left: Millis; readonly age: Millis }
  | {
      readonly type: "answered";
      readonly id: string;
      readonly answers: readonly Answer[];
      readonly jitter: number;
    }
  | { readonly type: "unreachable"; readonly id: string; readonly problem: string; readonly jitter: number }
  /** Try at once what waits: one letter, or all. */
  | { readonly type: "flush"; readonly id?: string }
  /** Somebody takes care of it, or it is over: nobody else is told. */
  | {
      readonly type: "spare";
      readonly id: string;
      readonly why: string;
      readonly acknowledged?: Letter["acknowledged"];
    }
  /** Another letter tells `address` of it. */
  | { readonly type: "digested"; readonly id: string; readonly address: string; readonly into: string };

export type QueueAction =
  | { readonly type: "send"; readonly letter: Letter; readonly to: readonly string[] }
  | { readonly type: "save"; readonly letter: Letter }
  /** Nothing is left to do for it: delivered to all, or given up for some. */
  | { readonly type: "settle"; readonly letter: Letter; readonly into: "done" | "failed" }
  | { readonly type: "report-outage"; readonly problem: string }
  | { readonly type: "report-outage-over" };

type Made = Step<Queue, QueueAction>;

export const queueMachine: Machine<Queue, QueueEvent, QueueAction> = {
  step(state, event, now) {
    const { state: after, actions } = apply(state, event, now);
    const sent = sendDue(after, now);
    return { state: sent.state, actions: [...actions, ...sent.actions] };
  },
  nextDeadline({ letters, outage }) {
    const all = [...letters.values()];
    const resting = all.filter(({ due }) => due !== "sending");
    const escalations = resting.map(({ letter, writtenAt }) => nextEscalation(letter, writtenAt));
    const expiries = resting.map(({ expiresAt }) => expiresAt);
    const due = earliest(
      all.map((queued) => (isWaiting(queued) && queued.due !== "sending" ? queued.due : undefined)),
    );
    const next = due === undefined || outage === undefined ? due : later(due, outage.until);
    return earliest([isSending(letters) ? undefined : next, ...escalations, ...expiries]);
  },
};

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);
const isSending = (letters: Queue["letters"]): boolean =>
  [...letters.values()].some(({ due }) => due === "sending");
const isWaiting = ({ letter }: Queued): boolean => waiting(letter.deliveries).length > 0;

function apply(state: Queue, event: Parameters<typeof queueMachine.step>[1], now: Instant): Made {
  switch (event.type) {
    case "tick": {
      const woken = escalate(state, now);
      const expired = expire(woken.state, now);
      return { state: expired.state, actions: [...woken.actions, ...expired.actions] };
    }
    case "add": {
      const { letter, left, age } = event;
      const writtenAt = plus(now, milliseconds(-age));
      const letters = [
        ...state.letters,
        [letter.id, { letter, writtenAt, expiresAt: plus(now, left), due: now }] as const,
      ];
      letters.sort(([a], [b]) => (a < b ? -1 : 1));
      return { state: { ...state, letters: new Map(letters) }, actions: [] };
    }
    case "answered":
      return answered(state, event, now);
    case "unreachable":
      return unreachable(state, event, now);
    case "flush":
      return flush(state, event.id, now);
    case "spare": {
      const { id, why, acknowledged } = event;
      if (acknowledged === undefined) return rewritten(state, id, (letter) => spared(letter, why));
      return rewritten(state, id, (letter) => {
        const marked = { ...letter, acknowledged };
        return spared(marked, why) ?? marked;
      });
    }
    case "digested":
      return rewritten(state, event.id, (letter) => digested(letter, event.address, event.into));
  }
}

/** One letter changes while it may be on its way; what is undefined stays as it is. */
function rewritten(state: Queue, id: string, change: (letter: Letter) => Letter | undefined): Made {
  const queued = state.letters.get(id);
  const letter = queued === undefined ? undefined : change(queued.letter);
  if (queued === undefined || letter === undefined) return { state, actions: [] };
  const { due } = queued;
  return keepOrSettle(state, { ...queued, letter }, () => due);
}

function digested(letter: Letter, address: string, into: string): Letter {
  const deliveries = letter.deliveries.map((one) =>
    one.address === address && one.state === "held"
      ? { ...one, state: "digested" as const, reply: `told in ${into}` }
      : one,
  );
  return { ...letter, deliveries };
}

/** Those whose time has come are told, too. */
function escalate(state: Queue, now: Instant): Made {
  let after = state;
  const actions: QueueAction[] = [];
  for (const queued of state.letters.values()) {
    if (queued.due === "sending") continue;
    const letter = escalated(queued.letter, queued.writtenAt, now);
    if (letter === undefined) continue;
    const made = keepOrSettle(after, { ...queued, letter }, () => now);
    after = made.state;
    actions.push(...made.actions);
  }
  return { state: after, actions };
}

/** The oldest letter that is due goes out, if none is on its way. */
function sendDue(state: Queue, now: Instant): Made {
  const { outage } = state;
  if (isSending(state.letters) || (outage !== undefined && now < outage.until)) return { state, actions: [] };
  for (const [id, queued] of state.letters) {
    if (queued.due === "sending" || queued.due > now || !isWaiting(queued)) continue;
    const letters = new Map(state.letters).set(id, { ...queued, due: "sending" });
    const to = waiting(queued.letter.deliveries);
    return { state: { ...state, letters }, actions: [{ type: "send", letter: queued.letter, to }] };
  }
  return { state, actions: [] };
}

const waiting = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.filter(({ state }) => state === "waiting").map(({ address }) => address);

function answered(
  state: Queue,
  {
    id,
    answers,
    jitter,
  }: { readonly id: string; readonly answers: readonly Answer[]; readonly jitter: number },
  now: Instant,
): Made {
  const queued = state.letters.get(id);
  if (queued === undefined) return { state, actions: [] };
  const over: QueueAction[] = state.outage === undefined ? [] : [{ type: "report-outage-over" }];
  const deliveries = queued.letter.deliveries.map((delivery) => judged(delivery, answers));
  const letter = { ...queued.letter, deliveries };
  const made = keepOrSettle({ ...state, outage: undefined }, { ...queued, letter }, () => {
    const attempts = deliveries.filter((one) => one.state === "waiting").map((one) => one.attempts);
    const asked = Math.max(0, ...answers.map(({ retryAfterMs = 0 }) => retryAfterMs));
    return plus(now, milliseconds(Math.max(asked, retryWait(Math.max(1, ...attempts), jitter))));
  });
  return { state: made.state, actions: [...over, ...made.actions] };
}

const VERDICTS = { delivered: "delivered", never: "rejected", later: "waiting" } as const;

function judged(delivery: Delivery, answers: readonly Answer[]): Delivery {
  const answer = answers.find(({ address }) => address === delivery.address);
  if (answer === undefined || delivery.state !== "waiting") return delivery;
  const { verdict, reply } = answer;
  return { ...delivery, attempts: delivery.attempts + 1, state: VERDICTS[verdict], reply };
}

const OPEN = new Set<Delivery["state"]>(["waiting", "standby", "held"]);
const FAILED = new Set<Delivery["state"]>(["rejected", "expired"]);

/** Settles a letter that waits for nobody any more; otherwise it is due again at `due()`. */
function keepOrSettle(state: Queue, queued: Queued, due: () => Queued["due"]): Made {
  const { letter } = queued;
  const letters = new Map(state.letters);
  if (queued.due === "sending" && due() === "sending") {
    letters.set(letter.id, queued); // the answer will settle it
    return { state: { ...state, letters }, actions: [{ type: "save", letter }] };
  }
  if (letter.deliveries.some((delivery) => OPEN.has(delivery.state))) {
    letters.set(letter.id, { ...queued, due: due() });
    return { state: { ...state, letters }, actions: [{ type: "save", letter }] };
  }
  letters.delete(letter.id);
  const into = letter.deliveries.some((delivery) => FAILED.has(delivery.state)) ? "failed" : "done";
  return { state: { ...state, letters }, actions: [{ type: "settle", letter, into }] };
}

function unreachable(
  state: Queue,
  { id, problem, jitter }: { readonly id: string; readonly problem: string; readonly jitter: number },
  now: Instant,
): Made {
  const queued = state.letters.get(id);
  if (queued === undefined) return { state, actions: [] };
  const failures = (state.outage?.failures ?? 0) + 1;
  const letters = new Map(state.letters).set(id, { ...queued, due: now });
  return {
    state: { letters, outage: { failures, until: plus(now, retryWait(failures, jitter)), problem } },
    actions: state.outage === undefined ? [{ type: "report-outage", problem }] : [],
  };
}

function flush(state: Queue, only: string | undefined, now: Instant): Made {
  const letters = new Map(state.letters);
  for (const [id, queued] of letters) {
    if (queued.due !== "sending" && (only === undefined || only === id))
      letters.set(id, { ...queued, due: now });
  }
  const outage = state.outage === undefined ? undefined : { ...state.outage, until: now };
  return { state: { letters, outage }, actions: [] };
}

/** Waits that have lasted for the whole life of a letter end here; one that is being sent gets its answer first. */
function expire(state: Queue, now: Instant): Made {
  let after = state;
  const actions: QueueAction[] = [];
  for (const queued of state.letters.values()) {
    if (queued.due === "sending" || now < queued.expiresAt) continue;
    const deliveries = queued.letter.deliveries.map((delivery): Delivery => {
      if (!OPEN.has(delivery.state)) return delivery;
      const last = delivery.reply ?? state.outage?.problem ?? "never tried";
      return { ...delivery, state: "expired", reply: `too old; the last answer was: ${last}` };
    });
    const made = keepOrSettle(after, { ...queued, letter: { ...queued.letter, deliveries } }, () => now);
    after = made.state;
    actions.push(...made.actions);
  }
  return { state: after, actions };
}

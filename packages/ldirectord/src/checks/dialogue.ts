/** Leads one dialogue over real connections until there is a verdict. The time limit is the caller's. */
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { Connection, ConnectionEvents, ListenForOne, OpenConnection } from "./connection.js";
import {
  type Call,
  type Heard,
  type Judgement,
  type Listener,
  LONGEST_ANSWER,
  type LocalEnd,
  shortened,
  type Turn,
} from "./conversation.js";
import type { Matcher } from "./matcher.js";
import { placeName } from "./problems.js";
import type { Transcript } from "./transcript.js";

export type Outcome =
  | { readonly up: true; readonly message: string; readonly warning?: string }
  /** `ours`: this machine could not even ask; it says nothing about the server. */
  | { readonly up: false; readonly reason: string; readonly ours?: true };

export interface Dialogue {
  /** Where it stands, for a time limit that is over. */
  stage(): string;
  close(): void;
}

/** UDP loses packets: what was said is said again so often until something is heard. */
const REPEAT_UDP = milliseconds(1000);

export interface DialogueParts {
  readonly open: OpenConnection;
  readonly listen: ListenForOne;
  readonly matcher: Matcher;
  readonly clock: Clock;
  readonly transcript: Transcript;
  /** Called whenever anything comes from the other side: before it is looked at. */
  readonly heard: () => void;
  /** 34 hexadecimal digits, different each time. */
  readonly random: () => string;
}

export function holdDialogue(call: Call, parts: DialogueParts, finish: (outcome: Outcome) => void): Dialogue {
  const { open, listen, matcher, clock, transcript, random, heard } = parts;
  let connection: Connection | undefined;
  let data: Connection | undefined;
  let callOff: (() => void) | undefined;
  let stage = "";
  let warning: string | undefined;
  let over = false;

  function close(): void {
    over = true;
    callOff?.();
    connection?.close();
    data?.close();
  }

  function judge(outcome: Outcome): void {
    if (over) return;
    close();
    finish(outcome.up && warning !== undefined ? { ...outcome, warning } : outcome);
  }

  const fail = (reason: string, ours: boolean) =>
    judge(ours ? { up: false, reason, ours } : { up: false, reason });

  function start(to: Call): void {
    let listener: Listener | undefined;
    let text = "";
    let ended = false;
    let second: Heard["data"];
    let own: LocalEnd | undefined;
    const place = placeName(to);
    stage = `${place} did not ${to.transport === "udp" ? "answer" : "take the connection"}`;

    function take(turn: Turn): void {
      if (turn.rest !== undefined) text = turn.rest;
      if (turn.listenForData !== undefined) return listenForData(turn.listenForData);
      if (turn.openData !== undefined) openData(turn.openData);
      if (turn.say !== undefined) say(turn.say, turn.secret === true);
      if (turn.finish === true) connection?.finish();
      if (typeof turn.next === "function") {
        listener = turn.next;
        ask();
      } else decide(turn.next);
    }

    function ask(): void {
      if (over || listener === undefined) return;
      const before = listener;
      const turn = before({ text, ended, data: second });
      if (turn === undefined) {
        if (ended && second === undefined)
          judge({ up: false, reason: `${place} closed the connection too early` });
        return;
      }
      listener = undefined;
      take(turn);
    }

    function decide(judgement: Judgement): void {
      switch (judgement.kind) {
        case "up":
          return judge({ up: true, message: judgement.message });
        case "down":
          return judge({ up: false, reason: judgement.reason });
        case "call-again":
          transcript.noted(`redirected to ${shortened(judgement.call.host)}:${judgement.call.port}`);
          connection?.close();
          return start(judgement.call);
        case "match":
          void compare(judgement);
      }
    }

    async function compare(judgement: Extract<Judgement, { kind: "match" }>): Promise<void> {
      const found = await matcher.search(judgement.pattern, judgement.texts);
      if (over) return;
      if (found === "timeout")
        judge({ up: false, reason: "the receive expression took too long and was stopped" });
      else if (found) judge({ up: true, message: judgement.message });
      else if (typeof judgement.otherwise === "string") judge({ up: false, reason: judgement.otherwise });
      else {
        listener = judgement.otherwise;
        ask();
      }
    }

    function say(bytes: string, secret: boolean): void {
      transcript.said(bytes, secret);
      connection?.say(bytes);
      if (to.transport === "udp") repeat(bytes);
    }

    function repeat(bytes: string): void {
      callOff?.();
      callOff = clock.at(plus(clock.now(), REPEAT_UDP), () => {
        connection?.say(bytes);
        repeat(bytes);
      });
    }

    function openData(port: number): void {
      second = { text: "", ended: false };
      data = open({ host: to.host, port, transport: "tcp", tls: undefined }, dataEvents);
    }

    function listenForData(then: (local: LocalEnd) => Turn): void {
      second = { text: "", ended: false };
      const { host } = to;
      // It speaks already, so our end of it is known.
      data = listen(own!.address(), host, dataEvents, (local) => {
        if (!over) take(then(local));
      });
    }

    const dataEvents: ConnectionEvents = {
      open() {},
      heard(bytes) {
        heard();
        second = { text: ((second?.text ?? "") + bytes).slice(0, LONGEST_ANSWER), ended: false };
        ask();
      },
      ended() {
        second = { text: second?.text ?? "", ended: true };
        ask();
      },
      failed: (reason, ours) => fail(`data connection: ${reason}`, ours),
      warned() {},
    };

    connection = open(to, {
      open(local) {
        heard();
        own = local;
        stage = `${place} took the connection, but did not answer in full`;
        take(to.begin(local, random));
      },
      heard(bytes) {
        heard();
        transcript.heard(bytes);
        callOff?.();
        text = to.transport === "udp" ? bytes : (text + bytes).slice(0, 2 * LONGEST_ANSWER);
        ask();
      },
      ended() {
        ended = true;
        ask();
      },
      failed: fail,
      warned(text) {
        warning = text;
      },
    });
  }

  start(call);
  return { stage: () => stage, close };
}

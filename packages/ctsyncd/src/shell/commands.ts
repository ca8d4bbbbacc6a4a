/**
 * The verbs of the control socket.
 *
 * `commit` and `activate` answer when the peer's flows are in our kernel, or after `limitMs` (5,000 unless told
 * otherwise) with `done: false`: the commit then goes on in the background.
 */
import { ControlError, type Verb, type Verbs } from "@systole/daemon";
import type { Instant } from "@systole/machine";
import type { Answer, Command } from "../core/session.types.js";
import { LIST_LIMIT, listOf } from "./listing.js";
import { type StatusParts, statusOf } from "./status.js";

const COMMIT_LIMIT_MS = 5000;
const LONGEST_LIMIT_MS = 600_000;

/** Commands on their way: who asked is answered when the session says so. */
export interface Desk {
  ask(command: Command): Promise<Answer>;
  answered(ticket: number, answer: Answer): void;
}

/** @param feed hands a command with its ticket to the session. */
export function desk(feed: (ticket: number, command: Command) => void): Desk {
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  return {
    ask(command) {
      last += 1;
      const ticket = last;
      return new Promise((resolve) => {
        waiting.set(ticket, resolve);
        feed(ticket, command);
      });
    },
    answered(ticket, answer) {
      waiting.get(ticket)?.(answer);
      waiting.delete(ticket);
    },
  };
}

export interface CommandParts {
  readonly desk: Desk;
  readonly parts: StatusParts;
  readonly now: () => Instant;
  readonly stop: (reason: string) => void;
}

export function verbs({ desk, parts, now, stop }: CommandParts): Verbs {
  const plain = (verb: Exclude<Command["verb"], "commit" | "activate" | "flush">) => ({
    changes: true,
    run: () => desk.ask({ verb }),
  });
  const timed = (verb: "commit" | "activate") => ({
    changes: true,
    run: ((args) => desk.ask({ verb, limitMs: limitOf(args) })) satisfies Verb,
  });
  return {
    status: { changes: false, run: () => statusOf(parts, now()) },
    list: {
      changes: false,
      run: (args) => {
        const cache = oneOf(args, "cache", ["local", "peer"]);
        const about = oneOf(args, "about", ["flows", "expectations"]);
        return listOf(parts.session, { cache, about, xml: args.xml === true }, now(), LIST_LIMIT);
      },
    },
    commit: timed("commit"),
    activate: timed("activate"),
    deactivate: plain("deactivate"),
    flush: {
      changes: true,
      run: (args) => desk.ask({ verb: "flush", cache: oneOf(args, "cache", ["both", "local", "peer"]) }),
    },
    "flush-kernel": plain("flush-kernel"),
    "purge-later": plain("purge-later"),
    "request-resync": plain("request-resync"),
    "resync-kernel": plain("resync-kernel"),
    "send-bulk": plain("send-bulk"),
    stop: { changes: true, run: () => stop("asked to stop") },
  };
}

type Args = Readonly<Record<string, unknown>>;

function limitOf({ limitMs = COMMIT_LIMIT_MS }: Args): number {
  if (typeof limitMs === "number" && limitMs >= 0 && limitMs <= LONGEST_LIMIT_MS) return limitMs;
  throw new ControlError("bad-request", `limitMs is a number from 0 to ${LONGEST_LIMIT_MS}`);
}

/** The first word is the default. */
function oneOf<Choice extends string>(
  args: Args,
  name: string,
  words: readonly [Choice, ...Choice[]],
): Choice {
  const value = args[name] ?? words[0];
  const found = words.find((word) => word === value);
  if (found === undefined) throw new ControlError("bad-request", `${name} is one of ${words.join(", ")}`);
  return found;
}

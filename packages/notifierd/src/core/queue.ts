/**
 * What is to be sent, to whom, and when again.
 *
 *   waiting --due--> sending --answered--> delivered | rejected | waiting (4yz: later) --too old--> expired
 *                       '-----unreachable--> waiting, and everything with it: an outage
 *
 * One letter is on its way at a time, the oldest that is due: so letters arrive in the order in which they were
 * written. An outage is the mail server's, not a letter's: while it lasts the oldest is the probe, and the pauses grow.
 */
import { earliest, type Instant, type Machine, type Millis, plus, type Step } from "@systole/machine";
import type { Delivery, Letter } from "../types.js";
import { retryWait } from "./retry.js";

export interface Queued {
  readonly letter: Letter;
  readonly expiresAt: Instant;
  /** Undefined while it is being sent. */
  readonly due: Instant | undefined;
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
}

export type QueueEvent =
  /** `left`: how much of its life is left, after a restart less than maxage. */
  | { readonly type: "add"; readonly letter: Letter; readonly left: Millis }
  | {
      readonly type: "answered";
      readonly id: string;
      readonly answers: readonly Answer[];
      readonly jitter: number;
    }
  | { readonly type: "unreachable"; readonly id: string; readonly problem: string; readonly jitter: number }
  /** Try at once what waits: one letter, or all. */
  | { readonly type: "flush"; readonly id?: string };

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
    const dues = [...letters.values()].map(({ due }) => due);
    const expiries = [...letters.values()]
      .filter(({ due }) => due !== undefined)
      .map((queued) => queued.expiresAt);
    const due = earliest(dues);
    const next = due === undefined || outage === undefined ? due : later(due, outage.until);
    return earliest([isSending(letters) ? undefined : next, ...expiries]);
  },
};

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);
const isSending = (letters: Queue["letters"]): boolean =>
  [...letters.values()].some(({ due }) => due === undefined);

function apply(state: Queue, event: Parameters<typeof queueMachine.step>[1], now: Instant): Made {
  switch (event.type) {
    case "tick":
      return expire(state, now);
    case "add": {
      const queued = { letter: event.letter, expiresAt: plus(now, event.left), due: now };
      const letters = [...state.letters, [event.letter.id, queued] as const];
      letters.sort(([a], [b]) => (a < b ? -1 : 1));
      return { state: { ...state, letters: new Map(letters) }, actions: [] };
    }
    case "answered":
      return answered(state, event, now);
    case "unreachable":
      return unreachable(state, event, now);
    case "flush":
      return flush(state, event.id, now);
  }
}

/** The oldest letter that is due goes out, if none is on its way. */
function sendDue(state: Queue, now: Instant): Made {
  const { outage } = state;
  if (isSending(state.letters) || (outage !== undefined && now < outage.until)) return { state, actions: [] };
  for (const [id, queued] of state.letters) {
    if (queued.due === undefined || queued.due > now) continue;
    const letters = new Map(state.letters).set(id, { ...queued, due: undefined });
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
    const attempts = Math.max(
      ...deliveries.filter((one) => one.state === "waiting").map((one) => one.attempts),
    );
    return plus(now, retryWait(attempts, jitter));
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

/** Settles a letter that waits for nobody any more; otherwise it is due again at `due()`. */
function keepOrSettle(state: Queue, queued: Queued, due: () => Instant): Made {
  const { letter } = queued;
  const letters = new Map(state.letters);
  if (letter.deliveries.some((delivery) => delivery.state === "waiting")) {
    letters.set(letter.id, { ...queued, due: due() });
    return { state: { ...state, letters }, actions: [{ type: "save", letter }] };
  }
  letters.delete(letter.id);
  const into = letter.deliveries.every((delivery) => delivery.state === "delivered") ? "done" : "failed";
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
    if (queued.due !== undefined && (only === undefined || only === id))
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
    if (queued.due === undefined || now < queued.expiresAt) continue;
    const deliveries = queued.letter.deliveries.map((delivery): Delivery => {
      if (delivery.state !== "waiting") return delivery;
      const last = delivery.reply ?? state.outage?.problem ?? "never tried";
      return { ...delivery, state: "expired", reply: `too old; the last answer was: ${last}` };
    });
    const made = keepOrSettle(after, { ...queued, letter: { ...queued.letter, deliveries } }, () => now);
    after = made.state;
    actions.push(...made.actions);
  }
  return { state: after, actions };
}

/**
 * A reader's side of another daemon's events: connect, ask `since`, notice gaps, come back.
 *
 *   waiting --tick--> connecting --connected, answered--> live --lost--> waiting
 *      ^                   '---lost, too slow--------------------------------'
 *
 * Nobody waits for a reader, so a reader that falls behind is disconnected and comes back with the last sequence it
 * has. Each event is delivered once and in order; what the publisher no longer has is reported as a gap. An event
 * that could not be taken (`refused`: a full disk) is asked for again after the next wait.
 */
import { type Instant, type Machine, type Millis, milliseconds, plus, type Step } from "@systole/machine";
import type { ClusterEvent } from "./event.js";

/** The last event that was taken. `boot` is empty before the first. */
export interface Cursor {
  readonly boot: string;
  readonly sequence: number;
}

export const START: Cursor = { boot: "", sequence: 0 };

export interface SubscriptionTiming {
  /** First wait after a loss; doubles with each further one. */
  readonly firstWait: Millis;
  readonly longestWait: Millis;
  /** Limit of connecting and of the answer to `subscribe`. */
  readonly answerWithin: Millis;
}

export const SUBSCRIPTION_TIMING: SubscriptionTiming = {
  firstWait: milliseconds(200),
  longestWait: milliseconds(10_000),
  answerWithin: milliseconds(5_000),
};

export type Subscription =
  | { readonly kind: "waiting"; readonly cursor: Cursor; readonly until: Instant; readonly losses: number }
  | { readonly kind: "connecting"; readonly cursor: Cursor; readonly until: Instant; readonly losses: number }
  /** Waits for the shell to say that the connection is gone. */
  | { readonly kind: "closing"; readonly cursor: Cursor; readonly losses: number }
  | { readonly kind: "live"; readonly cursor: Cursor };

export type SubscriptionEvent =
  | { readonly type: "connected" }
  /** The answer to `subscribe`; `boot` is the publisher's. */
  | { readonly type: "answered"; readonly boot: string }
  | { readonly type: "event"; readonly event: ClusterEvent }
  /** The publisher says that so many events are gone. */
  | { readonly type: "gap"; readonly missed: number }
  /** The reader could not keep this event. */
  | { readonly type: "refused"; readonly event: ClusterEvent }
  /** The connection failed or ended. `jitter` is a random number from 0 to 1. */
  | { readonly type: "lost"; readonly problem: string; readonly jitter: number };

export type SubscriptionAction =
  | { readonly type: "connect" }
  | { readonly type: "subscribe"; readonly cursor: Cursor }
  | { readonly type: "disconnect" }
  | { readonly type: "deliver"; readonly event: ClusterEvent }
  | { readonly type: "report-gap"; readonly missed: number }
  /** The publisher is another process than before: what the old one said last may be lost. */
  | { readonly type: "report-restart" }
  | { readonly type: "report-live" }
  /** Once per loss of a live connection, and for the first failure to connect. */
  | { readonly type: "report-lost"; readonly problem: string };

type Made = Step<Subscription, SubscriptionAction>;

/** A subscription that has not tried yet. */
export const subscription = (cursor: Cursor, now: Instant): Subscription => ({
  kind: "waiting",
  cursor,
  until: now,
  losses: 0,
});

export function subscriptionMachine(
  timing: SubscriptionTiming = SUBSCRIPTION_TIMING,
): Machine<Subscription, SubscriptionEvent, SubscriptionAction> {
  return {
    step(state, event, now) {
      switch (event.type) {
        case "tick":
          return tick(state, now, timing);
        case "connected":
          return {
            state,
            actions: state.kind === "connecting" ? [{ type: "subscribe", cursor: state.cursor }] : [],
          };
        case "answered":
          return answered(state, event.boot);
        case "event":
          return received(state, event.event);
        case "gap":
          return gap(state, event.missed);
        case "refused":
          return refused(state, event.event);
        case "lost":
          return lost(state, event, now, timing);
      }
    },
    nextDeadline: (state) =>
      state.kind === "waiting" || state.kind === "connecting" ? state.until : undefined,
  };
}

const nothing = (state: Subscription): Made => ({ state, actions: [] });

function tick(state: Subscription, now: Instant, timing: SubscriptionTiming): Made {
  if (state.kind === "waiting" && now >= state.until) {
    const until = plus(now, timing.answerWithin);
    return { state: { ...state, kind: "connecting", until }, actions: [{ type: "connect" }] };
  }
  if (state.kind === "connecting" && now >= state.until) {
    const { cursor, losses } = state;
    return { state: { kind: "closing", cursor, losses }, actions: [{ type: "disconnect" }] };
  }
  return nothing(state);
}

function answered(state: Subscription, boot: string): Made {
  if (state.kind !== "connecting") return nothing(state);
  const { cursor } = state;
  if (cursor.boot === boot) return { state: { kind: "live", cursor }, actions: [{ type: "report-live" }] };
  const actions: SubscriptionAction[] = [{ type: "report-live" }];
  if (cursor.boot !== "") actions.push({ type: "report-restart" });
  return { state: { kind: "live", cursor: { boot, sequence: 0 } }, actions };
}

function received(state: Subscription, event: ClusterEvent): Made {
  if (state.kind !== "live" || event.boot !== state.cursor.boot) return nothing(state);
  const expected = state.cursor.sequence + 1;
  if (event.sequence < expected) return nothing(state); // seen already
  const actions: SubscriptionAction[] = [];
  if (event.sequence > expected) actions.push({ type: "report-gap", missed: event.sequence - expected });
  actions.push({ type: "deliver", event });
  return { state: { kind: "live", cursor: { boot: event.boot, sequence: event.sequence } }, actions };
}

function gap(state: Subscription, missed: number): Made {
  if (state.kind !== "live" || !(missed > 0)) return nothing(state);
  const { boot, sequence } = state.cursor;
  return {
    state: { kind: "live", cursor: { boot, sequence: sequence + missed } },
    actions: [{ type: "report-gap", missed }],
  };
}

/** Steps back before the event and hangs up; the wait gives the disk time. Later events of this connection are void. */
function refused(state: Subscription, { boot, sequence }: ClusterEvent): Made {
  if (boot !== state.cursor.boot || sequence > state.cursor.sequence) return nothing(state);
  const cursor = { boot, sequence: sequence - 1 };
  if (state.kind !== "live") return nothing({ ...state, cursor });
  return { state: { kind: "closing", cursor, losses: 1 }, actions: [{ type: "disconnect" }] };
}

function lost(
  state: Subscription,
  { problem, jitter }: { readonly problem: string; readonly jitter: number },
  now: Instant,
  timing: SubscriptionTiming,
): Made {
  if (state.kind === "waiting") return nothing(state);
  const losses = state.kind === "live" ? 0 : state.losses;
  const wait = Math.min(timing.longestWait, timing.firstWait * 2 ** Math.min(losses, 20));
  const until = plus(now, milliseconds(wait * (0.8 + 0.4 * jitter)));
  return {
    state: { kind: "waiting", cursor: state.cursor, until, losses: losses + 1 },
    actions: losses === 0 ? [{ type: "report-lost", problem }] : [],
  };
}

/**
 * The contract of a core: `(state, event, now) -> (state, actions)`.
 *
 * A core never waits, never reads a clock and never touches the world. A slow thing is an action now and an event
 * later. When it wants to be called again without an event, it says so in `nextDeadline`.
 */
import type { Instant } from "./time.js";

/** Fed by the driver at or after `nextDeadline`; it may come late, so decide from `now`. */
export interface Tick {
  readonly type: "tick";
}

/** What follows from one event: the new state, and what the shell shall do, in this order. */
export interface Step<State, Action> {
  readonly state: State;
  readonly actions: readonly Action[];
}

export interface Machine<State, Event, Action> {
  step(state: State, event: Event | Tick, now: Instant): Step<State, Action>;
  /** When the machine wants a tick at the latest; undefined if only an event can change anything. */
  nextDeadline(state: State): Instant | undefined;
}

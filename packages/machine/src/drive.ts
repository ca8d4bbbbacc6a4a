/**
 * Runs one machine in real time: one event at a time, one armed timer, actions in order.
 *
 * An expired timer never judges by itself: it waits until everything that was readable has been read
 * (`Clock.afterPending`), and ticks only if the deadline still stands then. So a heartbeat that waited in the socket
 * during a stall of our own is heard before its sender is called dead.
 */
import type { Clock } from "./clock.js";
import type { Machine } from "./machine.js";
import type { Instant } from "./time.js";

export interface Driven<State, Event> {
  /** Feeds one event. From within an action it is queued, so that steps never nest. */
  feed(event: Event): void;
  state(): State;
  /** No more ticks; later events are ignored. */
  stop(): void;
}

/**
 * @param perform carries out one action; it must not throw (what the world does to us is a later event).
 */
export function drive<State, Event, Action>(
  machine: Machine<State, Event, Action>,
  initial: State,
  clock: Clock,
  perform: (action: Action) => void,
): Driven<State, Event> {
  let state = initial;
  let running = false;
  let stopped = false;
  let armedFor: Instant | undefined;
  let disarm: (() => void) | undefined;
  const queue: (Event | { readonly type: "tick" })[] = [];

  function drain(): void {
    if (running) return;
    running = true;
    try {
      for (let event = queue.shift(); event !== undefined && !stopped; event = queue.shift()) {
        const step = machine.step(state, event, clock.now());
        state = step.state;
        for (const action of step.actions) perform(action);
      }
    } finally {
      running = false;
    }
    arm();
  }

  function arm(): void {
    const deadline = stopped ? undefined : machine.nextDeadline(state);
    if (deadline === armedFor && disarm !== undefined) return;
    disarm?.();
    disarm = undefined;
    armedFor = deadline;
    if (deadline !== undefined) disarm = clock.at(deadline, expired);
  }

  function expired(): void {
    disarm = clock.afterPending(judge);
  }

  function judge(): void {
    disarm = undefined;
    armedFor = undefined;
    const deadline = machine.nextDeadline(state);
    if (deadline === undefined || deadline > clock.now()) arm();
    else {
      queue.push({ type: "tick" });
      drain();
    }
  }

  arm();
  return {
    feed(event) {
      if (stopped) return;
      queue.push(event);
      drain();
    },
    state: () => state,
    stop() {
      stopped = true;
      queue.length = 0;
      arm();
    },
  };
}

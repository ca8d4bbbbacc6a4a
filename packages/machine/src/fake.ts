/** A clock for tests and for the simulation: time passes only when told to, one turn of the event loop at a time. */
import type { Clock } from "./clock.js";
import { type Instant, instant, type Millis, milliseconds, plus } from "./time.js";

export interface FakeClock extends Clock {
  /**
   * Time passes and the loop turns: each timer runs at its moment, then what arrived, then what waited for that.
   * A turn that makes new work at the same moment is followed by another one.
   */
  advance(length: Millis): void;
  /** Time passes and nothing runs: the process was stopped, swapped out, collecting garbage. */
  stall(length: Millis): void;
  /** A datagram lies in a socket: read in the next turn, after expired timers, as libuv does it. */
  arrive(read: () => void): void;
  /** Timers that are armed. */
  readonly armed: number;
}

interface Timer {
  readonly when: Instant;
  readonly run: () => void;
}

/** More turns than this at one moment are an endless loop in what is tested. */
const TURNS_MAX = 10_000;

export function fakeClock(start: Instant = instant(0)): FakeClock {
  let now = start;
  const timers = new Set<Timer>();
  let arrivals: (() => void)[] = [];
  let waiting = new Set<() => void>();

  /** Of those that are due the first; of equals the one armed first. */
  function next(until: Instant): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.when <= until && (first === undefined || timer.when < first.when)) first = timer;
    }
    return first;
  }

  function turn(): void {
    for (const timer of [...timers].filter(({ when }) => when <= now).sort((a, b) => a.when - b.when)) {
      if (timers.delete(timer)) timer.run();
    }
    const read = arrivals;
    arrivals = [];
    for (const run of read) run();
    const after = waiting;
    waiting = new Set();
    for (const run of after) run();
  }

  function settle(): void {
    for (let turns = 0; arrivals.length > 0 || waiting.size > 0 || next(now) !== undefined; turns++) {
      if (turns >= TURNS_MAX) throw new Error(`the loop never rests at ${now} ms`);
      turn();
    }
  }

  return {
    now: () => now,
    at(when, run) {
      const timer = { when, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    afterPending(run) {
      const once = () => run(); // the same function may wait twice
      waiting.add(once);
      return () => void waiting.delete(once);
    },
    advance(length) {
      const end = plus(now, length);
      settle();
      for (let timer = next(end); timer !== undefined; timer = next(end)) {
        now = instant(Math.max(now, timer.when));
        settle();
      }
      now = end;
    },
    stall(length) {
      now = plus(now, milliseconds(length));
    },
    arrive: (read) => void arrivals.push(read),
    get armed() {
      return timers.size;
    },
  };
}

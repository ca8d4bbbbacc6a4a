/**
 * Time limits for those whom we only wait for: servers that are asked over a connection.
 *
 * All time counts, also that in which this process was stopped or starved: whoever said nothing in it was silent,
 * since all that has arrived is read before a limit is told (`Clock.afterPending`). Two things are no server's fault:
 *
 * - What it said was not heard while we were away. Time that we were away is given back when the first of it is heard.
 * - The rest of this machine may have been away, too. After a stall no limit is told for another 100 ms, once.
 *
 * So a silent server is found in time on a starved machine, and one that answers is not blamed for our pauses. Who must
 * work on this machine meanwhile, a script or a library, has an `AwakeTimer` instead.
 */
import { type Clock, type Instant, instant, type Millis, milliseconds, plus } from "@systole/machine";

export interface Limit {
  /** Something was heard of whom we wait for. */
  heard(): void;
  callOff(): void;
}

export interface Patience {
  /** Calls `run` once the limit is over. */
  after(limit: Millis, run: () => void): Limit;
}

const LOOK = milliseconds(50);
/** Longer from one look to the next is a stall. */
const STALL = milliseconds(100);
const BREATH = milliseconds(100);

export function createPatience(clock: Clock): Patience {
  /** By length: those of the same length end in the order in which they began. */
  const regular = new Map<Millis, Set<Waiting>>();
  /** Those who got more. */
  const extended = new Set<Waiting>();
  let looked: Instant | undefined;
  let stall: Stall = { length: milliseconds(0), number: 0 };

  class Waiting implements Limit {
    readonly began: Instant;
    readonly run: () => void;
    /** What is fair; it is told then, or at the end of a breath. */
    deadline: Instant;
    until: Instant;
    home: Set<Waiting>;
    /** Of the last stall that was given back. */
    forgiven = stall.number;
    breathed = false;

    constructor(limit: Millis, run: () => void, home: Set<Waiting>) {
      this.began = clock.now();
      this.run = run;
      this.deadline = plus(this.began, limit);
      this.until = this.deadline;
      this.home = home;
      home.add(this);
    }

    heard(): void {
      const now = clock.now();
      notice(now);
      if (this.forgiven === stall.number) return;
      this.forgiven = stall.number;
      this.deadline = plus(this.deadline, milliseconds(Math.min(stall.length, now - this.began)));
      this.extend(this.deadline);
    }

    extend(until: Instant): void {
      if (!this.home.delete(this)) return; // it is over
      this.until = instant(Math.max(this.until, until));
      this.home = extended;
      extended.add(this);
    }

    callOff(): void {
      this.home.delete(this);
    }
  }

  function notice(now: Instant): void {
    if (looked === undefined) return;
    const away = now - looked;
    looked = now;
    if (away <= STALL) return;
    stall = { length: milliseconds(away), number: stall.number + 1 };
    const breath = plus(now, BREATH);
    for (const waiting of dueBy(breath)) {
      if (!waiting.breathed) waiting.extend(breath);
      waiting.breathed = true;
    }
  }

  function dueBy(moment: Instant): Waiting[] {
    const due = [...extended].filter(({ until }) => until <= moment);
    for (const set of regular.values()) {
      for (const waiting of set) {
        if (waiting.until > moment) break;
        due.push(waiting);
      }
    }
    return due;
  }

  function look(): void {
    notice(clock.now());
    const over = dueBy(clock.now());
    if (over.length === 0) return arm();
    clock.afterPending(() => {
      for (const waiting of over) {
        // What was just read may have called it off, or given it more.
        if (waiting.until <= clock.now() && waiting.home.delete(waiting)) waiting.run();
      }
      notice(clock.now());
      arm();
    });
  }

  /** Sleeps while there is no limit. */
  function arm(): void {
    let next: Instant | undefined;
    const consider = ({ until }: Waiting) => {
      next = next === undefined || until < next ? until : next;
    };
    for (const [length, set] of regular) {
      const [first] = set;
      if (first === undefined) regular.delete(length);
      else consider(first);
    }
    for (const waiting of extended) consider(waiting);
    if (next === undefined) looked = undefined;
    else clock.at(instant(Math.min(next, clock.now() + LOOK)), look);
  }

  return {
    after(length, run) {
      const set = regular.get(length) ?? new Set();
      regular.set(length, set);
      const idle = looked === undefined;
      if (idle) looked = clock.now();
      const waiting = new Waiting(length, run, set);
      if (idle) arm();
      return waiting;
    },
  };
}

interface Stall {
  readonly length: Millis;
  readonly number: number;
}

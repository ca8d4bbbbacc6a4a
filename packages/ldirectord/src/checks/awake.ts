/**
 * Time limits that only count time in which this process could listen.
 *
 * When the process was stopped, starved or collecting garbage for two seconds, every check in flight would be over its
 * limit at once, and the servers that answered meanwhile would be called dead. So at most 100 ms count between two
 * looks at the clock, which are 50 ms apart; and a limit that is reached is told only after everything that had arrived
 * was read (`Clock.afterPending`): late timers lie.
 */
import { type Clock, type Instant, type Millis, milliseconds, plus } from "@systole/machine";

export interface AwakeTimer {
  /** Calls `run` once so much time has been spent awake. Answers how to call it off. */
  after(limit: Millis, run: () => void): () => void;
}

const LOOK = milliseconds(50);
const COUNTED_AT_MOST = milliseconds(100);

interface Limit {
  /** In time awake. */
  readonly until: number;
  readonly run: () => void;
}

export function createAwakeTimer(clock: Clock): AwakeTimer {
  /** By length: those of the same length end in the order in which they began. */
  const limits = new Map<Millis, Set<Limit>>();
  let awake = 0;
  let looked: Instant | undefined;

  function look(): void {
    count();
    const over: (() => void)[] = [];
    for (const [length, waiting] of limits) {
      for (const limit of waiting) {
        if (limit.until > awake) break;
        over.push(() => {
          if (waiting.delete(limit)) limit.run();
        });
      }
      if (waiting.size === 0) limits.delete(length);
    }
    if (over.length === 0) arm();
    else {
      clock.afterPending(() => {
        for (const run of over) run();
        count();
        arm();
      });
    }
  }

  function count(): void {
    const now = clock.now();
    if (looked !== undefined) awake += Math.min(now - looked, COUNTED_AT_MOST);
    looked = now;
  }

  /** Sleeps while there is no limit. */
  function arm(): void {
    let next: number | undefined;
    for (const waiting of limits.values()) {
      const [first] = waiting;
      if (first !== undefined) next = Math.min(next ?? LOOK, Math.max(0, first.until - awake));
    }
    if (next === undefined) looked = undefined;
    else clock.at(plus(looked ?? clock.now(), milliseconds(next)), look);
  }

  return {
    after(length, run) {
      const idle = looked === undefined;
      if (idle) looked = clock.now();
      const known = limits.get(length);
      const waiting = known ?? new Set();
      if (known === undefined) limits.set(length, waiting);
      // What passed since the last look is not counted yet, and is not this one's.
      const limit = { until: awake + Math.min(clock.now() - looked!, COUNTED_AT_MOST) + length, run };
      waiting.add(limit);
      if (idle) arm();
      return () => {
        waiting.delete(limit);
      };
    },
  };
}

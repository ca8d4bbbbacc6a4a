/** Time that moves only when a test says so. */
import { type Clock, type Instant, instant } from "@systole/machine";

export interface VirtualClock extends Clock {
  /** Runs everything that is due until then, in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
}

export function virtualClock(): VirtualClock {
  let now = instant(0);
  let order = 0;
  const due = new Map<number, { readonly when: Instant; readonly run: () => void }>();
  const next = () => [...due].toSorted(([a, x], [b, y]) => x.when - y.when || a - b)[0];
  return {
    now: () => now,
    at(when, run) {
      const key = order++;
      due.set(key, { when, run });
      return () => due.delete(key);
    },
    afterPending(run) {
      return this.at(now, run);
    },
    async advance(ms) {
      const until = instant(now + ms);
      await settled();
      for (let first = next(); first !== undefined && first[1].when <= until; first = next()) {
        due.delete(first[0]);
        now = instant(Math.max(now, first[1].when));
        first[1].run();
        await settled();
      }
      now = until;
    },
  };
}

/** Every promise that could be settled by now is. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

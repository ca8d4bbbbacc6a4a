/** A clock that a test moves. */
import type { FakeClock } from "../src/fake.js";

export function handClock(): FakeClock & { advance(ms: number): void } {
  let now = 0;
  const alarms = new Set<{ readonly when: number; readonly run: () => void }>();
  return {
    now: () => now,
    at(when, run) {
      const alarm = { when, run };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = [...alarms].filter(({ when }) => when <= end).sort((a, b) => a.when - b.when);
        if (next === undefined) break;
        alarms.delete(next);
        now = Math.max(now, next.when);
        next.run();
      }
      now = end;
    },
  };
}

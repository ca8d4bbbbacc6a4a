import type { Instant } from "@systole/machine";
import { expect, test } from "vitest";
import { rehearse } from "../src/shell/rehearsal.js";
import { virtualClock } from "./virtual-clock.js";

test("a takeover is played to its end, and no timer of it is left", async () => {
  const clock = virtualClock();
  const armed = new Set<Instant>();
  let timers = 0;
  const watched = {
    ...clock,
    at(when: Instant, run: () => void) {
      const callOff = clock.at(when, run);
      armed.add(when);
      timers++;
      return () => {
        armed.delete(when);
        callOff();
      };
    },
  };
  expect(await rehearse(watched)).toBeUndefined();
  expect([...armed]).toEqual([]);
  expect(timers).toBe(3); // the limits of a start and a stop, the next announcement
});

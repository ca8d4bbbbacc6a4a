/**
 * A clock whose timers go off on a grid: checks that are due within one step start together.
 *
 * At a thousand checks a second each would have its own turn of the event loop to start, to be connected and to hear
 * its answer; ten at once share the system calls of one.
 */
import { type Clock, instant, type Millis } from "@systole/machine";

export function coarseClock(clock: Clock, step: Millis): Clock {
  return {
    ...clock,
    at: (when, run) => clock.at(instant(Math.ceil(when / step) * step), run),
  };
}

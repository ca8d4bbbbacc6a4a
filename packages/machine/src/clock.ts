/** The only file that reads the monotonic clock and sets timers. */
import { type Instant, instant } from "./time.js";

export interface Clock {
  now(): Instant;
  /** Calls `run` once, at or after `when` (possibly late). Returns how to call it off. */
  at(when: Instant, run: () => void): () => void;
  /**
   * Calls `run` after every socket that was readable by now has been read. Returns how to call it off.
   *
   * libuv runs expired timers before it polls, so a deadline that expired during a stall must not judge before what
   * arrived in that stall was seen (docs/architecture.md, "Late timers lie").
   */
  afterPending(run: () => void): () => void;
}

/** Longest delay `setTimeout` takes; a later moment is reached in several naps. */
const LONGEST_NAP_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  const now = () => instant(performance.now());
  return {
    now,
    at(when, run) {
      let timer: NodeJS.Timeout;
      const nap = () => {
        const left = when - now();
        if (left <= 0) run();
        else timer = setTimeout(nap, Math.min(Math.ceil(left), LONGEST_NAP_MS));
      };
      timer = setTimeout(nap, Math.max(0, Math.min(Math.ceil(when - now()), LONGEST_NAP_MS)));
      return () => clearTimeout(timer);
    },
    afterPending(run) {
      // The first setImmediate runs in the check phase of this turn, the second after a whole poll phase.
      let immediate = setImmediate(() => {
        immediate = setImmediate(run);
      });
      return () => clearImmediate(immediate);
    },
  };
}

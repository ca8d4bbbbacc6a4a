/** Writes that must come true: tried again until the disk takes them, in order, with one complaint per outage. */
import type { Logger } from "@systole/daemon";
import { type Clock, plus, seconds } from "@systole/machine";
import * as lines from "../log-lines.js";

const PAUSE = seconds(5);

/**
 * Answers with a function that does its work at once or, after a failure, later and in order.
 *
 * What waits here is bounded by the letters in the spool: while the disk is full no new events are taken.
 */
export function persistently(clock: Clock, log: Logger): (what: string, work: () => void) => void {
  const waiting: { readonly what: string; readonly work: () => void }[] = [];
  let complained = false;

  function drain(): void {
    while (waiting.length > 0) {
      const { what, work } = waiting[0]!;
      try {
        work();
      } catch (error) {
        if (!complained) log.error({ event: "spool.failed", error }, lines.spoolFailed(what, error));
        complained = true;
        clock.at(plus(clock.now(), PAUSE), drain);
        return;
      }
      waiting.shift();
    }
    if (complained) log.info({ event: "spool.works" }, lines.spoolWorks());
    complained = false;
  }

  return (what, work) => {
    waiting.push({ what, work });
    if (waiting.length === 1) drain();
  };
}

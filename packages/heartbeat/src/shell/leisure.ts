/**
 * What others only read waits a moment: log lines, facts, news for clients. What moves a VIP comes first.
 *
 * In order, each as late as the first that waits. Whoever ends the process lets it run before.
 */
import { type Clock, milliseconds, plus } from "@systole/machine";

export interface Leisure {
  later(work: () => void): void;
  /** Now, what waits. */
  flush(): void;
}

/** A takeover of a VIP has told the neighbours by then, also on a busy machine. */
const PATIENCE = milliseconds(10);
/** More than one takeover has to tell; what comes beyond does not wait. */
const MOST_WAITING = 1000;

export function createLeisure(clock: Clock): Leisure {
  const waiting: (() => void)[] = [];
  let callOff: (() => void) | undefined;

  function flush(): void {
    callOff?.();
    callOff = undefined;
    for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) work();
  }

  return {
    later(work) {
      waiting.push(work);
      if (waiting.length > MOST_WAITING) flush();
      else callOff ??= clock.at(plus(clock.now(), PATIENCE), flush);
    },
    flush,
  };
}

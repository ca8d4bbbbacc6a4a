/** Stopping in order: the last that was started stops first, each step has a limit in time. */
import { type Clock, milliseconds, plus } from "@systole/machine";
import type { Logger } from "pino";

export interface StoppingParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly limitMs: number;
  /** Before the first step: the service manager is told, an event published. */
  readonly begin: (reason: string) => void;
  /** After the last step; ends the process. */
  readonly finish: (exitCode: number) => void;
}

export interface Stopping {
  add(run: (reason: string) => Promise<void>): void;
  /** Returns at once; a second call changes nothing. */
  stop(reason: string, exitCode: number): void;
  isStopping(): boolean;
}

export function createStopping({ clock, log, limitMs, begin, finish }: StoppingParts): Stopping {
  const steps: ((reason: string) => Promise<void>)[] = [];
  let stopping = false;

  /** Answers whether the step ended well and in time. */
  function limited(work: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const callOff = clock.at(plus(clock.now(), milliseconds(limitMs)), () => {
        log.error(
          { event: "daemon.stop-late", limitMs },
          `a step of stopping is not done after ${limitMs} ms`,
        );
        resolve(false);
      });
      work
        .then(
          () => true,
          (error: unknown) => {
            log.error({ event: "daemon.stop-failed", error }, "a step of stopping failed");
            return false;
          },
        )
        .then((orderly) => {
          callOff();
          resolve(orderly);
        }, resolve);
    });
  }

  async function inOrder(reason: string, exitCode: number): Promise<void> {
    begin(reason);
    let orderly = true;
    for (const run of steps.reverse()) orderly = (await limited(run(reason))) && orderly;
    finish(orderly ? exitCode : Math.max(1, exitCode));
  }

  return {
    add: (run) => void steps.push(run),
    stop(reason, exitCode) {
      if (stopping) return;
      stopping = true;
      void inOrder(reason, exitCode); // never rejects: each step's failure has been logged
    },
    isStopping: () => stopping,
  };
}

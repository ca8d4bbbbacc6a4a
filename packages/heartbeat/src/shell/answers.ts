/** Commands that wait for the core's answer. */
import { ControlError } from "@systole/daemon";
import { type Clock, plus, seconds } from "@systole/machine";
import type { RequestId } from "../core/event.js";

const LIMIT = seconds(30);

export interface Answers {
  /** Feeds a command with an id of its own. @throws ControlError `refused`, `time-limit`. Returns the reason. */
  ask(feed: (request: RequestId) => void): Promise<string>;
  answer(request: RequestId, accepted: boolean, reason: string): void;
}

export function createAnswers(clock: Clock): Answers {
  const waiting = new Map<RequestId, (accepted: boolean, reason: string) => void>();
  let last = 0;
  return {
    ask(feed) {
      const request = ++last;
      return new Promise((resolve, reject) => {
        const callOff = clock.at(plus(clock.now(), LIMIT), () => {
          waiting.delete(request);
          reject(new ControlError("time-limit", `no answer from the cluster within ${LIMIT / 1000} s`));
        });
        waiting.set(request, (accepted, reason) => {
          callOff();
          waiting.delete(request);
          if (accepted) resolve(reason);
          else reject(new ControlError("refused", reason));
        });
        feed(request);
      });
    },
    answer: (request, accepted, reason) => waiting.get(request)?.(accepted, reason),
  };
}

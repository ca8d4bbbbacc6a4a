/** Limits in time for what may never answer. */
import { type Clock, type Millis, plus } from "@systole/machine";
import { ResourceError } from "./resource.js";

/**
 * Runs a call that is told to end, and given up on, when its time is over or `cancel` says so.
 *
 * @throws ResourceError `time-limit`; the reason of `cancel`; or what the call itself throws.
 */
export async function withLimit<Value>(
  clock: Clock,
  limit: Millis,
  what: string,
  call: (signal: AbortSignal) => Promise<Value>,
  cancel?: AbortSignal,
): Promise<Value> {
  const controller = new AbortController();
  const { signal } = controller;
  const callOff = clock.at(plus(clock.now(), limit), () =>
    controller.abort(new ResourceError("time-limit", `${what}: no answer within ${limit / 1000} s`)),
  );
  const pass = () => controller.abort(cancel?.reason);
  cancel?.addEventListener("abort", pass, { once: true });
  try {
    return await new Promise<Value>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      call(signal).then(resolve, reject);
    });
  } finally {
    callOff();
    cancel?.removeEventListener("abort", pass);
  }
}

/** Resolves after so long. */
export function pause(clock: Clock, length: Millis): Promise<void> {
  return new Promise((resolve) => {
    clock.at(plus(clock.now(), length), resolve);
  });
}

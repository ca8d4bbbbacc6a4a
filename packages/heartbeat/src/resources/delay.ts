/**
 * The resource `Delay[::start[::stop]]`: waits so many seconds when the group comes and when it goes.
 *
 * Without arguments it waits as long as the original agent does. A stop that comes during the wait ends it.
 */
import { type Clock, type Millis, milliseconds, seconds } from "@systole/machine";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";
import { pause } from "./time-limit.js";

const DEFAULT_START = seconds(20);
const DEFAULT_STOP = seconds(30);
/** What a wait may take beyond its length. */
const GRACE_MS = 5000;

/** @throws ResourceError `bad-argument` if an argument is no number of seconds. */
export function delay(spec: ResourceSpec, { clock }: { readonly clock: Clock }): Resource {
  const wait = { start: lengthOf(spec, 0, DEFAULT_START), stop: lengthOf(spec, 1, DEFAULT_STOP) };
  const limit = (length: Millis) => milliseconds(length + GRACE_MS);
  let running = false;
  return {
    spec,
    limits: { status: seconds(1), start: limit(wait.start), stop: limit(wait.stop) },
    idempotent: false,
    status: async () => running,
    async start() {
      await pause(clock, wait.start);
      running = true;
      return [];
    },
    async stop() {
      if (running) await pause(clock, wait.stop);
      running = false;
    },
  };
}

function lengthOf({ text, args }: ResourceSpec, index: number, otherwise: Millis): Millis {
  const word = args[index];
  if (word === undefined || word === "") return otherwise;
  if (!/^\d{1,5}$/.test(word))
    throw new ResourceError("bad-argument", `${text}: "${word}" is not a number of seconds`);
  return seconds(Number(word));
}

/** How a resource asks another daemon: one verb on its control socket. */
import { ControlError, controlClient, controlPath } from "@systole/daemon";
import type { Clock, Millis } from "@systole/machine";

/**
 * @param daemon whose control socket: `ldirectord`, `ctsyncd`.
 * @throws ControlError the daemon's own, or `unreachable`, `time-limit`, `disconnected`.
 */
export type ControlCall = (
  daemon: string,
  verb: string,
  args: Readonly<Record<string, unknown>>,
  limit: Millis,
) => Promise<unknown>;

export const controlCall =
  (clock: Clock, pathOf: (daemon: string) => string = controlPath): ControlCall =>
  (daemon, verb, args, limit) =>
    controlClient(pathOf(daemon), { clock, limitMs: limit }).call(verb, args);

/** Is the daemon not there at all, as opposed to refusing? */
export const isAbsent = (error: unknown): boolean =>
  error instanceof ControlError && error.code === "unreachable";

/** `status` of ldirectord and ctsyncd says `active` while the resource is started. */
export const isActive = (status: unknown): boolean =>
  typeof status === "object" && status !== null && "active" in status && status.active === true;

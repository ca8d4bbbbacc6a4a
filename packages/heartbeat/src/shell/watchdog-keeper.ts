/**
 * The watchdog device: a machine that hangs as a whole, and then goes on, is reset before it can do harm.
 *
 * Fed with every status that left this node, so a heartbeat that no longer speaks no longer feeds. A device that cannot
 * be opened is told and done without, as the original did.
 */
import { type Millis, milliseconds } from "@systole/machine";
import { openWatchdog } from "@systole/sys";
import { problemOf } from "../resources/resource.js";

export interface WatchdogKeeper {
  feed(): void;
  /** The machine lives on. */
  disarm(): void;
}

/** A second before the others call this node dead; a device counts whole seconds. */
export const watchdogSeconds = (deadtime: Millis): number => Math.max(1, Math.floor(deadtime / 1000) - 1);

export function keepWatchdog(
  device: string | undefined,
  deadtime: Millis,
  tell: { info(line: string): void; error(line: string): void },
  open: typeof openWatchdog = openWatchdog,
): WatchdogKeeper {
  const none: WatchdogKeeper = { feed: () => {}, disarm: () => {} };
  if (device === undefined) return none;
  try {
    const watchdog = open(device, watchdogSeconds(deadtime));
    const { timeoutSeconds } = watchdog;
    tell.info(`${device} resets this machine ${timeoutSeconds} s after our last heartbeat`);
    if (milliseconds(timeoutSeconds * 1000) >= deadtime)
      tell.error(`${device} comes after ${timeoutSeconds} s, later than the deadtime of ${deadtime} ms`);
    return watchdog;
  } catch (error) {
    tell.error(`no watchdog: ${problemOf(error)}`);
    return none;
  }
}

/** `/dev/watchdog`: resets the machine unless it is fed. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { WDIOC_SETTIMEOUT } from "./constants.js";
import { checked } from "./errno.js";
import { native } from "./native.js";

export interface Watchdog {
  /** What the device took, in whole seconds; it may differ from what was asked. */
  readonly timeoutSeconds: number;
  feed(): void;
  /** The magic close: the machine lives on. Without it, closing lets the device fire. */
  disarm(): void;
}

/**
 * Arms the device: from now on it must be fed.
 * @throws Error of `node:fs` if it cannot be opened, SystemError if it refuses the timeout (it is disarmed again).
 */
export function openWatchdog(path: string, timeoutSeconds: number): Watchdog {
  const fd = openSync(path, constants.O_WRONLY);
  const disarm = () => {
    writeSync(fd, "V");
    closeSync(fd);
  };
  const argument = new Uint8Array(4);
  const view = new DataView(argument.buffer);
  view.setInt32(0, timeoutSeconds, true);
  const result = native().ioctl(fd, WDIOC_SETTIMEOUT, argument);
  if (result < 0) disarm();
  checked(`set timeout of ${path}`, result);
  return { timeoutSeconds: view.getInt32(0, true), feed: () => void writeSync(fd, "\0"), disarm };
}

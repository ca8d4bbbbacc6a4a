import type { Clock } from "@systole/machine";
import type { LogLevel } from "./log-target.js";
import type { PidStyle } from "./pidfile.js";
import type { SystemDoor } from "./system-door.js";

/** What `runDaemon` has to know before the daemon's own main runs. */
export interface DaemonOptions {
  readonly version: string;
  /** Exit code after a configuration error, as the original's; 1 unless told otherwise. */
  readonly exitCode?: number;
  readonly logLevel?: LogLevel;
  /** Written before `main` runs, removed after an orderly stop. */
  readonly pidfile?: { readonly path: string; readonly style?: PidStyle };
  /** Directory of the runtime directories; `SYSTOLE_RUN` or /run/systole unless told otherwise. */
  readonly runRoot?: string;
  /** False: its events need not wait for notifierd in the drop box. */
  readonly drops?: boolean;
  readonly nodeinfo?: string;
  /** Limit of each `onStop`; 10,000 unless told otherwise. */
  readonly stopLimitMs?: number;
  readonly clock?: Clock;
  readonly door?: SystemDoor;
}

/** What `runDaemon` hands to a daemon's main: everything of the process that is not its own subject. */
import type { ClusterEvent, EventLog } from "@systole/bus";
import type { Parsed, Source } from "@systole/config";
import type { Clock } from "@systole/machine";
import type { Logger } from "pino";

/** Who asks on the control socket: the credentials the kernel vouches for. */
export interface Caller {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** One verb of the control socket. What it returns must survive JSON. A thrown ControlError is the answer, too. */
export type Verb = (args: Readonly<Record<string, unknown>>, caller: Caller) => unknown | Promise<unknown>;

export interface DaemonContext {
  readonly name: string;
  /** The local node's name: nodeinfo or `uname -n`, lower case. */
  readonly node: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  /** Runtime directory, `/run/systole/<name>` unless told otherwise. */
  readonly runDirectory: string;
  /**
   * Reads and parses one file. Prints every diagnostic with its caret; on an error the process exits with
   * `exitCode` of the options when starting. For a reload use `reload`, which never exits.
   */
  load<Value>(
    path: string,
    parse: (source: Source) => Parsed<Value> | Promise<Parsed<Value>>,
  ): Promise<Value>;
  /** As `load`, but an error is logged, published as `config.refused`, and answered with undefined: keep what you have. */
  reload<Value>(
    path: string,
    parse: (source: Source) => Parsed<Value> | Promise<Parsed<Value>>,
  ): Promise<Value | undefined>;
  /** Verbs of the control socket beside the built-in `ping`, `subscribe`, `metrics` and `log-level`. */
  serve(verbs: Readonly<Record<string, { readonly changes: boolean; readonly run: Verb }>>): Promise<void>;
  /** SIGHUP, and the verb `reload`. */
  onReload(run: () => Promise<void>): void;
  /** SIGTERM and SIGINT; run in reverse order of registration, each with a limit in time. */
  onStop(run: (reason: string) => Promise<void>): void;
  /** The service manager is told; the watchdog is fed from now on, from the event loop. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** A promise nobody awaits: if it fails the daemon stops with exit code 1, loudly. */
  background(what: string, work: Promise<unknown>): void;
}

export type { ClusterEvent };

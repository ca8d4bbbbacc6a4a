/** What `runDaemon` hands to a daemon's main: everything of the process that is not its own subject. */
import type { EventLog } from "@systole/bus";
import type { Parsed, Source } from "@systole/config";
import type { Clock } from "@systole/machine";
import type { Logger } from "pino";
import type { ComplaintWords } from "./configuration.js";
import type { LogTarget } from "./log-target.js";
import type { Metrics } from "./metrics.js";

/** Who asks on the control socket: the credentials the kernel vouches for. */
export interface Caller {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** One verb of the control socket. What it returns must survive JSON. A thrown ControlError is the answer, too. */
export type Verb = (args: Readonly<Record<string, unknown>>, caller: Caller) => unknown | Promise<unknown>;

/** The verbs of a daemon by name; `changes` asks for root, the daemon's own user or the group haadmin. */
export type Verbs = Readonly<Record<string, { readonly changes: boolean; readonly run: Verb }>>;

export interface DaemonContext {
  readonly name: string;
  /** The local node's name: nodeinfo or `uname -n`, lower case. */
  readonly node: string;
  readonly version: string;
  /** Names this life of the process; the `boot` of its events. */
  readonly boot: string;
  readonly clock: Clock;
  /** Milliseconds since 1970: for people and stamps, never for decisions. */
  readonly wallClock: () => number;
  readonly log: Logger;
  /** Where the log goes from now on, as the configuration says; before that, stderr. */
  logTo(targets: readonly LogTarget[]): void;
  readonly events: EventLog;
  readonly metrics: Metrics;
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
  /**
   * As `load`, but an error is logged, published as `config.refused`, answered with undefined: keep what you have.
   * @param words for the log, where a daemon has its own
   */
  reload<Value>(
    path: string,
    parse: (source: Source) => Parsed<Value> | Promise<Parsed<Value>>,
    words?: ComplaintWords,
  ): Promise<Value | undefined>;
  /**
   * Opens the control socket with these verbs beside the built-in `ping`, `subscribe`, `metrics`, `log-level` and
   * (after `onReload`) `reload`. Once; later calls add verbs.
   */
  serve(verbs: Verbs): Promise<void>;
  /** SIGHUP, and the verb `reload`, which answers `config-refused` if a file was. */
  onReload(run: () => Promise<void>): void;
  /** SIGTERM and SIGINT; run in reverse order of registration, each with a limit in time. */
  onStop(run: (reason: string) => Promise<void>): void;
  /** Stops in order, as SIGTERM does; for a verb `stop` or a core that gives up. Returns at once. */
  stop(reason: string, exitCode?: number): void;
  /** The service manager is told; the watchdog is fed from now on, from the event loop. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** A promise nobody awaits: if it fails the daemon stops with exit code 1, loudly. */
  background(what: string, work: Promise<unknown>): void;
}

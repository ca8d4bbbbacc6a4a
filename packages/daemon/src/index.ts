export type { Logger } from "pino";
export { endOnBrokenPipe } from "./broken-pipe.js";
export {
  type CliDoor,
  type CliOption,
  type Command,
  type Invocation,
  type Output,
  type Program,
  runCli,
  runProgram,
  UsageError,
} from "./cli.js";
export type { Caller, DaemonContext, Verb, Verbs } from "./context.js";
export {
  type CallOptions,
  type ControlClient,
  controlClient,
  controlPath,
  runRoot,
} from "./control-client.js";
export { ControlError } from "./control-error.js";
export { type SubscriptionOptions, subscribe } from "./control-subscription.js";
export type { DaemonOptions } from "./daemon-options.js";
export { dropDirectory } from "./drop-file.js";
export { loadedFact } from "./loaded-fact.js";
export { escapeControl, SYSLOG_PRIORITY } from "./log-format.js";
export { LOG_LEVELS, type LogEntry, type LogFormat, type LogLevel, type LogTarget } from "./log-target.js";
export { type Counter, createMetrics, type Gauge, type Labels, type Metrics } from "./metrics.js";
export { isAlive, type PidStyle, readPidfile, removePidfile, writePidfile } from "./pidfile.js";
export { runDaemon } from "./run-daemon.js";
export { facilityNumber } from "./sinks/syslog.js";
export { StartFailure } from "./start-failure.js";
export { nodeName, type SystemDoor } from "./system-door.js";
export { table } from "./table.js";

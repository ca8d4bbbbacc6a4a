/**
 * The log of a daemon: pino, written synchronously, to stderr and to what the configuration names.
 *
 * pino builds the line (fixed fields, level, redaction), this file hands it to sinks. A sink that cannot write drops
 * the line and counts it: a full disk must not stop a cluster.
 */
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import { escapeControl } from "./log-format.js";
import { LOG_LEVELS, type LogEntry, type LogLevel, type LogTarget } from "./log-target.js";
import { openFileSink } from "./sinks/file.js";
import type { Sink } from "./sinks/sink.js";
import { openStderrSink, type StderrDoor } from "./sinks/stderr.js";
import { openSyslogSink, type SendDatagram } from "./sinks/syslog.js";

/** Never in a log, whatever object carries them. */
const SECRETS = ["password", "secret", "key", "pass"].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

const OWN_FIELDS = new Set(["level", "time", "pid", "hostname", "name", "msg"]);

export interface LogParts {
  readonly name: string;
  readonly pid: number;
  readonly level: LogLevel;
  readonly stderr: StderrDoor;
  readonly sendDatagram: SendDatagram;
}

export interface DaemonLog {
  readonly log: Logger;
  setTargets(targets: readonly LogTarget[]): void;
  /** SIGHUP: files may have been moved away. */
  reopen(): void;
  close(): void;
  /** Lines that no sink took since the start. */
  dropped(): number;
}

const LEVEL_BY_NUMBER: ReadonlyMap<number, LogLevel> = new Map([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);

/** Reads back the line pino made; its JSON is ours, so a shape that does not fit is our own mistake. */
function entryOf(line: string, name: string, pid: number): LogEntry {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== "object" || parsed === null) throw new TypeError("pino wrote no object");
  const fields = Object.entries(parsed);
  const found = new Map<string, unknown>(fields);
  const message = found.get("msg");
  return {
    atMs: Number(found.get("time")),
    level: LEVEL_BY_NUMBER.get(Number(found.get("level"))) ?? "info",
    name,
    pid,
    message: escapeControl(typeof message === "string" ? message : ""),
    fields: Object.fromEntries(fields.filter(([field]) => !OWN_FIELDS.has(field))),
  };
}

/** As loud as the most talkative target wants. */
const rank = (level: LogLevel): number => LOG_LEVELS.indexOf(level);

export function createLog(parts: LogParts): DaemonLog {
  const { name, pid, stderr, sendDatagram } = parts;
  let lost = 0;
  const drop = () => {
    lost += 1;
  };
  const open = (target: LogTarget): Sink => {
    switch (target.kind) {
      case "stderr":
        return openStderrSink(stderr, drop);
      case "file":
        return openFileSink(target.path, target.format, drop);
      case "syslog":
        return openSyslogSink({ ...target, send: sendDatagram, drop });
    }
  };
  let sinks: { readonly sink: Sink; readonly level: LogLevel | undefined }[] = [
    { sink: openStderrSink(stderr, drop), level: undefined },
  ];
  const destination: DestinationStream = {
    write(line) {
      const entry = entryOf(line, name, pid);
      for (const { sink, level } of sinks) {
        if (level === undefined || rank(entry.level) >= rank(level)) sink.write(entry);
      }
    },
  };
  const options: LoggerOptions = {
    name,
    level: parts.level,
    base: { name },
    redact: { paths: SECRETS, censor: "[secret]" },
    serializers: { error: pino.stdSerializers.err },
  };
  return {
    log: pino(options, destination),
    setTargets(targets) {
      const before = sinks;
      sinks = targets.map((target) => ({ sink: open(target), level: target.level }));
      for (const { sink } of before) sink.close();
    },
    reopen() {
      for (const { sink } of sinks) sink.reopen();
    },
    close() {
      for (const { sink } of sinks) sink.close();
    },
    dropped: () => lost,
  };
}

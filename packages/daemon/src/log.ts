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
import { openJournalSink } from "./sinks/journal.js";
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

const rank = (level: LogLevel): number => LOG_LEVELS.indexOf(level);

/** A target at work. */
interface Output {
  readonly sink: Sink;
  readonly takes: (level: LogLevel) => boolean;
}

const takenBy =
  ({ level: least }: LogTarget) =>
  (level: LogLevel): boolean =>
    least === undefined || rank(level) >= rank(least);

/** Where stderr and /dev/log are the same journal, an entry for both goes there once, with facility and fields. */
function openOutputs(
  targets: readonly LogTarget[],
  { stderr, sendDatagram: send }: LogParts,
  drop: () => void,
): readonly Output[] {
  const onStderr = openStderrSink(stderr, drop);
  const isOneJournal = stderr.journal && stderr.journalTakesSyslog === true;
  const syslogs = isOneJournal ? targets.filter(({ kind }) => kind === "syslog") : [];
  const output = (target: LogTarget): Output => {
    const takes = takenBy(target);
    switch (target.kind) {
      case "stderr":
        return {
          sink: onStderr,
          takes: (level) => takes(level) && !syslogs.some((other) => takenBy(other)(level)),
        };
      case "file":
        return { sink: openFileSink(target.path, target.format, drop), takes };
      case "syslog": {
        const sink = isOneJournal
          ? openJournalSink({ ...target, send, drop: (entry) => onStderr.write(entry) })
          : openSyslogSink({ ...target, send, drop });
        return { sink, takes };
      }
    }
  };
  return targets.map(output);
}

export function createLog(parts: LogParts): DaemonLog {
  const { name, pid } = parts;
  let lost = 0;
  const drop = () => {
    lost += 1;
  };
  let outputs = openOutputs([{ kind: "stderr" }], parts, drop);
  const destination: DestinationStream = {
    write(line) {
      const entry = entryOf(line, name, pid);
      for (const { sink, takes } of outputs) {
        if (takes(entry.level)) sink.write(entry);
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
      const before = outputs;
      outputs = openOutputs(targets, parts, drop);
      for (const { sink } of before) sink.close();
    },
    reopen() {
      for (const { sink } of outputs) sink.reopen();
    },
    close() {
      for (const { sink } of outputs) sink.close();
    },
    dropped: () => lost,
  };
}

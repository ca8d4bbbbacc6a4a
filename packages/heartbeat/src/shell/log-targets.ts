/** Where heartbeat's log goes, as ha.cf says, in the form that scripts have read for twenty years. */
import type { LogEntry, LogFormat, LogLevel, LogTarget } from "@systole/daemon";
import type { HaCf } from "../config/ha-cf.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const PRIORITY: Readonly<Record<LogLevel, string>> = {
  fatal: "CRIT",
  error: "ERROR",
  warn: "WARN",
  info: "info",
  debug: "debug",
  trace: "debug",
};

/** `Nov 20 09:38:47 hbn1 heartbeat: [21]: info: Link hbn2:eth1 up.` */
export const haLogFormat =
  (node: string): LogFormat =>
  ({ atMs, name, pid, level, message }: LogEntry) =>
    `${stamp(new Date(atMs))} ${node} ${name}: [${pid}]: ${PRIORITY[level]}: ${message}`;

/** With `syslogmsgfmt false`: `heartbeat[21]: 2026/11/20_09:38:47 info: Link hbn2:eth1 up.` */
export const olderFormat: LogFormat = ({ atMs, name, pid, level, message }: LogEntry) =>
  `${name}[${pid}]: ${olderStamp(new Date(atMs))} ${PRIORITY[level]}: ${message}`;

const two = (value: number) => String(value).padStart(2, "0");

const clockTime = (at: Date) => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

const olderStamp = (at: Date) =>
  `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())}_${clockTime(at)}`;

function stamp(at: Date): string {
  const day = String(at.getDate()).padStart(2, " ");
  return `${MONTHS[at.getMonth()]} ${day} ${clockTime(at)}`;
}

/** @param detached nobody reads stderr: without any directive the log goes to syslog. */
export function logTargets(
  { logFile, debugFile, logFacility, syslogFormat, debug }: HaCf,
  { node, detached, moreDebug }: { node: string; detached: boolean; moreDebug: number },
): { readonly targets: readonly LogTarget[]; readonly level: LogLevel } {
  const format = syslogFormat ? haLogFormat(node) : olderFormat;
  const wanted: LogLevel = debug + moreDebug > 0 ? "debug" : "info";
  const targets: LogTarget[] = [];
  if (!detached) targets.push({ kind: "stderr", level: wanted });
  if (logFile !== undefined) targets.push({ kind: "file", path: logFile, level: "info", format });
  if (debugFile !== undefined) targets.push({ kind: "file", path: debugFile, level: "debug", format });
  const facility = logFacility ?? (detached && targets.length === 0 ? "daemon" : undefined);
  if (facility !== undefined && facility !== "none") {
    targets.push({ kind: "syslog", facility, ident: "heartbeat", level: wanted });
  }
  return { targets, level: debugFile === undefined ? wanted : "debug" };
}

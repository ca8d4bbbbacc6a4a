/** Where the log goes, as LogFile and Syslog say; the file in conntrackd's form. */
import type { LogEntry, LogFormat, LogLevel, LogTarget } from "@systole/daemon";
import type { Configuration } from "../config/configuration.js";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const LEVELS: Readonly<Record<LogLevel, string>> = {
  fatal: "ERROR",
  error: "ERROR",
  warn: "warning",
  info: "notice",
  debug: "info",
  trace: "info",
};

/** `[Fri Nov 20 10:24:24 2026] (pid=31400) [notice] text` */
export const conntrackdFormat: LogFormat = ({ atMs, pid, level, message }: LogEntry) =>
  `[${stamp(new Date(atMs))}] (pid=${pid}) [${LEVELS[level]}] ${message}`;

function stamp(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const day = String(at.getDate()).padStart(2, " ");
  return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${day} ${time} ${at.getFullYear()}`;
}

/** @param detached nobody reads stderr: without any directive the log goes to syslog. */
export function logTargets(
  { logFile, syslogFacility }: Pick<Configuration, "logFile" | "syslogFacility">,
  detached: boolean,
): LogTarget[] {
  const targets: LogTarget[] = [];
  if (!detached) targets.push({ kind: "stderr" });
  if (logFile !== undefined) targets.push({ kind: "file", path: logFile, format: conntrackdFormat });
  const facility = syslogFacility ?? (targets.length === 0 ? "daemon" : undefined);
  if (facility !== undefined) targets.push({ kind: "syslog", facility, ident: "ctsyncd" });
  return targets;
}

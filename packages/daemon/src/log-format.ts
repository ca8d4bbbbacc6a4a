/** How a log entry looks as one line. */
import type { LogEntry, LogLevel } from "./log-target.js";

/** The kernel's and syslog's priorities, `syslog(3)`. */
export const SYSLOG_PRIORITY: Readonly<Record<LogLevel, number>> = {
  trace: 7,
  debug: 7,
  info: 6,
  warn: 4,
  error: 3,
  fatal: 2,
};

/** Control characters as `\x0a`: what a peer or a page said can never become a line of its own. */
export const escapeControl = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    const code = character.codePointAt(0)!;
    return code > 0xff ? `\\u${code.toString(16)}` : `\\x${code.toString(16).padStart(2, "0")}`;
  });

/** Longest value of a field in a line for people; the rest is cut. */
const VALUE_LIMIT = 400;

function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
  const cut = text.length > VALUE_LIMIT ? `${text.slice(0, VALUE_LIMIT)}...` : text;
  return /[\s,()]/.test(cut) && typeof value === "string" ? JSON.stringify(cut) : escapeControl(cut);
}

/** The stack of an error that was logged, the one field that is worth lines of its own. */
function stackOf(fields: LogEntry["fields"]): string | undefined {
  const error = fields.error ?? fields.err;
  if (typeof error !== "object" || error === null || !("stack" in error)) return undefined;
  return typeof error.stack === "string" ? error.stack : undefined;
}

/** `text (peer=lb1, silenceMs=5000)`; the field `event` is for programs and left out. */
export function messageWithFields({ message, fields }: LogEntry): string {
  const pairs = Object.entries(fields)
    .filter(([name]) => name !== "event" && name !== "error" && name !== "err")
    .map(([name, value]) => `${name}=${valueText(value)}`);
  const stack = stackOf(fields);
  const text = pairs.length === 0 ? message : `${message} (${pairs.join(", ")})`;
  return stack === undefined ? text : `${text}: ${escapeControl(stack.replaceAll(/\n\s*/g, " | "))}`;
}

/** For terminals and plain files: UTC with milliseconds, level, text. */
export function plainLine(entry: LogEntry): string {
  const stamp = new Date(entry.atMs).toISOString().replace("T", " ").slice(0, 23);
  return `${stamp}Z ${entry.level.padEnd(5)} ${entry.name}[${entry.pid}]: ${messageWithFields(entry)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Nov 20 12:00:01` in local time, as syslog(3) writes it. */
export function syslogStamp(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(at.getDate()).padStart(2);
  return `${MONTHS[at.getMonth()]!} ${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

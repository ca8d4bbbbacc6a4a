/** The mail directives, which stand globally and in sections. */
import { valueSpan } from "./complaints.js";
import { type Reading, readText } from "./values.js";

export const ALERT_STATES = ["starting", "running", "stopping", "reloading"] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
}

export function readEmailAlert(reading: Reading): string | undefined {
  const text = readText(reading);
  if (text === undefined) return undefined;
  warnAboutHash(reading, text);
  return /^"(.*)"$/.exec(text)?.[1] ?? text;
}

/** The words by commas; blanks around commas are allowed, behind the last word they are not. */
export function readAlertStatus({
  statement,
  value,
  complaints,
}: Reading): readonly AlertState[] | undefined {
  const span = valueSpan(statement);
  if (value === "") {
    complaints.warn(span, "no-alerts", "emailalertstatus: empty, so no mail is ever sent", "write none");
    return [];
  }
  const found = new Set<AlertState>();
  const words = value.split(/\s*,\s*/);
  for (const word of words) {
    const state = ALERT_STATES.find((candidate) => candidate === word);
    if (state !== undefined) found.add(state);
    else if (word === "all") for (const each of ALERT_STATES) found.add(each);
    else if (word !== "none") {
      return complaints.error(
        span,
        "bad-word",
        `emailalertstatus: "${word}" is none of all, none, ${ALERT_STATES.join(", ")}`,
      );
    }
  }
  if (words.includes("none") && words.length > 1) {
    return complaints.error(span, "contradiction", "emailalertstatus: none goes with nothing else");
  }
  return ALERT_STATES.filter((state) => found.has(state));
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`. */
export function readSmtp({ statement, value, complaints }: Reading): SmtpServer | undefined {
  const text = value.trim().replace(/^"(.*)"$/, "$1");
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._+-]+))(?::(\d{1,5}))?(.*)$/.exec(text);
  const port = parts?.[3] === undefined ? 25 : Number(parts[3]);
  if (parts === null || port < 1 || port > 65535) {
    return complaints.error(
      valueSpan(statement),
      "bad-address",
      `smtp: "${text}" is not a mail server`,
      "write a name or an address",
    );
  }
  if (parts[4] !== "")
    complaints.warn(valueSpan(statement), "ignored-rest", `smtp: "${parts[4]}" is ignored`);
  return { host: parts[1] ?? parts[2]!, port };
}

/** Digits at the beginning; 0 for no reminders. */
export function readAlertFrequency({ statement, value, complaints }: Reading): number | undefined {
  const digits = /^\d+/.exec(value)?.[0];
  if (digits === undefined) {
    return complaints.error(
      valueSpan(statement),
      "bad-number",
      `emailalertfreq: "${value.trim()}" is not a number of seconds`,
    );
  }
  return Number(digits);
}

/** A `#` in a global value is part of it, which few people mean. */
export function warnAboutHash({ statement, complaints }: Reading, text: string): void {
  if (!statement.indented && /\s#/.test(text)) {
    complaints.warn(
      valueSpan(statement),
      "hash-in-value",
      `${statement.name}: the # is part of the value, not a comment`,
    );
  }
}

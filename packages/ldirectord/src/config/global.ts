/** Directives that stand in column 1: a table from name to reader. A later one replaces an earlier one. */
import { suggest } from "@systole/config";
import { valueSpan } from "./complaints.js";
import {
  type AlertState,
  readAlertFrequency,
  readAlertStatus,
  readEmailAlert,
  readSmtp,
  type SmtpServer,
  warnAboutHash,
} from "./mail.js";
import { type FallbackLine, readFallback } from "./real.js";
import { SSL_DIRECTIVES, type SslSettings } from "./ssl.js";
import type { Statement } from "./statement.js";
import type { Surroundings } from "./surroundings.js";
import { type Reading, readNumber, readQuoted, readText, readYesNo } from "./values.js";

/** A fallback as it was written, with its place for later complaints. */
export interface WrittenFallback extends FallbackLine {
  readonly statement: Statement;
}

export interface GlobalSettings {
  /** Seconds. */
  checkTimeout: number | undefined;
  negotiateTimeout: number | undefined;
  checkInterval: number;
  checkCount: number;
  failureCount: number;
  successCount: number;
  autoReload: boolean;
  callback: string | undefined;
  fallback: WrittenFallback | undefined;
  fallback6: WrittenFallback | undefined;
  fallbackCommand: string | undefined;
  /** A path, or the name of a syslog facility. */
  logFile: string;
  emailAlert: string | undefined;
  emailAlertFrom: string | undefined;
  emailAlertFrequency: number;
  emailAlertStatus: readonly AlertState[];
  smtp: SmtpServer | undefined;
  execute: readonly string[];
  supervised: boolean;
  fork: boolean;
  quiescent: boolean;
  readdQuiescent: boolean;
  cleanStop: boolean;
  maintenanceDirectory: string | undefined;
  /** Ours: seconds between looks at the table, undefined for none. */
  reconcile: { readonly seconds: number | undefined; readonly strict: boolean };
  /** Ours: whether checks of http follow redirects. */
  httpRedirects: boolean;
  /** Ours. */
  readonly ssl: SslSettings;
}

export const defaultGlobals = (): GlobalSettings => ({
  checkTimeout: undefined,
  negotiateTimeout: undefined,
  checkInterval: 10,
  checkCount: 1,
  failureCount: 1,
  successCount: 1,
  autoReload: false,
  callback: undefined,
  fallback: undefined,
  fallback6: undefined,
  fallbackCommand: undefined,
  logFile: "/var/log/ldirectord.log",
  emailAlert: undefined,
  emailAlertFrom: undefined,
  emailAlertFrequency: 0,
  emailAlertStatus: ["starting", "running", "stopping", "reloading"],
  smtp: undefined,
  execute: [],
  supervised: false,
  fork: false,
  quiescent: false,
  readdQuiescent: false,
  cleanStop: true,
  maintenanceDirectory: undefined,
  reconcile: { seconds: 30, strict: false },
  httpRedirects: true,
  ssl: {},
});

type Reader = (reading: Reading, settings: GlobalSettings, surroundings: Surroundings) => void;

/** Keeps what was there when the new value is nonsense. */
function set<Key extends keyof GlobalSettings>(
  key: Key,
  read: (reading: Reading) => GlobalSettings[Key] | undefined,
): Reader {
  return (reading, settings) => {
    const value = read(reading);
    if (value !== undefined) settings[key] = value;
  };
}

const retired: Reader = ({ statement, complaints }) =>
  complaints.error(
    statement,
    "retired",
    `${statement.name} is no more`,
    "use checktimeout and negotiatetimeout",
  );

export const GLOBAL_DIRECTIVES: Readonly<Record<string, Reader>> = {
  checktimeout: set("checkTimeout", readNumber),
  negotiatetimeout: set("negotiateTimeout", readNumber),
  checkinterval: set("checkInterval", readNumber),
  checkcount: set("checkCount", readCheckCount),
  failurecount: set("failureCount", readNumber),
  successcount: set("successCount", readNumber),
  connecttimeout: retired,
  timeout: retired,
  autoreload: set("autoReload", readYesNo),
  callback: set("callback", (reading) => readQuoted(reading, true)),
  fallback: set("fallback", readWrittenFallback),
  fallback6: set("fallback6", readWrittenFallback),
  fallbackcommand: set("fallbackCommand", readText),
  logfile: readLogFile,
  emailalert: set("emailAlert", readEmailAlert),
  emailalertfrom: set("emailAlertFrom", (reading) => {
    const text = readText(reading);
    if (text !== undefined) warnAboutHash(reading, text);
    return text;
  }),
  emailalertfreq: set("emailAlertFrequency", readAlertFrequency),
  emailalertstatus: set("emailAlertStatus", readAlertStatus),
  smtp: set("smtp", readSmtp),
  execute(reading, settings) {
    const name = readText(reading);
    if (name !== undefined) settings.execute = [...settings.execute, name];
  },
  supervised: set("supervised", readYesNo),
  fork: set("fork", readYesNo),
  quiescent: set("quiescent", readYesNo),
  readdquiescent: set("readdQuiescent", readYesNo),
  cleanstop: set("cleanStop", readYesNo),
  maintenancedir: readMaintenanceDirectory,
  reconcile: set("reconcile", readReconcile),
  httpredirects: set("httpRedirects", readYesNo),
  ...SSL_DIRECTIVES,
};

/** Reads one global statement into `settings`. `elsewhere`: names that are known inside of a virtual section. */
export function readGlobal(
  statement: Statement,
  settings: GlobalSettings,
  complaints: Reading["complaints"],
  surroundings: Surroundings,
  elsewhere: ReadonlySet<string>,
): void {
  const { name, value, indented } = statement;
  if (value === undefined && name === "supervised" && !indented) {
    complaints.warn(
      statement,
      "bare-supervised",
      "supervised without a value is read as yes",
      "write supervised=yes",
    );
    settings.supervised = true;
    return;
  }
  const reader = Object.hasOwn(GLOBAL_DIRECTIVES, name) ? GLOBAL_DIRECTIVES[name] : undefined;
  if (reader !== undefined && value !== undefined && !indented)
    reader({ statement, value, complaints }, settings, surroundings);
  else
    complaints.error(
      statement,
      "unknown-directive",
      `unknown directive "${name}"`,
      hintFor(statement, elsewhere),
    );
}

function hintFor({ name, value, indented }: Statement, elsewhere: ReadonlySet<string>): string | undefined {
  if (indented) return "an indented line belongs to a virtual section, indented by 4 blanks or a tab";
  if (value === undefined) return "write NAME = VALUE";
  if (elsewhere.has(name)) return `${name} belongs into a virtual section, indented by 4 blanks or a tab`;
  const near = suggest(name, [...Object.keys(GLOBAL_DIRECTIVES), "virtual", "virtual6"]);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

export function readCheckCount(reading: Reading): number | undefined {
  const { statement, complaints } = reading;
  complaints.warn(statement, "deprecated", "checkcount is deprecated", "see failurecount");
  return readNumber(reading);
}

export function readWrittenFallback({ statement, value, complaints }: Reading): WrittenFallback | undefined {
  const line = readFallback(value);
  const span = valueSpan(statement);
  if (typeof line === "string") return complaints.error(span, "bad-fallback", `${statement.name}: ${line}`);
  if (line.host === undefined) {
    complaints.warn(
      span,
      "empty",
      `${statement.name}: empty, so it is this machine itself`,
      "write an address",
    );
  }
  return { ...line, statement };
}

function readLogFile(reading: Reading, settings: GlobalSettings, surroundings: Surroundings): void {
  const path = readQuoted(reading);
  if (path === undefined) return;
  const problem = path.startsWith("/") ? surroundings.unwritable(path) : undefined;
  if (problem === undefined) settings.logFile = path;
  else reading.complaints.error(valueSpan(reading.statement), "unwritable", `logfile: ${path}: ${problem}`);
}

function readMaintenanceDirectory(
  reading: Reading,
  settings: GlobalSettings,
  surroundings: Surroundings,
): void {
  const path = readText(reading);
  if (path === undefined) return;
  settings.maintenanceDirectory = path;
  if (!surroundings.isDirectory(path)) {
    reading.complaints.warn(
      valueSpan(reading.statement),
      "no-directory",
      `maintenancedir: ${path} does not exist`,
    );
  }
}

/** `30`, `no`, `strict`, `30 strict`. */
function readReconcile({ statement, value, complaints }: Reading): GlobalSettings["reconcile"] | undefined {
  const parts = /^(no|\d+)?(?:\s*(strict))?\s*$/.exec(value);
  const seconds = parts?.[1] === undefined ? 30 : Number(parts[1]);
  if (parts === null || value.trim() === "" || seconds === 0) {
    return complaints.error(
      valueSpan(statement),
      "bad-word",
      `reconcile: "${value.trim()}" is not SECONDS, no or strict`,
    );
  }
  return { seconds: parts[1] === "no" ? undefined : seconds, strict: parts[2] !== undefined };
}

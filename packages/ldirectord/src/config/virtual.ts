/** Directives of a virtual section: a table from name to reader. A later one replaces an earlier one, but for real. */
import { suggest } from "@systole/config";
import { type Family, parseIpv4 } from "@systole/wire";
import { patternProblem } from "../checks/perl-pattern.js";
import { valueSpan } from "./complaints.js";
import { readEngine, readTunnel, type Tunnel } from "./data-plane.js";
import { readCheckCount, readWrittenFallback, type WrittenFallback } from "./global.js";
import {
  type AlertState,
  readAlertFrequency,
  readAlertStatus,
  readEmailAlert,
  readSmtp,
  type SmtpServer,
} from "./mail.js";
import { type RealLine, readReal } from "./real.js";
import { SERVICES, type ServiceName } from "./services.js";
import { SSL_DIRECTIVES, type SslSettings } from "./ssl.js";
import type { Statement } from "./statement.js";
import type { Surroundings } from "./surroundings.js";
import {
  type Reading,
  readMaybeQuoted,
  readNumber,
  readQuoted,
  readText,
  readWord,
  readYesNo,
} from "./values.js";

export interface WrittenReal extends RealLine {
  readonly statement: Statement;
}

export type CheckType =
  | { readonly kind: "negotiate" | "connect" | "ping" | "external" | "external-perl" | "on" | "off" }
  | { readonly kind: "combined"; readonly connects: number };

/** One virtual section as written; undefined where nothing was said. */
export interface SectionSettings {
  readonly family: Family;
  reals: readonly WrittenReal[];
  checkType: CheckType;
  service: ServiceName | undefined;
  checkPort: number | undefined;
  checkCommand: string;
  checkTimeout: number | undefined;
  negotiateTimeout: number | undefined;
  checkInterval: number | undefined;
  checkCount: number | undefined;
  failureCount: number | undefined;
  successCount: number | undefined;
  /** Without the leading `/` that http gets. */
  request: string | undefined;
  receive: string | undefined;
  httpMethod: "GET" | "HEAD";
  virtualHost: string | undefined;
  login: string | undefined;
  password: string | undefined;
  database: string | undefined;
  secret: string | undefined;
  scheduler: string;
  persistent: number | undefined;
  /** Prefix length. */
  netmask: number | undefined;
  schedulerFlags: readonly string[];
  protocol: "tcp" | "udp" | "fwm" | undefined;
  onePacket: boolean;
  quiescent: boolean | undefined;
  cleanStop: boolean | undefined;
  fallback: WrittenFallback | undefined;
  fallbackCommand: string | undefined;
  emailAlert: string | undefined;
  emailAlertFrequency: number | undefined;
  emailAlertStatus: readonly AlertState[] | undefined;
  smtp: SmtpServer | undefined;
  monitorFile: string | undefined;
  serviceName: string | undefined;
  comment: string | undefined;
  httpRedirects: boolean | undefined;
  readonly ssl: SslSettings;
  /** Ours: how packets for real servers of `ipip` are wrapped. */
  tunnel: Tunnel | undefined;
  /** Ours. */
  persistenceEngine: string | undefined;
  /** Places of directives that only make sense together with others. */
  readonly at: Map<string, Statement>;
}

export const defaultSection = (family: Family): SectionSettings => ({
  family,
  reals: [],
  checkType: { kind: "negotiate" },
  service: undefined,
  checkPort: undefined,
  checkCommand: "/bin/true",
  checkTimeout: undefined,
  negotiateTimeout: undefined,
  checkInterval: undefined,
  checkCount: undefined,
  failureCount: undefined,
  successCount: undefined,
  request: undefined,
  receive: undefined,
  httpMethod: "GET",
  virtualHost: undefined,
  login: undefined,
  password: undefined,
  database: undefined,
  secret: undefined,
  scheduler: "wrr",
  persistent: undefined,
  netmask: undefined,
  schedulerFlags: [],
  protocol: undefined,
  onePacket: false,
  quiescent: undefined,
  cleanStop: undefined,
  fallback: undefined,
  fallbackCommand: undefined,
  emailAlert: undefined,
  emailAlertFrequency: undefined,
  emailAlertStatus: undefined,
  smtp: undefined,
  monitorFile: undefined,
  serviceName: undefined,
  comment: undefined,
  httpRedirects: undefined,
  ssl: {},
  tunnel: undefined,
  persistenceEngine: undefined,
  at: new Map(),
});

type Reader = (reading: Reading, section: SectionSettings, surroundings: Surroundings) => void;

function set<Key extends keyof SectionSettings>(
  key: Key,
  read: (reading: Reading) => SectionSettings[Key] | undefined,
): Reader {
  return (reading, section) => {
    const value = read(reading);
    if (value !== undefined) section[key] = value;
  };
}

const DIRECTIVES: Readonly<Record<string, Reader>> = {
  real: (reading, section) => addReal(reading, section, "inet"),
  real6: (reading, section) => addReal(reading, section, "inet6"),
  checktype: set("checkType", readCheckType),
  service: set("service", (reading) => readWord(reading, SERVICES)),
  checkport: set("checkPort", readPort),
  checkcommand: set("checkCommand", readMaybeQuoted),
  checktimeout: set("checkTimeout", readNumber),
  negotiatetimeout: set("negotiateTimeout", readNumber),
  checkinterval: set("checkInterval", readNumber),
  checkcount: set("checkCount", readCheckCount),
  failurecount: set("failureCount", readNumber),
  successcount: set("successCount", readNumber),
  request: set("request", (reading) => readQuoted(reading)),
  receive: set("receive", readReceive),
  httpmethod: set("httpMethod", readMethod),
  virtualhost: set("virtualHost", readVirtualHost),
  login: set("login", (reading) => readQuoted(reading)),
  passwd: set("password", (reading) => readQuoted(reading)),
  database: set("database", (reading) => readQuoted(reading)),
  secret: set("secret", (reading) => readQuoted(reading)),
  load(reading) {
    if (readQuoted(reading) !== undefined)
      reading.complaints.warn(reading.statement, "no-effect", "load has no effect");
  },
  scheduler: set("scheduler", readScheduler),
  persistent: set("persistent", readPersistent),
  netmask: (reading, section) => readNetmask(reading, section),
  schedflags: set("schedulerFlags", readSchedulerFlags),
  protocol: set("protocol", (reading) => readWord(reading, ["tcp", "udp", "fwm"])),
  ops: set("onePacket", readYesNo),
  quiescent: set("quiescent", readYesNo),
  cleanstop: set("cleanStop", readYesNo),
  fallback: (reading, section) => addFallback(reading, section, "inet"),
  fallback6: (reading, section) => addFallback(reading, section, "inet6"),
  fallbackcommand: set("fallbackCommand", readMaybeQuoted),
  emailalert: set("emailAlert", readEmailAlert),
  emailalertfreq: set("emailAlertFrequency", readAlertFrequency),
  emailalertstatus: set("emailAlertStatus", readAlertStatus),
  smtp: set("smtp", readSmtp),
  monitorfile: readMonitorFile,
  servicename: set("serviceName", readLabel),
  comment: set("comment", readLabel),
  httpredirects: set("httpRedirects", readYesNo),
  ...SSL_DIRECTIVES,
  tunnel: set("tunnel", readTunnel),
  persistenceengine: set("persistenceEngine", readEngine),
};

export const SECTION_DIRECTIVES: ReadonlySet<string> = new Set(Object.keys(DIRECTIVES));

/** Reads one statement of a section into `section`. `elsewhere`: names that are known in column 1. */
export function readInSection(
  statement: Statement,
  section: SectionSettings,
  complaints: Reading["complaints"],
  surroundings: Surroundings,
  elsewhere: ReadonlySet<string>,
): void {
  const { name, value } = statement;
  const reader = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined;
  if (reader !== undefined && value !== undefined) {
    section.at.set(name, statement);
    reader({ statement, value, complaints }, section, surroundings);
    return;
  }
  const near = suggest(name, SECTION_DIRECTIVES);
  const hint = elsewhere.has(name)
    ? `${name} is for the whole file: write it in column 1`
    : value === undefined
      ? "write NAME = VALUE"
      : near && `did you mean ${near}?`;
  complaints.error(statement, "unknown-directive", `unknown directive "${name}"`, hint);
}

function addReal(reading: Reading, section: SectionSettings, family: Family): void {
  const { statement, value, complaints } = reading;
  const right = section.family === "inet" ? "real" : "real6";
  if (family !== section.family) {
    complaints.error(statement, "wrong-family", `${statement.name} cannot stand here`, `write ${right}`);
    return;
  }
  const line = readReal(value);
  if (typeof line === "string") {
    complaints.error(valueSpan(statement), "bad-real", `${statement.name}: ${line}`);
    return;
  }
  adviseOnReal(reading, line);
  section.reals = [...section.reals, { ...line, statement }];
}

function adviseOnReal({ statement, complaints }: Reading, line: RealLine): void {
  const span = valueSpan(statement);
  if (line.weight > 65535) {
    complaints.warn(
      span,
      "large-weight",
      `${statement.name}: weight ${line.weight} is above 65535`,
      "ipvsadm's manual ends there",
    );
  }
  if (line.request !== undefined && /^[lu]:\d+$/.test(line.request)) {
    complaints.warn(
      span,
      "quoted-threshold",
      `"${line.request}" in quotes is a request, not a threshold`,
      "write it without quotes",
    );
  }
  const problem = line.receive === undefined ? undefined : patternProblem(line.receive);
  if (problem !== undefined)
    complaints.error(span, "bad-pattern", `${statement.name}: "${line.receive}": ${problem}`);
}

function addFallback(reading: Reading, section: SectionSettings, family: Family): void {
  const { statement, complaints } = reading;
  if (family !== section.family) {
    const right = section.family === "inet" ? "fallback" : "fallback6";
    complaints.error(statement, "wrong-family", `${statement.name} cannot stand here`, `write ${right}`);
    return;
  }
  const fallback = readWrittenFallback(reading);
  if (fallback !== undefined) section.fallback = fallback;
}

/** Anything with a digit in it is the number of connect checks between two negotiate checks. */
function readCheckType(reading: Reading): CheckType | undefined {
  const { statement, value, complaints } = reading;
  const digits = /\d+/.exec(value)?.[0];
  if (digits !== undefined) {
    if (!/^\d+\s*$/.test(value)) {
      complaints.warn(
        valueSpan(statement),
        "loose-number",
        `checktype: "${value.trim()}" is read as ${digits}`,
        `write ${digits}`,
      );
    }
    return { kind: "combined", connects: Math.min(Number(digits), 1_000_000) };
  }
  const kind = readWord(reading, ["negotiate", "connect", "ping", "external", "external-perl", "on", "off"]);
  return kind && { kind };
}

function readPort(reading: Reading): number | undefined {
  const port = readNumber(reading);
  if (port === undefined || port <= 65535) return port;
  return reading.complaints.error(
    valueSpan(reading.statement),
    "bad-port",
    `${reading.statement.name}: must be in 1..65535`,
  );
}

function readReceive(reading: Reading): string | undefined {
  const pattern = readQuoted(reading);
  const problem = pattern === undefined ? undefined : patternProblem(pattern);
  if (problem === undefined) return pattern;
  return reading.complaints.error(valueSpan(reading.statement), "bad-pattern", `receive: ${problem}`);
}

function readMethod({ statement, value, complaints }: Reading): "GET" | "HEAD" | undefined {
  const method = value.trim().toUpperCase();
  if (method === "GET" || method === "HEAD") return method;
  return complaints.error(
    valueSpan(statement),
    "bad-word",
    `httpmethod: "${value.trim()}" is neither GET nor HEAD`,
  );
}

function readVirtualHost({ statement, value, complaints }: Reading): string | undefined {
  const text = value.trim();
  const host = text.replace(/^"/, "").replace(/"$/, "").trim();
  if (host.includes('"'))
    return complaints.error(valueSpan(statement), "bad-host", "virtualhost: a quote inside of the name");
  if (host !== text && text !== `"${host}"`)
    complaints.warn(valueSpan(statement), "half-quoted", `virtualhost: read as ${host}`);
  return host;
}

function readScheduler({ statement, value, complaints }: Reading): string | undefined {
  const text = value.trim();
  const bare = text.replace(/^"(.*)"$/, "$1");
  const span = valueSpan(statement);
  if (!/^[a-z]+$/.test(bare)) {
    return complaints.error(
      span,
      "bad-scheduler",
      `scheduler: "${bare}" is not all lower-case letters`,
      "write rr, wrr, lc, wlc, sh, ...",
    );
  }
  if (bare !== text) complaints.warn(span, "quoted", `scheduler: read as ${bare}`, "write it without quotes");
  return bare;
}

function readPersistent(reading: Reading): number | undefined {
  const timeout = readNumber(reading, 0);
  if (timeout !== 0) return timeout;
  reading.complaints.warn(
    valueSpan(reading.statement),
    "not-persistent",
    "persistent: 0 is read as not persistent",
  );
  return 0;
}

function readNetmask({ statement, value, complaints }: Reading, section: SectionSettings): void {
  const text = value.trim();
  const length =
    section.family === "inet" ? prefixOfMask(text) : /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  const most = section.family === "inet" ? 32 : 128;
  if (length !== undefined && length >= 1 && length <= most) section.netmask = length;
  else {
    const hint = section.family === "inet" ? "write 255.255.255.0" : "write a prefix length from 1 to 128";
    complaints.error(valueSpan(statement), "bad-netmask", `netmask: "${text}" is not a netmask`, hint);
  }
}

function prefixOfMask(text: string): number | undefined {
  const address = parseIpv4(text);
  const bits = address
    ?.split(".")
    .map((octet) => Number(octet).toString(2).padStart(8, "0"))
    .join("");
  return bits !== undefined && /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

/** What ipvsadm takes behind `-b`. */
const SCHEDULER_FLAGS = ["sh-fallback", "sh-port", "mh-fallback", "mh-port", "flag-1", "flag-2", "flag-3"];

function readSchedulerFlags({ statement, value, complaints }: Reading): readonly string[] | undefined {
  const flags = value
    .trim()
    .split(/[\s,]+/)
    .filter(Boolean);
  const unknown = flags.find((flag) => !SCHEDULER_FLAGS.includes(flag));
  if (unknown === undefined) return flags;
  return complaints.error(
    valueSpan(statement),
    "bad-word",
    `schedflags: "${unknown}" is none of ${SCHEDULER_FLAGS.join(", ")}`,
    suggest(unknown, SCHEDULER_FLAGS) && `did you mean ${suggest(unknown, SCHEDULER_FLAGS)}?`,
  );
}

function readMonitorFile(reading: Reading, section: SectionSettings, surroundings: Surroundings): void {
  const path = readMaybeQuoted(reading);
  if (path === undefined) return;
  const problem = surroundings.unwritable(path);
  if (problem === undefined) section.monitorFile = path;
  else
    reading.complaints.error(valueSpan(reading.statement), "unwritable", `monitorfile: ${path}: ${problem}`);
}

function readLabel(reading: Reading): string | undefined {
  const { statement, complaints } = reading;
  const text = readText(reading);
  if (statement.commented) {
    complaints.warn(statement, "hash-in-value", `${statement.name}: the # and what follows is a comment`);
  }
  if (text !== undefined && /^".*"$/.test(text)) {
    complaints.warn(
      valueSpan(statement),
      "quoted",
      `${statement.name}: the quotes are part of the value`,
      "write it without quotes",
    );
  }
  return text;
}

/**
 * `/etc/systole/notifier.ini`: who hears of what, through which mail server.
 *
 *     [notifier]                       [smtp]                                [recipient ops]
 *     group-wait = 2s                  server = mail.example.org:587         address = ops@example.org
 *     max-age = 5d                     from = systole@example.org            severity = warning
 *
 * The npm package `ini` reads the values; what they mean and where a mistake stands is said here.
 */
import { type Diagnostic, hasErrors, type Parsed, type Source, type Span, suggest } from "@systole/config";
import { type Millis, milliseconds, seconds } from "@systole/machine";
import { parse as parseIni } from "ini";
import { type Recipient, SEVERITIES, type Severity } from "../types.js";
import { type IniEntry, type IniSection, iniPlaces } from "./ini-places.js";
import {
  DEFAULT_SPOOL,
  type NotifierSettings,
  type SmtpServer,
  type SmtpSettings,
  type TlsMode,
} from "./settings.js";
import { isMailAddress, type Read, readDuration, readServer } from "./values.js";

const TLS_MODES: readonly TlsMode[] = ["off", "opportunistic", "required", "implicit"];
const ADDRESS_HINT = "write address = ops@example.org";
const YES = new Set(["yes", "true", "on", "1"]);
const NO = new Set(["no", "false", "off", "0"]);

const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["notifier", ["sources", "group-wait", "max-age", "spool"]],
  ["smtp", ["server", "from", "tls", "verify", "ca-file", "tls-name", "user", "password-file", "timeout"]],
  ["recipient", ["address", "severity"]],
]);

/** One setting as it was written. */
interface Setting {
  readonly text: string;
  readonly key: Span;
  readonly place: Span;
}
type Section = ReadonlyMap<string, Setting>;
type Complain = (
  span: Span | undefined,
  code: string,
  message: string,
  hint?: string,
  severity?: "error" | "warning",
) => void;

export function parseNotifierIni(source: Source): Parsed<NotifierSettings> {
  const diagnostics: Diagnostic[] = [];
  const complain: Complain = (span, code, message, hint, severity = "error") => {
    const told = { path: source.path, span, severity, code, message };
    diagnostics.push(hint === undefined ? told : { ...told, hint });
  };
  const { sections, entries, strays } = iniPlaces(source);
  for (const place of strays) complain(place, "not-a-setting", "neither a section nor key = value");
  const read = readSections(source, sections, entries, complain);
  const recipients = readRecipients(sections, read, complain);
  const settings = notifierSettings(
    read.get("notifier") ?? new Map(),
    recipients,
    smtpOf(read, complain),
    complain,
  );
  diagnostics.sort((a, b) => (a.span?.line ?? 0) - (b.span?.line ?? 0));
  return { value: hasErrors(diagnostics) ? undefined : settings, diagnostics };
}

/** Sections by name, with what `ini` made of the values; unknown and repeated names are told. */
function readSections(
  source: Source,
  sections: readonly IniSection[],
  entries: readonly IniEntry[],
  complain: Complain,
): ReadonlyMap<string, Section> {
  const values = parseIni(source.text.replaceAll(/^\[.*\]/gm, (header) => header.replaceAll(".", "\\.")));
  const found = new Map<string, Map<string, Setting>>();
  for (const { name, place } of sections) {
    if (!KEYS.has(kindOf(name))) {
      const near = suggest(name, KEYS.keys());
      const known = "sections are [notifier], [smtp] and [recipient NAME]";
      complain(
        place,
        "unknown-section",
        `no section [${name}]`,
        near === undefined ? known : `did you mean [${near}]?`,
      );
    } else if (found.has(name))
      complain(place, "section-again", `[${name}] is there twice`, "make one of them");
    found.set(name, found.get(name) ?? new Map());
  }
  for (const { section, key, keyPlace, valuePlace } of entries) {
    const known = KEYS.get(kindOf(section));
    const settings = found.get(section);
    if (settings === undefined) complain(keyPlace, "no-section", `${key} stands before the first section`);
    else if (known?.includes(key) === false) {
      const near = suggest(key, known);
      const hint = near === undefined ? `known are: ${known.join(" ")}` : `did you mean ${near}?`;
      complain(keyPlace, "unknown-setting", `no setting "${key}" in [${section}]`, hint);
    } else if (settings.has(key)) {
      complain(
        keyPlace,
        "setting-again",
        `${key} is there twice`,
        "several values: one line, with blanks between",
      );
    } else if (known !== undefined) {
      const text = textOf(values[section], key);
      settings.set(key, { text, key: keyPlace, place: valuePlace });
      if (text === "") complain(valuePlace, "no-value", `${key} has no value`);
    }
  }
  return found;
}

/** `recipient` of `recipient ops@example.org`. */
const kindOf = (section: string): string => section.split(/\s+/, 1)[0]!.toLowerCase();

function textOf(section: unknown, key: string): string {
  if (typeof section !== "object" || section === null) return "";
  const value: unknown = Object.entries(section).find(([name]) => name === key)?.[1];
  return typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
}

const listOf = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== "");

/** A section is named after a person or an address; `address` may name several. */
function readRecipients(
  sections: readonly IniSection[],
  read: ReadonlyMap<string, Section>,
  complain: Complain,
): readonly Recipient[] {
  const recipients: Recipient[] = [];
  const found = sections.filter(({ name }) => kindOf(name) === "recipient");
  for (const { name, place } of found) {
    const section = read.get(name);
    const severity = choice<Severity>(section?.get("severity"), "severity", SEVERITIES, "notice", complain);
    const written = section?.get("address");
    const title = name.split(/\s+/).slice(1).join(" ");
    const addresses = written === undefined ? [title] : listOf(written.text);
    for (const address of addresses) {
      if (isMailAddress(address)) recipients.push({ address, severity });
      else
        complain(written?.place ?? place, "bad-address", `"${address}" is not a mail address`, ADDRESS_HINT);
    }
  }
  if (found.length === 0) {
    const hint =
      "add [recipient ops] with address = ops@example.org; only letters of resources such as MailTo go out";
    complain(undefined, "no-recipient", "nobody wants to hear of anything", hint, "warning");
  }
  return recipients;
}

function choice<Value extends string>(
  setting: Setting | undefined,
  name: string,
  values: readonly Value[],
  otherwise: Value,
  complain: Complain,
): Value {
  if (setting === undefined || setting.text === "") return otherwise;
  const found = values.find((value) => value === setting.text.toLowerCase());
  if (found !== undefined) return found;
  const near = suggest(setting.text, values);
  const hint = near === undefined ? `write one of ${values.join(", ")}` : `did you mean ${near}?`;
  complain(
    setting.place,
    `bad-${name.toLowerCase().replace(" ", "-")}`,
    `"${setting.text}" is not a ${name}`,
    hint,
  );
  return otherwise;
}

function duration(setting: Setting | undefined, otherwise: Millis, complain: Complain): Millis {
  return take(setting, otherwise, readDuration, "bad-duration", complain);
}

function take<Value>(
  setting: Setting | undefined,
  otherwise: Value,
  read: (text: string) => Read<Value>,
  code: string,
  complain: Complain,
): Value {
  if (setting === undefined || setting.text === "") return otherwise;
  const made = read(setting.text);
  if ("value" in made) return made.value;
  complain(setting.place, code, made.problem, made.hint);
  return otherwise;
}

function notifierSettings(
  section: Section,
  recipients: readonly Recipient[],
  smtp: SmtpSettings,
  complain: Complain,
): NotifierSettings {
  const sources = section.get("sources");
  for (const name of listOf(sources?.text ?? "")) {
    if (!/^[a-z][a-z0-9-]*(\.[A-Za-z0-9_.-]+)?$/.test(name)) {
      complain(
        sources?.place,
        "bad-source",
        `"${name}" is not a daemon`,
        "write heartbeat ldirectord ctsyncd, or ldirectord.shop.cf for the ldirectord of another file",
      );
    }
  }
  const spool = section.get("spool");
  if (spool !== undefined && !spool.text.startsWith("/")) {
    complain(
      spool.place,
      "bad-path",
      `"${spool.text}" is not a path from the root`,
      `write ${DEFAULT_SPOOL}`,
    );
  }
  return {
    sources: sources === undefined ? ["heartbeat", "ldirectord", "ctsyncd"] : listOf(sources.text),
    groupWait: duration(section.get("group-wait"), seconds(2), complain),
    maxAge: duration(section.get("max-age"), milliseconds(5 * 86_400_000), complain),
    spool: spool?.text ?? DEFAULT_SPOOL,
    smtp,
    recipients,
  };
}

const DEFAULT_PORT: Readonly<Record<TlsMode, number>> = {
  off: 25,
  opportunistic: 25,
  required: 587,
  implicit: 465,
};

function smtpOf(read: ReadonlyMap<string, Section>, complain: Complain): SmtpSettings {
  const section = read.get("smtp") ?? new Map<string, Setting>();
  const tls = choice<TlsMode>(section.get("tls"), "TLS mode", TLS_MODES, "opportunistic", complain);
  const strict = tls === "required" || tls === "implicit";
  const from = section.get("from");
  if (from !== undefined && from.text !== "" && !isMailAddress(from.text)) {
    complain(from.place, "bad-address", `"${from.text}" is not a mail address`, "write systole@example.org");
  }
  const user = section.get("user");
  const passwordFile = section.get("password-file");
  if (user !== undefined && !strict) {
    complain(user.place, "password-in-clear", "a password is only sent under TLS", "write tls = required");
  }
  if (user !== undefined && passwordFile === undefined) {
    complain(
      user.place,
      "no-password",
      "user without password-file",
      "write password-file = /etc/systole/smtp-password",
    );
  }
  if (passwordFile !== undefined && user === undefined) {
    complain(passwordFile.place, "no-user", "password-file without user");
  }
  return {
    servers: serversOf(section.get("server"), DEFAULT_PORT[tls], complain),
    from: from?.text,
    tls,
    verify: take(section.get("verify"), strict, readYesNo, "bad-yes-no", complain),
    caFile: section.get("ca-file")?.text,
    tlsName: section.get("tls-name")?.text,
    user: user?.text,
    passwordFile: passwordFile?.text,
    timeout: duration(section.get("timeout"), seconds(30), complain),
  };
}

function serversOf(
  setting: Setting | undefined,
  defaultPort: number,
  complain: Complain,
): readonly SmtpServer[] {
  const servers: SmtpServer[] = [];
  for (const word of listOf(setting?.text ?? "")) {
    const made = readServer(word, defaultPort);
    if ("value" in made) servers.push(made.value);
    else complain(setting?.place, "bad-server", made.problem, made.hint);
  }
  return setting === undefined ? [{ host: "localhost", port: defaultPort }] : servers;
}

function readYesNo(text: string): Read<boolean> {
  if (YES.has(text.toLowerCase())) return { value: true };
  if (NO.has(text.toLowerCase())) return { value: false };
  return { problem: `"${text}" is neither yes nor no`, hint: "write yes or no" };
}

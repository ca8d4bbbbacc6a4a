/**
 * `/etc/systole/notifier.ini`: who hears of what, through which mail server.
 *
 *     [notifier]                       [smtp]                                [recipient ops]
 *     group-wait = 2s                  server = mail.example.org:587         address = ops@example.org
 *     max-age = 5d                     from = systole@example.org            severity = warning
 *
 * The npm package `ini` reads the values; what they mean and where a mistake stands is said here.
 */
import { type Diagnostic, hasErrors, type Parsed, type Source, suggest } from "@systole/config";
import { milliseconds, seconds } from "@systole/machine";
import { parse as parseIni } from "ini";
import type { NotifyFrom } from "../core/notify-from.js";
import type { SubjectStyle } from "../core/subject.js";
import { type IniEntry, type IniSection, iniPlaces } from "./ini-places.js";
import { readRecipients, readWebhooks } from "./recipients.js";
import {
  type Complain,
  choice,
  duration,
  listOf,
  readCount,
  readPath,
  type Section,
  type Setting,
  take,
} from "./section.js";
import { DEFAULT_AUDIT, DEFAULT_SPOOL, type NotifierSettings } from "./settings.js";
import { smtpOf } from "./smtp.js";
import type { Read } from "./values.js";

const STYLES: readonly SubjectStyle[] = ["systole", "keepalived"];
const FROM: readonly NotifyFrom[] = ["all", "active"];
const NOBODY =
  "add [recipient ops] with address = ops@example.org; only letters of resources such as MailTo go out";

const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "notifier",
    [
      "sources",
      "group-wait",
      "max-age",
      "spool",
      "audit",
      "ceiling",
      "flap-changes",
      "flap-window",
      "subjects",
      "notify-from",
    ],
  ],
  [
    "smtp",
    [
      ...["server", "from", "tls", "verify", "ca-file", "tls-name", "user", "password-file", "timeout"],
      ...["dsn", "sendmail"],
    ],
  ],
  ["recipient", ["address", "severity", "services", "hours", "after"]],
  [
    "webhook",
    ["format", "url", "url-file", "key-file", "ca-file", "timeout", "severity", "services", "hours", "after"],
  ],
]);

export function parseNotifierIni(source: Source): Parsed<NotifierSettings> {
  const diagnostics: Diagnostic[] = [];
  const complain: Complain = (span, code, message, hint, severity = "error") => {
    const told = { path: source.path, span, severity, code, message };
    diagnostics.push(hint === undefined ? told : { ...told, hint });
  };
  const { sections, entries, strays } = iniPlaces(source);
  for (const place of strays) complain(place, "not-a-setting", "neither a section nor key = value");
  const read = readSections(source, sections, entries, complain);
  const readers = { sections, read, complain };
  const hooks = readWebhooks(readers);
  const recipients = [...readRecipients(readers), ...hooks.recipients];
  if (!sections.some(({ name }) => ["recipient", "webhook"].includes(kindOf(name))))
    complain(undefined, "no-recipient", "nobody wants to hear of anything", NOBODY, "warning");
  const settings = {
    ...notifierSettings(read.get("notifier") ?? new Map(), complain),
    ...{ recipients, webhooks: hooks.webhooks, smtp: smtpOf(read, complain) },
  };
  const lineOf = ({ span }: Diagnostic) => span?.line ?? Number.MAX_SAFE_INTEGER; // about the whole file: last
  diagnostics.sort((a, b) => lineOf(a) - lineOf(b));
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
      const known = "sections are [notifier], [smtp], [recipient NAME] and [webhook NAME]";
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
      const other = near === undefined ? `known are: ${known.join(" ")}` : `did you mean ${near}?`;
      const hint = key === "password" ? PASSWORD : other;
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

const PASSWORD = "write it into a file of mode 0600, and here password-file = /etc/systole/smtp-password";

/** `recipient` of `recipient ops@example.org`. */
const kindOf = (section: string): string => section.split(/\s+/, 1)[0]!.toLowerCase();

function textOf(section: unknown, key: string): string {
  if (typeof section !== "object" || section === null) return "";
  const value: unknown = Object.entries(section).find(([name]) => name === key)?.[1];
  return typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
}

function notifierSettings(
  section: Section,
  complain: Complain,
): Omit<NotifierSettings, "recipients" | "webhooks" | "smtp"> {
  const sources = section.get("sources");
  for (const name of listOf(sources?.text ?? "")) {
    if (!/^[a-z][a-z0-9-]*(\.[A-Za-z0-9_.-]+)?$/.test(name))
      complain(
        sources?.place,
        "bad-source",
        `"${name}" is not a daemon`,
        "write heartbeat ldirectord ctsyncd, or ldirectord.shop.cf for the ldirectord of another file",
      );
    else if (!SOURCES.includes(name.split(".", 1)[0]!)) {
      const near = suggest(name, SOURCES);
      const hint = near === undefined ? `ours are ${SOURCES.join(", ")}` : `did you mean ${near}?`;
      complain(sources?.place, "strange-source", `"${name}" is no daemon of Systole`, hint, "warning");
    }
  }
  return {
    sources: sources === undefined ? SOURCES : listOf(sources.text),
    groupWait: duration(section.get("group-wait"), seconds(2), complain),
    maxAge: duration(section.get("max-age"), milliseconds(5 * 86_400_000), complain),
    spool: take(section.get("spool"), DEFAULT_SPOOL, readPath, "bad-path", complain),
    audit: take(section.get("audit"), DEFAULT_AUDIT, readAudit, "bad-path", complain),
    ceiling: take(section.get("ceiling"), 30, readCount(0, 10_000), "bad-number", complain),
    flapChanges: take(section.get("flap-changes"), 3, readCount(2, 1000), "bad-number", complain),
    flapWindow: duration(section.get("flap-window"), seconds(300), complain),
    notifyFrom: choice<NotifyFrom>(section.get("notify-from"), "director", FROM, "all", complain),
    subjects: choice<SubjectStyle>(section.get("subjects"), "subject style", STYLES, "systole", complain),
  };
}

const SOURCES: readonly string[] = ["heartbeat", "ldirectord", "ctsyncd"];

const readAudit = (text: string): Read<string | undefined> =>
  text.toLowerCase() === "off" ? { value: undefined } : readPath(text);

/** The sections [recipient NAME] and [webhook NAME] of notifier.ini: who hears of what. */
import { seconds } from "@systole/machine";
import type { HookFormat } from "../core/hook-requests.js";
import { type Hours, readHours } from "../core/hours.js";
import { type Recipient, SEVERITIES, type Severity } from "../types.js";
import type { IniSection } from "./ini-places.js";
import { type Complain, choice, duration, listOf, readPath, type Section, take } from "./section.js";
import type { Webhook } from "./settings.js";
import { isMailAddress, type Read, readDuration } from "./values.js";

const ADDRESS_HINT = "write address = ops@example.org";
const HOURS_HINT = "write hours = Mon-Fri 08:00-18:00, or several: 08:00-12:00 | Sat,Sun";
const FORMATS: readonly HookFormat[] = ["json", "slack", "pagerduty"];

export interface Readers {
  readonly sections: readonly IniSection[];
  readonly read: ReadonlyMap<string, Section>;
  readonly complain: Complain;
}

/** `ops` of `[recipient ops]`. */
const titleOf = (name: string): string => name.split(/\s+/).slice(1).join(" ");

const ofKind = (sections: readonly IniSection[], kind: string): readonly IniSection[] =>
  sections.filter(({ name }) => name.split(/\s+/, 1)[0]!.toLowerCase() === kind);

/** Severity, services, hours, after: the same for people and programs. */
function filters(section: Section | undefined, complain: Complain): Omit<Recipient, "address" | "channel"> {
  return {
    severity: choice<Severity>(section?.get("severity"), "severity", SEVERITIES, "notice", complain),
    services: listOf(section?.get("services")?.text ?? ""),
    hours: take(section?.get("hours"), [], readAllHours, "bad-hours", complain),
    after: take(section?.get("after"), undefined, readDuration, "bad-duration", complain),
  };
}

function readAllHours(text: string): Read<readonly Hours[]> {
  const spans = text.split("|").map((part) => readHours(part));
  const found = spans.filter((span) => span !== undefined);
  if (found.length === spans.length) return { value: found };
  return { problem: `"${text}" is no time of the week`, hint: HOURS_HINT };
}

/** A section is named after a person or an address; `address` may name several. */
export function readRecipients({ sections, read, complain }: Readers): readonly Recipient[] {
  const recipients: Recipient[] = [];
  const found = ofKind(sections, "recipient");
  for (const { name, place } of found) {
    const section = read.get(name);
    const filter = filters(section, complain);
    const written = section?.get("address");
    const addresses = written === undefined ? [titleOf(name)] : listOf(written.text);
    for (const address of addresses) {
      if (isMailAddress(address)) recipients.push({ address, channel: "mail", ...filter });
      else
        complain(written?.place ?? place, "bad-address", `"${address}" is not a mail address`, ADDRESS_HINT);
    }
  }
  return recipients;
}

export interface Webhooks {
  readonly webhooks: readonly Webhook[];
  readonly recipients: readonly Recipient[];
}

export function readWebhooks({ sections, read, complain }: Readers): Webhooks {
  const webhooks: Webhook[] = [];
  const recipients: Recipient[] = [];
  for (const { name, place } of ofKind(sections, "webhook")) {
    const section = read.get(name) ?? new Map();
    const title = titleOf(name);
    if (!/^[A-Za-z0-9._-]{1,40}$/.test(title))
      complain(place, "bad-webhook", `"${title}" is no name for a webhook`, "write [webhook chat]");
    recipients.push({ address: title, channel: `webhook ${title}`, ...filters(section, complain) });
    webhooks.push(webhook(title, section, place, complain));
  }
  return { webhooks, recipients };
}

function webhook(name: string, section: Section, place: IniSection["place"], complain: Complain): Webhook {
  const format = choice<HookFormat>(section.get("format"), "format", FORMATS, "json", complain);
  const url = take(section.get("url"), undefined, readUrl, "bad-url", complain);
  const urlFile = take(section.get("url-file"), undefined, readPath, "bad-path", complain);
  const keyFile = take(section.get("key-file"), undefined, readPath, "bad-path", complain);
  const written = section.has("url") || section.has("url-file");
  if (!written && format !== "pagerduty")
    complain(
      place,
      "no-url",
      `[webhook ${name}] has no url`,
      "write url = https://... or url-file = /etc/systole/...",
    );
  if (section.has("url") && section.has("url-file"))
    complain(section.get("url-file")?.place, "two-urls", "url and url-file", "remove one");
  if (format === "pagerduty" && keyFile === undefined)
    complain(place, "no-key", "pagerduty needs a routing key", "write key-file = /etc/systole/pagerduty-key");
  return {
    ...{ name, format, url, urlFile, keyFile },
    caFile: take(section.get("ca-file"), undefined, readPath, "bad-path", complain),
    timeout: duration(section.get("timeout"), seconds(15), complain),
  };
}

/** Plain http only to this machine: what is said in a letter is nobody else's business. */
function readUrl(text: string): Read<string> {
  const hint = "write url = https://hooks.example.org/...";
  if (!URL.canParse(text)) return { problem: "that is not a URL", hint };
  const { protocol, hostname } = new URL(text);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol === "https:" || (protocol === "http:" && isLocal)) return { value: text };
  return { problem: `${protocol}// is not encrypted`, hint };
}

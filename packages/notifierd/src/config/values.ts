/** Values of notifier.ini: each reader answers with a value or with what is wrong. */
import { isIP } from "node:net";
import { type Millis, milliseconds } from "@systole/machine";
import type { SmtpServer } from "./settings.js";

export type Read<Value> = { readonly value: Value } | { readonly problem: string; readonly hint: string };

const UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** `2s`, `500ms`, `5m`, `1h`, `5d`; a bare number is seconds. */
export function readDuration(text: string): Read<Millis> {
  const [, number = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS.get(unit.toLowerCase());
  if (number === "" || factor === undefined) {
    return { problem: `"${text}" is not a duration`, hint: "write 2s, 500ms, 5m, 1h or 5d" };
  }
  return { value: milliseconds(Number(number) * factor) };
}

/** A host name or address, with a port behind a colon; IPv6 in brackets. */
export function readServer(text: string, defaultPort: number): Read<SmtpServer> {
  const hint = "write mail.example.org, mail.example.org:587, 192.0.2.25 or [2001:db8::25]:25";
  const [, six, name, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = six ?? name ?? text;
  const isName = /^[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?\.?$/i.test(host);
  if (isIP(text) === 6) return { value: { host: text, port: defaultPort } };
  if (six === undefined && name === undefined) return { problem: `"${text}" is not a mail server`, hint };
  if (six !== undefined ? isIP(six) !== 6 : !isName)
    return { problem: `"${text}" is not a mail server`, hint };
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) return { problem: `${number} is not a port`, hint: "write 1 to 65535" };
  return { value: { host, port: number } };
}

/**
 * A mail address as it goes into an envelope: printable, one @, no blanks, no quotes.
 *
 * Stricter than RFC 5321, which allows quoted local parts; nothing that could end a command or a header gets through.
 */
export function isMailAddress(text: string): boolean {
  if (text.length > 254) return false;
  return /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
}

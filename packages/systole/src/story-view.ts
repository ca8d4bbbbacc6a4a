/** Events of the audit trail as lines for people. */
import type { AuditRecord } from "./audit-trail.js";

const MARKS: Readonly<Record<string, string>> = { info: " ", notice: "+", warning: "!", critical: "X" };

/** `2026-11-20 12:00:01.123 ! lb2 ldirectord  real server ... is down` */
export function eventLine({ at, severity, node, daemon, text }: AuditRecord): string {
  const time = at.replace("T", " ").replace("Z", "");
  return `${time} ${MARKS[severity] ?? "?"} ${node} ${daemon.padEnd(10)}  ${text}`;
}

/** The line, and below it what it stands on: the steps of a takeover, the conversation with a real server. */
export function storyLines(record: AuditRecord): readonly string[] {
  const { transcript, steps, diagnostics, lines } = record.fact;
  const below = [
    ...(typeof transcript === "string" ? transcript.split("\n") : []),
    ...(Array.isArray(steps) ? steps.map(step) : []),
    ...[diagnostics, lines].flatMap((list) => (Array.isArray(list) ? list.map(String) : [])),
  ];
  return [eventLine(record), ...below.map((line) => `      ${printable(line)}`)];
}

function step(one: unknown): string {
  if (typeof one !== "object" || one === null || !("step" in one) || !("ms" in one)) return String(one);
  const failed = "error" in one ? `  failed: ${String(one.error)}` : "";
  return `${String(Math.round(Number(one.ms))).padStart(6)} ms  ${String(one.step)}${failed}`;
}

/** What a real server said must not steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");

/** Is the record about this service, real server, node, group or address? A port may be left out. */
export function isAbout({ node, daemon, fact }: AuditRecord, wanted: string): boolean {
  const names = Object.entries(fact).flatMap(([key, value]) => (PLACES.has(key) ? wordsOf(value) : []));
  const all = [node, daemon, ...names].map((name) => name.toLowerCase());
  const what = wanted.toLowerCase();
  return all.some((name) => name === what || withoutPort(name) === what);
}

/** Fields of facts that name something. */
const PLACES = new Set([
  ...["server", "service", "peer", "groups", "address", "resource"],
  ...["trouble", "restarted", "file", "pattern"],
]);

/** `tcp 192.0.2.10:80` is known by each of its words, too. */
const wordsOf = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((one) => [String(one), ...String(one).split(" ")]);

const withoutPort = (name: string): string => name.replace(/[:/]\d+$/, "").replace(/^\[(.*)\]$/, "$1");

/**
 * An incident as a letter: subject, text, threads.
 *
 * What a real server, a peer or a resource said may stand in it, so every text loses its control characters before it
 * comes near a header; lines of the body are cut where SMTP would refuse them.
 */
import {
  atLeast,
  type ClusterEvent,
  eventId,
  type Letter,
  type LetterFact,
  type Recipient,
} from "../types.js";
import type { Incident } from "./digest.js";
import { duration, type IsOpen, type Meaning, meaning, severityOf } from "./facts.js";
import { answers, type Threads } from "./threads.js";

export interface LetterOptions {
  readonly from: string;
  /** The local node: `Message-ID` and signature. */
  readonly node: string;
  readonly recipients: readonly Recipient[];
  readonly isMailAddress: (text: string) => boolean;
  readonly isOpen: IsOpen;
}

const SUBJECT_LIMIT = 180;
/** RFC 5321 allows 998 characters, of which one may be four bytes. */
const LINE_LIMIT = 240;

const isLetter = (event: ClusterEvent): event is ClusterEvent & { readonly fact: LetterFact } =>
  event.fact.kind === "letter";

/** One line of printable text: no CR, LF, NUL or anything else that could end a header. */
export const oneLine = (text: string, limit = SUBJECT_LIMIT): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return clean.length <= limit ? clean : `${clean.slice(0, limit - 3)}...`;
};

/** Who is told of an incident: who wants one of its events, and whom its letters name. */
export function addressees(events: readonly ClusterEvent[], options: LetterOptions): readonly string[] {
  const found = new Set<string>();
  for (const event of events) {
    const severity = severityOf(event, options.isOpen);
    if (isLetter(event)) for (const to of event.fact.to) if (options.isMailAddress(to)) found.add(to);
    if (isLetter(event)) continue;
    for (const recipient of options.recipients) {
      if (atLeast(severity, recipient.severity)) found.add(recipient.address);
    }
  }
  return [...found];
}

/** The event begins a letter by itself. */
export const wanted = (event: ClusterEvent, options: LetterOptions): boolean =>
  addressees([event], options).length > 0;

/**
 * Writes the letter, or answers undefined if nobody would get it.
 *
 * @param createdAtMs wall clock; part of the id, so that letters sort by time
 */
export function compose(
  incident: Incident,
  createdAtMs: number,
  threads: Threads,
  options: LetterOptions,
): Letter | undefined {
  const { events } = incident;
  const to = addressees(events, options);
  const first = events.find((event) => wanted(event, options));
  if (first === undefined) return undefined;
  const told = events.map((event) => ({ event, is: meaning(event.fact) }));
  const troubles = (phase: "begins" | "ends") =>
    told.flatMap(({ is }) => (is.trouble?.phase === phase ? [is.trouble.key] : []));
  const last = lastPhases(told);
  const opens = troubles("begins").filter((key) => last.get(key) === "begins");
  const closes = troubles("ends").filter((key) => last.get(key) === "ends");
  const name = eventId(first);
  const inReplyTo = answers(threads, { opens, closes });
  const letters = events.filter(isLetter);
  const asWritten = letters.length === events.length ? letters[0]?.fact : undefined;
  const from =
    asWritten?.from !== undefined && options.isMailAddress(asWritten.from) ? asWritten.from : options.from;
  return {
    schemaVersion: 1,
    id: `${String(Math.floor(createdAtMs)).padStart(14, "0")}.${name}`.slice(0, 200),
    createdAtMs,
    messageId: `<${name}@systole.${options.node.replaceAll(/[^A-Za-z0-9.-]/g, "-")}>`,
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    from,
    subject: asWritten === undefined ? subject(told, options) : oneLine(asWritten.subject),
    text: asWritten === undefined ? text(incident, options) : body([asWritten.text]),
    severity: worst(events, options),
    node: first.node,
    opens,
    closes,
    events: events.filter((event) => wanted(event, options)).map(eventId),
    deliveries: to.map((address) => ({ address, state: "waiting", attempts: 0 })),
  };
}

interface Told {
  readonly event: ClusterEvent;
  readonly is: Meaning;
}

/** What was heard of each trouble last: one that began and ended within the incident is over. */
function lastPhases(told: readonly Told[]): ReadonlyMap<string, "begins" | "ends"> {
  const last = new Map<string, "begins" | "ends">();
  for (const { is } of told) if (is.trouble !== undefined) last.set(is.trouble.key, is.trouble.phase);
  return last;
}

const worst = (events: readonly ClusterEvent[], { isOpen }: LetterOptions) =>
  events.map((event) => severityOf(event, isOpen)).reduce((a, b) => (atLeast(a, b) ? a : b), "info");

/** The heaviest fact, and how many more somebody wanted to hear of. */
function subject(told: readonly Told[], options: LetterOptions): string {
  const worthy = told.filter(({ event }) => wanted(event, options) && !isLetter(event));
  // Only a resource's letter is wanted: the takeover around it is the better subject, if there is one.
  const around = told.filter(({ event, is }) => !isLetter(event) && is.weight > 0);
  const candidates = worthy.length > 0 ? worthy : around;
  const letter = told.map(({ event }) => event).find(isLetter);
  if (candidates.length === 0 && letter !== undefined) return oneLine(letter.fact.subject);
  const heaviest = candidates.reduce((a, b) => (b.is.weight > a.is.weight ? b : a));
  const others = worthy.filter((one) => one !== heaviest && one.is.weight > 0).length;
  const more = others === 0 ? "" : ` (and ${others} more)`;
  const text = headline(heaviest, told);
  return `${oneLine(`${heaviest.event.node}: ${text}`, SUBJECT_LIMIT - more.length)}${more}`;
}

/** Of a takeover the VIPs, where they are known: people know them better than the names of groups. */
function headline({ event: { fact }, is }: Told, told: readonly Told[]): string {
  const up = told.flatMap(({ event }) => (event.fact.kind === "vip.up" ? [event.fact.address] : []));
  const vips = [...new Set(up)];
  if (fact.kind !== "takeover.finished" || vips.length === 0) return is.text;
  return meaning({ ...fact, groups: vips.map((vip) => `VIP ${vip}`) }).text;
}

function text({ events, notes }: Incident, options: LetterOptions): string {
  return body([
    ...events.toSorted((a, b) => a.atMs - b.atMs).map((event) => storyLine(event, options)),
    ...notes.map((note) => `Note: ${note}.`),
    ...events.flatMap(({ fact }) => details(fact)),
    "",
    "-- ",
    `Systole notifierd on ${options.node}. Lines with * are what this letter is about; times are UTC.`,
  ]);
}

/** `* 12:00:01.123 lb2 heartbeat   lb1 is dead: ...` */
function storyLine(event: ClusterEvent, options: LetterOptions): string {
  const mark = wanted(event, options) ? "*" : " ";
  const time = new Date(event.atMs).toISOString().replace("T", " ").slice(0, 23);
  return `${mark} ${time} ${event.node} ${event.daemon.padEnd(10)}  ${oneLine(meaning(event.fact).text, 1000)}`;
}

/** What needs more than a line: the steps of a takeover, a conversation with a real server, a resource's letter. */
function details(fact: ClusterEvent["fact"]): readonly string[] {
  switch (fact.kind) {
    case "takeover.finished":
      return [
        "",
        `Steps of the takeover, ${duration(fact.totalMs)} in all:`,
        ...fact.steps.map(({ step, ms, error }) => {
          const failed = error === undefined ? "" : `  failed: ${oneLine(error, 500)}`;
          return `  ${duration(ms).padStart(8)}  ${oneLine(step)}${failed}`;
        }),
      ];
    case "real-server.down":
      if (fact.transcript === undefined) return [];
      return ["", `The check of ${oneLine(fact.server)}:`, ...indented(fact.transcript)];
    case "config.refused":
      return ["", ...fact.diagnostics.map((line) => `  ${oneLine(line, 1000)}`)];
    case "letter":
      return ["", ...indented(`${fact.subject}\n${fact.text}`)];
    default:
      return [];
  }
}

const indented = (block: string): readonly string[] => block.split(/\r\n|\r|\n/).map((line) => `  ${line}`);

/** Lines with LF, none too long, no control characters but tabs; ends with a newline. */
function body(blocks: readonly string[]): string {
  const lines = blocks
    .flatMap((block) => block.split(/\r\n|\r|\n/))
    .flatMap((line) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
      const clean = line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
      const pieces: string[] = [];
      for (let at = 0; at === 0 || at < clean.length; at += LINE_LIMIT)
        pieces.push(clean.slice(at, at + LINE_LIMIT));
      return pieces;
    });
  return `${lines.join("\n").trimEnd()}\n`;
}

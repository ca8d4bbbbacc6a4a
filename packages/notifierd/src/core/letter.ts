/** An incident as a letter: who gets it, its subject, its text, its thread. One letter per incident and channel. */
import {
  atLeast,
  type Channel,
  type ClusterEvent,
  type Delivery,
  eventId,
  type Letter,
  type LetterFact,
  type Recipient,
} from "../types.js";
import { concernsServices } from "./concern.js";
import type { Incident } from "./digest.js";
import { type IsOpen, meaning, severityOf } from "./facts.js";
import { isWithin } from "./hours.js";
import { letterText } from "./letter-text.js";
import type { Meaning } from "./meaning.js";
import { body, oneLine } from "./printable.js";
import { type SubjectStyle, subject } from "./subject.js";
import { answers, type Threads } from "./threads.js";

export interface LetterOptions {
  readonly from: string;
  /** The local node: `Message-ID` and signature. */
  readonly node: string;
  readonly recipients: readonly Recipient[];
  readonly isMailAddress: (text: string) => boolean;
  readonly isOpen: IsOpen;
  /** Who stood by when the trouble was told, and was told in the end: they hear of its end, too. */
  readonly wokenFor: (trouble: string) => readonly string[];
  readonly subjects: SubjectStyle;
}

const isLetter = (event: ClusterEvent): event is ClusterEvent & { readonly fact: LetterFact } =>
  event.fact.kind === "letter";

/** When each of them is told: 0 is at once, otherwise so many milliseconds later if nobody has acknowledged it. */
type Addressees = ReadonlyMap<string, number>;

/** Who is told of an incident: who wants one of its events, and whom its letters name. */
export function addressees(
  events: readonly ClusterEvent[],
  channel: Channel,
  options: LetterOptions,
): Addressees {
  const found = new Map<string, number>();
  const add = (address: string, after: number) =>
    found.set(address, Math.min(after, found.get(address) ?? Number.POSITIVE_INFINITY));
  for (const event of events) {
    if (isLetter(event)) {
      if (channel !== "mail") continue;
      for (const to of event.fact.to) if (options.isMailAddress(to)) add(to, 0);
      continue;
    }
    for (const recipient of options.recipients) {
      const after = recipient.channel === channel ? wants(recipient, event, options) : undefined;
      if (after !== undefined) add(recipient.address, after);
    }
  }
  return found;
}

/** When the recipient is to be told of the event; undefined: never. */
function wants(recipient: Recipient, event: ClusterEvent, options: LetterOptions): number | undefined {
  const { services, hours, after } = recipient;
  // Who cannot be reached need not be told that.
  if (event.fact.kind === "delivery.failed" && event.fact.to === recipient.address) return undefined;
  const severity = severityOf(event, options.isOpen);
  const { trouble } = meaning(event.fact);
  if (after !== undefined && trouble?.phase === "ends")
    return options.wokenFor(trouble.key).includes(recipient.address) ? 0 : undefined;
  if (!atLeast(severity, recipient.severity) || !concernsServices(event, services)) return undefined;
  if (hours.length > 0 && !hours.some((span) => isWithin(span, event.atMs))) return undefined;
  if (after === undefined) return 0;
  return trouble?.phase === "begins" || severity === "critical" ? after : undefined;
}

export const channelsOf = (recipients: readonly Recipient[]): readonly Channel[] => [
  ...new Set(["mail" as const, ...recipients.map(({ channel }) => channel)]),
];

/** The event begins a letter by itself. */
export const wanted = (event: ClusterEvent, options: LetterOptions): boolean =>
  channelsOf(options.recipients).some((channel) => addressees([event], channel, options).size > 0);

/**
 * Writes the letter, or answers undefined if nobody would get it.
 *
 * @param createdAtMs wall clock; part of the id, so that letters sort by time
 */
export function compose(
  incident: Incident,
  channel: Channel,
  createdAtMs: number,
  threads: Threads,
  options: LetterOptions,
): Letter | undefined {
  const { events } = incident;
  const isWanted = (event: ClusterEvent) => addressees([event], channel, options).size > 0;
  const first = events.find(isWanted);
  if (first === undefined) return undefined;
  const told = events.map((event) => ({ event, is: meaning(event.fact) }));
  const { opens, closes } = troubles(told);
  const name =
    channel === "mail" ? eventId(first) : `${eventId(first)}.${channel.replace(/[^A-Za-z0-9-]/g, "-")}`;
  const inReplyTo = answers(threads, { opens, closes }) ?? incident.answers;
  const letters = events.filter(isLetter);
  const asWritten = letters.length === events.length ? letters[0]?.fact : undefined;
  const severity = worst(events, options);
  const from =
    asWritten?.from !== undefined && options.isMailAddress(asWritten.from) ? asWritten.from : options.from;
  return {
    schemaVersion: 1,
    id: `${String(Math.floor(createdAtMs)).padStart(14, "0")}.${name}`.slice(0, 200),
    ...(channel === "mail" ? {} : { channel }),
    createdAtMs,
    messageId: messageId(name, options.node),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    ...(asWritten?.via === undefined ? {} : { via: asWritten.via }),
    from,
    subject:
      asWritten === undefined ? subjectOf(told, severity, isWanted, options) : oneLine(asWritten.subject),
    text:
      asWritten === undefined
        ? letterText(incident, { node: options.node, wanted: isWanted })
        : body([asWritten.text]),
    ...{ severity, node: first.node, opens, closes },
    events: events.filter(isWanted).map(eventId),
    deliveries: [...addressees(events, channel, options)].map(([address, after]) => delivery(address, after)),
  };
}

const delivery = (address: string, afterMs: number): Delivery =>
  afterMs === 0
    ? { address, state: "waiting", attempts: 0 }
    : { address, state: "standby", attempts: 0, afterMs };

/** With angle brackets; the same as long as the name is. */
export const messageId = (name: string, node: string): string =>
  `<${name}@systole.${node.replaceAll(/[^A-Za-z0-9.-]/g, "-")}>`;

interface Told {
  readonly event: ClusterEvent;
  readonly is: Meaning;
}

/** Of each trouble what was heard last: one that began and ended within the incident is over. */
function troubles(told: readonly Told[]): Pick<Letter, "opens" | "closes"> {
  const last = new Map<string, "begins" | "ends">();
  for (const { is } of told) if (is.trouble !== undefined) last.set(is.trouble.key, is.trouble.phase);
  const of = (phase: "begins" | "ends") => [...last].flatMap(([key, now]) => (now === phase ? [key] : []));
  return { opens: of("begins"), closes: of("ends") };
}

const worst = (events: readonly ClusterEvent[], { isOpen }: LetterOptions) =>
  events.map((event) => severityOf(event, isOpen)).reduce((a, b) => (atLeast(a, b) ? a : b), "info");

/** The heaviest fact that somebody wanted to hear of makes the subject. */
function subjectOf(
  told: readonly Told[],
  severity: Letter["severity"],
  isWanted: (event: ClusterEvent) => boolean,
  { subjects: style }: LetterOptions,
): string {
  const worthy = told.filter(({ event }) => isWanted(event) && !isLetter(event));
  // Only a resource's letter is wanted: the takeover around it is the better subject, if there is one.
  const around = told.filter(({ event, is }) => !isLetter(event) && is.weight > 0);
  const candidates = worthy.length > 0 ? worthy : around;
  const letter = told.map(({ event }) => event).find(isLetter);
  if (candidates.length === 0 && letter !== undefined) return oneLine(letter.fact.subject);
  const heaviest = candidates.reduce((a, b) => (b.is.weight > a.is.weight ? b : a));
  const { fact } = heaviest.event;
  const isOtherHalf = ({ event }: Told) =>
    fact.kind === "takeover.finished" && event.fact.kind === "release.finished" && event.node === fact.from;
  const others = worthy.filter((one) => one !== heaviest && one.is.weight > 0 && !isOtherHalf(one)).length;
  const events = told.map(({ event }) => event);
  return subject({ style, severity, heaviest: heaviest.event, events, others });
}

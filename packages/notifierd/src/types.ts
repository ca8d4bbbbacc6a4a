/** What the parts of notifierd tell each other about. */
import type { ClusterEvent, Severity } from "@systole/bus";
import type { Millis } from "@systole/machine";
import type { Hours } from "./core/hours.js";

export type { ClusterEvent, Fact, LetterFact, Severity, StepTime } from "@systole/bus";

export const SEVERITIES: readonly Severity[] = ["info", "notice", "warning", "critical"];

export const atLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

/** How a letter travels: by mail, or to the webhook of that section of notifier.ini. */
export type Channel = "mail" | `webhook ${string}`;

/** Somebody who wants to hear of events from a severity upwards. */
export interface Recipient {
  /** A mail address, or the name of the webhook. */
  readonly address: string;
  readonly channel: Channel;
  readonly severity: Severity;
  /** Patterns of virtual services; none: all of them. */
  readonly services: readonly string[];
  /** Any time unless told otherwise. */
  readonly hours: readonly Hours[];
  /** Only if nobody has acknowledged it by then, and it is not over. */
  readonly after: Millis | undefined;
}

/**
 * One recipient of one letter.
 *
 *   waiting --> delivered | rejected | expired
 *   standby --`afterMs` unacknowledged--> waiting       standby --acknowledged, or over--> spared
 *   held (over the ceiling) --a digest tells of it--> digested
 */
export interface Delivery {
  readonly address: string;
  readonly state:
    | "waiting"
    | "delivered"
    | "rejected"
    | "expired"
    | "standby"
    | "spared"
    | "held"
    | "digested";
  readonly attempts: number;
  /** What the server said last, or why it could not be asked. */
  readonly reply?: string;
  /** Of those that stand by: how long after the letter was written. */
  readonly afterMs?: number;
}

/** A letter as the spool keeps it. */
export interface Letter {
  readonly schemaVersion: 1;
  /** Also its file name; sorts by time. */
  readonly id: string;
  /** Mail if it is not said. */
  readonly channel?: Channel;
  /** Wall clock, milliseconds since 1970: the Date header, and the age across restarts. */
  readonly createdAtMs: number;
  /** With angle brackets; the same for every attempt. */
  readonly messageId: string;
  /** The letter this one answers: a recovery and its failure make one thread. */
  readonly inReplyTo?: string;
  readonly from: string;
  /** A mail server that is asked first. */
  readonly via?: string;
  readonly subject: string;
  readonly text: string;
  readonly severity: Severity;
  readonly node: string;
  /** Troubles it is the first to tell of, and troubles it tells the end of: see `core/threads.ts`. */
  readonly opens: readonly string[];
  readonly closes: readonly string[];
  /** Ids of the events it tells of. */
  readonly events: readonly string[];
  /** Letters of other channels about the same events are still to be written: these events may be told once more. */
  readonly partial?: true;
  /** Ids of the letters that were held back and are told in this one. */
  readonly digestOf?: readonly string[];
  readonly acknowledged?: { readonly by: string; readonly atMs: number };
  readonly deliveries: readonly Delivery[];
}

export const channelOf = ({ channel = "mail" }: Letter): Channel => channel;

/** Names an event for ever, and makes a file name: only letters, digits, dots and hyphens. */
export function eventId({ node, daemon, boot, sequence }: ClusterEvent): string {
  return [node, daemon, boot, String(sequence)]
    .map((part) => part.replaceAll(/[^A-Za-z0-9-]/g, "-"))
    .join(".");
}

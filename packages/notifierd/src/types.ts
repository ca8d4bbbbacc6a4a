/** What the parts of notifierd tell each other about. */
import type { ClusterEvent, Severity } from "@systole/bus";

export type { ClusterEvent, Fact, LetterFact, Severity, StepTime } from "@systole/bus";

export const SEVERITIES: readonly Severity[] = ["info", "notice", "warning", "critical"];

export const atLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

/** Somebody who wants to hear of events from a severity upwards. */
export interface Recipient {
  readonly address: string;
  readonly severity: Severity;
}

/** One recipient of one letter. `reply` is what the server said last, or why it could not be asked. */
export interface Delivery {
  readonly address: string;
  readonly state: "waiting" | "delivered" | "rejected" | "expired";
  readonly attempts: number;
  readonly reply?: string;
}

/** A letter as the spool keeps it. */
export interface Letter {
  readonly schemaVersion: 1;
  /** Also its file name; sorts by time. */
  readonly id: string;
  /** Wall clock, milliseconds since 1970: the Date header, and the age across restarts. */
  readonly createdAtMs: number;
  /** With angle brackets; the same for every attempt. */
  readonly messageId: string;
  /** The letter this one answers: a recovery and its failure make one thread. */
  readonly inReplyTo?: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly severity: Severity;
  readonly node: string;
  /** Troubles it is the first to tell of, and troubles it tells the end of: see `core/threads.ts`. */
  readonly opens: readonly string[];
  readonly closes: readonly string[];
  /** Ids of the events it tells of. */
  readonly events: readonly string[];
  readonly deliveries: readonly Delivery[];
}

/** Names an event for ever, and makes a file name: only letters, digits, dots and hyphens. */
export function eventId({ node, daemon, boot, sequence }: ClusterEvent): string {
  return [node, daemon, boot, String(sequence)]
    .map((part) => part.replaceAll(/[^A-Za-z0-9-]/g, "-"))
    .join(".");
}

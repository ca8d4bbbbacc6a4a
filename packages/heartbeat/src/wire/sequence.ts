/**
 * What we sent: the sequence of our present life, when each of our statuses left, and what may be sent once more.
 *
 * The datagrams themselves are kept by the shell (`HISTORY_LENGTH` of them); here is only what decides.
 * Source: spec of heartbeat 3.0.6, section 6.6. What peers say to us is in reception.ts.
 */
import { type Instant, type Millis, plus } from "@systole/machine";

/** So many messages can be asked for again. */
export const HISTORY_LENGTH = 500;
/** So many statuses are remembered with the moment they left; a peer that echoes an older one is deaf. */
const STATUSES_KEPT = 64;

interface Departure {
  readonly sequence: number;
  readonly at: Instant;
}

export interface Sent {
  /** The last sequence used; the first of a life is 1. */
  readonly last: number;
  /** Our newest statuses, oldest first. */
  readonly statuses: readonly Departure[];
  /** When a message was last sent again, newest last. */
  readonly resent: readonly Departure[];
}

export const nothingSent: Sent = { last: 0, statuses: [], resent: [] };

/** The next message takes the next sequence. */
export const count = (before: Sent): Sent => ({ ...before, last: before.last + 1 });

/** The next message is a status: remember when it left. */
export function countStatus(before: Sent, now: Instant): Sent {
  const last = before.last + 1;
  const statuses = [...before.statuses.slice(1 - STATUSES_KEPT), { sequence: last, at: now }];
  return { ...before, last, statuses };
}

/** When the newest status up to this sequence left; undefined if that is long ago. */
export function leftAt(sent: Sent, sequence: number): Instant | undefined {
  return sent.statuses.findLast((one) => one.sequence <= sequence)?.at;
}

/** What a request for a range leads to. */
export interface Repetition {
  readonly sent: Sent;
  /** To be sent again, in this order. */
  readonly again: readonly number[];
  /** Not to be had any more. */
  readonly refused: readonly number[];
}

/**
 * Answers a request to send `first` to `last` again: at most 50 of them, none that was sent again less than
 * `maxDelay` - 10 ms ago, none that was never sent.
 */
export function repeat(
  before: Sent,
  range: { first: number; last: number },
  now: Instant,
  maxDelay: Millis,
): Repetition {
  const again: number[] = [];
  const refused: number[] = [];
  const last = Math.min(range.last, before.last, range.first + 49);
  const recent = before.resent.filter((one) => plus(one.at, maxDelay) - 10 > now);
  for (let sequence = range.first; sequence <= last; sequence++) {
    if (sequence < 1 || sequence <= before.last - HISTORY_LENGTH) refused.push(sequence);
    else if (!recent.some((one) => one.sequence === sequence)) again.push(sequence);
  }
  const resent = [...recent, ...again.map((sequence) => ({ sequence, at: now }))].slice(-HISTORY_LENGTH);
  return { sent: { ...before, resent }, again, refused };
}

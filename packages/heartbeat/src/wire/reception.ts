/**
 * The order of what one peer says: generation, duplicates, gaps, acknowledgement.
 *
 *   seq = last + 1: in order     seq <= last, missing: fills a gap     else <= last: heard already
 *   seq > last + 1: accepted at once; each sequence between is missing and asked for until it comes or is refused
 *   higher generation: the peer started again, everything begins anew; lower: a replay, dropped
 *
 * A message is never held back for one that is missing: order is the business of whoever needs it.
 * Source: spec of heartbeat 3.0.6, section 6.6.
 */
import { earliest, type Instant, type Millis, milliseconds, plus } from "@systole/machine";

/** A wider gap is not asked for: the peer was away too long for its history to help. */
export const WIDEST_GAP = 250;
/** So many sequences may be missing; older ones are given up. */
export const MOST_MISSING = 500;
/** So many are asked for in one request. */
export const MOST_PER_REQUEST = 50;

interface Missing {
  readonly sequence: number;
  readonly askAt: Instant;
}

interface Place {
  readonly generation: number;
  readonly sequence: number;
}

export interface Reception {
  /** Of the peer's present life; undefined before the first message. */
  readonly generation: number | undefined;
  readonly last: number;
  readonly missing: readonly Missing[];
  /**
   * Up to where a former process of ours had heard it; gone with the first message that is newer, or that proves its
   * freshness by acknowledging our present life. Everything else may be a recording.
   */
  readonly known?: Place;
}

export const nothingReceived: Reception = { generation: undefined, last: 0, missing: [] };

export type Verdict =
  /** In order, or after a gap of `lost` sequences. */
  | { readonly kind: "next"; readonly lost: number; readonly previous: number }
  /** An older one that was missing; `complete` if it was the last. */
  | { readonly kind: "filled"; readonly complete: boolean }
  /** The first of a new life; `first` if we never heard the node before. */
  | { readonly kind: "new-life"; readonly first: boolean }
  | { readonly kind: "duplicate" }
  | { readonly kind: "replay"; readonly current: number };

export interface Received {
  readonly reception: Reception;
  readonly verdict: Verdict;
}

/**
 * Judges one message with a sequence.
 *
 * @param fresh it acknowledges something that we said in our present life, so it cannot be older than that.
 */
export function receive(
  before: Reception,
  place: Place,
  now: Instant,
  maxDelay: Millis,
  fresh = false,
): Received {
  const { generation, sequence } = place;
  if (before.known !== undefined && !fresh && !isAfter(place, before.known)) {
    return { reception: before, verdict: { kind: "replay", current: before.known.generation } };
  }
  if (before.generation !== undefined && generation < before.generation) {
    return { reception: before, verdict: { kind: "replay", current: before.generation } };
  }
  if (before.generation === undefined || generation > before.generation) {
    const first = before.generation === undefined;
    return { reception: { generation, last: sequence, missing: [] }, verdict: { kind: "new-life", first } };
  }
  if (sequence <= before.last) return fill(before, sequence);
  const lost = sequence - before.last - 1;
  const verdict: Verdict = { kind: "next", lost, previous: before.last };
  if (lost === 0) return { reception: { ...before, last: sequence }, verdict };
  const missing =
    lost > WIDEST_GAP ? [] : [...before.missing, ...gap(before.last + 1, sequence, now, maxDelay)];
  return { reception: { generation, last: sequence, missing: missing.slice(-MOST_MISSING) }, verdict };
}

const isAfter = (place: Place, known: Place): boolean =>
  place.generation > known.generation ||
  (place.generation === known.generation && place.sequence > known.sequence);

function fill(before: Reception, sequence: number): Received {
  const missing = before.missing.filter((one) => one.sequence !== sequence);
  if (missing.length === before.missing.length) {
    return { reception: before, verdict: { kind: "duplicate" } };
  }
  return {
    reception: { ...before, missing },
    verdict: { kind: "filled", complete: missing.length === 0 },
  };
}

function gap(from: number, to: number, now: Instant, maxDelay: Millis): Missing[] {
  const missing: Missing[] = [];
  for (let sequence = from; sequence < to; sequence++) {
    missing.push({ sequence, askAt: plus(now, firstDelay(sequence, maxDelay)) });
  }
  return missing;
}

/** 50 ms to `maxDelay`, spread by the sequence so that several receivers do not all ask at once. */
function firstDelay(sequence: number, maxDelay: Millis): Millis {
  const from = maxDelay < 100 ? 0 : 50;
  return milliseconds(from + ((sequence * 37) % Math.max(1, maxDelay - from)));
}

/** The peer says that it has not got this one any more. */
export function giveUp(before: Reception, sequence: number): Reception {
  const missing = before.missing.filter((one) => one.sequence !== sequence);
  return missing.length === before.missing.length ? before : { ...before, missing };
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What is to be asked for now, as ranges, and when again. */
export function ask(
  before: Reception,
  now: Instant,
  maxDelay: Millis,
): { reception: Reception; ranges: Range[] } {
  const due = before.missing.filter((one) => one.askAt <= now).slice(0, MOST_PER_REQUEST);
  if (due.length === 0) return { reception: before, ranges: [] };
  const ranges: { first: number; last: number }[] = [];
  for (const { sequence } of due.toSorted((a, b) => a.sequence - b.sequence)) {
    const open = ranges.at(-1);
    if (open?.last === sequence - 1) open.last = sequence;
    else ranges.push({ first: sequence, last: sequence });
  }
  const asked = new Set(due.map((one) => one.sequence));
  const missing = before.missing.map((one) =>
    asked.has(one.sequence) ? { ...one, askAt: plus(now, maxDelay) } : one,
  );
  return { reception: { ...before, missing }, ranges };
}

/** When the next missing one is to be asked for. */
export const nextAsk = (reception: Reception): Instant | undefined =>
  reception.missing.length === 0 ? undefined : earliest(reception.missing.map((one) => one.askAt));

/**
 * Whether a message that came in order is to be acknowledged: every tenth, counted from a place of the peer's own, and
 * not while an older one is missing. A real heartbeat that is never acknowledged stops its clients after 250 messages.
 */
export function acknowledges(reception: Reception, sequence: number, trigger: number): boolean {
  return sequence % 10 === trigger && reception.missing.length === 0;
}

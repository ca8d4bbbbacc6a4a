/**
 * Maintenance: what somebody does not want to hear for a while. Each silence has an end, and its end tells what was
 * not told.
 */
import { earliest, type Instant, type Step } from "@systole/machine";

export interface Silence {
  readonly id: string;
  readonly pattern: string;
  readonly by: string;
  readonly why: string;
  readonly until: Instant;
  readonly untold: number;
  /** The last events that were not told, a line each. */
  readonly lines: readonly string[];
  /** Troubles that began meanwhile, or before, and whose end was not heard. */
  readonly troubles: readonly string[];
}

export const SILENCE_LIMIT = 100;
const LINES = 100;
const TROUBLES = 200;

export type Silences = ReadonlyMap<string, Silence>;

/** The event is about something that is to be silent. */
export interface Untold {
  /** Undefined: nobody would have been told of it anyway. */
  readonly line: string | undefined;
  readonly trouble?: { readonly what: string; readonly phase: "begins" | "ends" };
}

/** Undefined if no silence covers it. The first one that does keeps it. */
export function muted(
  silences: Silences,
  covers: (pattern: string) => boolean,
  untold: Untold,
): Silences | undefined {
  const silence = [...silences.values()].find(({ pattern }) => covers(pattern));
  if (silence === undefined) return undefined;
  const { line, trouble } = untold;
  const others = silence.troubles.filter((what) => what !== trouble?.what);
  return new Map(silences).set(silence.id, {
    ...silence,
    untold: silence.untold + (line === undefined ? 0 : 1),
    lines: line === undefined ? silence.lines : [...silence.lines, line].slice(-LINES),
    troubles: trouble?.phase === "begins" ? [...others, trouble.what].slice(-TROUBLES) : others,
  });
}

export const silenceEnds = (silences: Silences): Instant | undefined =>
  earliest([...silences.values()].map(({ until }) => until));

export interface Ended {
  readonly type: "ended";
  readonly silence: Silence;
}

/** Silences whose time is over, and one that is ended by hand. */
export function ended(silences: Silences, now: Instant, byHand?: string): Step<Silences, Ended> {
  const over = [...silences.values()].filter(({ id, until }) => now >= until || id === byHand);
  if (over.length === 0) return { state: silences, actions: [] };
  const state = new Map(silences);
  for (const { id } of over) state.delete(id);
  return { state, actions: over.map((silence) => ({ type: "ended", silence })) };
}

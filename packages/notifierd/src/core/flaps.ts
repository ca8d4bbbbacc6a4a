/**
 * What changes too often is told once and then left alone until it is calm.
 *
 *   calm --`changes` within `window`--> flapping --no change for `window`--> calm
 *
 * That something is well when it is seen for the first time, such as a link after a start, is no change.
 * The change that makes it flapping is still told, with the news that it flaps; the end brings one summary. Each thing
 * is judged alone: ten real servers that go down once are ten troubles, not one that flaps.
 */
import {
  between,
  earliest,
  type Instant,
  type Millis,
  milliseconds,
  plus,
  type Step,
} from "@systole/machine";

export interface FlapTiming {
  /** So many changes ... */
  readonly changes: number;
  /** ... within this time are too many; so long without one is calm. */
  readonly window: Millis;
}

/** More things than this are not watched: the one that changed longest ago is forgotten first. */
export const FLAP_LIMIT = 2000;

export interface Flap {
  /** For people. */
  readonly what: string;
  /** Changes within the window, the last `changes` at most. */
  readonly recent: readonly Instant[];
  readonly downSince: Instant | undefined;
  readonly longestDownMs: number;
  /** Undefined while calm. */
  readonly flapping: { readonly since: Instant; readonly count: number } | undefined;
}

/** By key, the one that changed last at the end. */
export type Flaps = ReadonlyMap<string, Flap>;

/** One thing became worse or better. */
export interface Change {
  readonly key: string;
  readonly what: string;
  readonly down: boolean;
  /** A person asked for it: that is no flap, but it is not told either while the thing flaps. */
  readonly ordered?: true;
}

export type FlapAction =
  | { readonly type: "mute" }
  | { readonly type: "flapping"; readonly key: string; readonly flap: Flap; readonly changes: number }
  | { readonly type: "calm"; readonly key: string; readonly flap: Flap; readonly lastedMs: number };

export function changed(
  flaps: Flaps,
  change: Change,
  now: Instant,
  timing: FlapTiming,
): Step<Flaps, FlapAction> {
  const { key, what, down, ordered } = change;
  const before = flaps.get(key);
  if (ordered && before?.flapping === undefined) return { state: flaps, actions: [] };
  if (before === undefined && !down) return { state: flaps, actions: [] }; // seen for the first time, and well
  const from = plus(now, milliseconds(-timing.window));
  const recent = [...(before?.recent ?? []).filter((at) => at > from), now].slice(-timing.changes);
  const lastDown = before?.downSince === undefined ? 0 : between(before.downSince, now);
  const after: Flap = {
    ...{ what, recent },
    downSince: down ? (before?.downSince ?? now) : undefined,
    longestDownMs: Math.max(before?.flapping === undefined ? 0 : before.longestDownMs, lastDown),
    flapping:
      before?.flapping === undefined ? undefined : { ...before.flapping, count: before.flapping.count + 1 },
  };
  if (after.flapping !== undefined) return { state: put(flaps, key, after), actions: [{ type: "mute" }] };
  if (recent.length < timing.changes) return { state: put(flaps, key, after), actions: [] };
  const flap = { ...after, flapping: { since: recent[0]!, count: recent.length } };
  return { state: put(flaps, key, flap), actions: [{ type: "flapping", key, flap, changes: recent.length }] };
}

function put(flaps: Flaps, key: string, flap: Flap): Flaps {
  const after = new Map(flaps);
  after.delete(key); // the last one that changed stands last
  after.set(key, flap);
  if (after.size > FLAP_LIMIT) after.delete(after.keys().next().value!);
  return after;
}

/** When one of them will have been without a change for long enough. */
export const calmAt = (flaps: Flaps, { window }: FlapTiming): Instant | undefined =>
  earliest([...flaps.values()].flatMap((flap) => (flap.flapping === undefined ? [] : [calm(flap, window)])));

const calm = ({ recent }: Flap, window: Millis): Instant => plus(recent.at(-1)!, window);

/** Not forgotten: when it comes back, that is a change. */
const isDown = ({ flapping, downSince }: Flap): boolean => flapping === undefined && downSince !== undefined;

/** What has become calm is told and forgotten. */
export function settled(flaps: Flaps, now: Instant, { window }: FlapTiming): Step<Flaps, FlapAction> {
  const state = new Map(flaps);
  const actions: FlapAction[] = [];
  for (const [key, flap] of flaps) {
    if (now < calm(flap, window) || isDown(flap)) continue;
    state.delete(key);
    if (flap.flapping === undefined) continue;
    const lastDown = flap.downSince === undefined ? 0 : between(flap.downSince, now);
    const longestDownMs = Math.max(flap.longestDownMs, lastDown);
    actions.push({
      ...{ type: "calm", key, flap: { ...flap, longestDownMs } },
      lastedMs: between(flap.flapping.since, flap.recent.at(-1)!),
    });
  }
  return { state: actions.length === 0 && state.size === flaps.size ? flaps : state, actions };
}

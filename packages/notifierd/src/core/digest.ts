/**
 * One incident, one letter.
 *
 *   quiet --wanted event--> collecting --groupWait without another, or too long--> quiet, letter
 *
 * While a takeover is under way the letter waits for its end, with a limit: then one letter tells the whole failover.
 * Events nobody asked for do not begin a letter, but the recent ones are told in it: they are the story around it.
 */
import {
  earliest,
  type Instant,
  type Machine,
  type Millis,
  milliseconds,
  plus,
  type Step,
} from "@systole/machine";
import type { ClusterEvent } from "../types.js";

export interface DigestTiming {
  readonly groupWait: Millis;
  /** How long a stream of events may hold back a letter. */
  readonly longest: Millis;
  /** How long a takeover may hold it back. */
  readonly takeoverLimit: Millis;
  /** How far back the story around an incident goes. */
  readonly story: Millis;
}

/** Five waits at most; a minute for a takeover; half a minute of story. */
export const digestTiming = (groupWait: Millis): DigestTiming => ({
  groupWait,
  longest: milliseconds(groupWait * 5),
  takeoverLimit: milliseconds(60_000),
  story: milliseconds(30_000),
});

export const GROUP_LIMIT = 200;
export const STORY_LIMIT = 50;

export interface DigestOptions extends DigestTiming {
  /** Somebody wants to hear of it: it begins a letter. */
  readonly wanted: (event: ClusterEvent) => boolean;
  /** It goes out at once and alone, as its publisher wrote it. */
  readonly alone: (event: ClusterEvent) => boolean;
}

/** What becomes a letter. */
export interface Incident {
  /** In the order they came; `wanted` ones and the story around them. */
  readonly events: readonly ClusterEvent[];
  /** What the notifier itself has to say: events that are lost. */
  readonly notes: readonly string[];
}

interface Collecting {
  readonly since: Instant;
  readonly last: Instant;
  readonly events: readonly ClusterEvent[];
}

export interface Digest {
  readonly collecting: Collecting | undefined;
  readonly story: readonly { readonly at: Instant; readonly event: ClusterEvent }[];
  readonly notes: readonly string[];
  /** Takeovers of which the end has not been heard: their groups, and when the last began. */
  readonly takeover: { readonly groups: readonly string[]; readonly since: Instant } | undefined;
}

export type DigestEvent =
  | { readonly type: "event"; readonly event: ClusterEvent }
  | { readonly type: "note"; readonly text: string }
  /** Do not wait any longer: the daemon stops, or somebody asks. */
  | { readonly type: "close" };

export interface DigestAction {
  readonly type: "write";
  readonly incident: Incident;
}

export const QUIET: Digest = { collecting: undefined, story: [], notes: [], takeover: undefined };

const NOTE_LIMIT = 20;

export function digestMachine(options: DigestOptions): Machine<Digest, DigestEvent, DigestAction> {
  return {
    step(state, event, now) {
      switch (event.type) {
        case "tick": {
          const due = closesAt(state, options);
          return due !== undefined && now >= due ? close(state) : { state, actions: [] };
        }
        case "close":
          return close(state);
        case "note":
          return { state: { ...state, notes: [...state.notes, event.text].slice(-NOTE_LIMIT) }, actions: [] };
        case "event":
          return heard(state, event.event, now, options);
      }
    },
    nextDeadline: (state) => closesAt(state, options),
  };
}

function closesAt({ collecting, takeover }: Digest, options: DigestTiming): Instant | undefined {
  if (collecting === undefined) return undefined;
  const held = takeover === undefined ? undefined : plus(takeover.since, options.takeoverLimit);
  if (held !== undefined && held > collecting.last) return held;
  return earliest([plus(collecting.last, options.groupWait), plus(collecting.since, options.longest)]);
}

function heard(
  state: Digest,
  event: ClusterEvent,
  now: Instant,
  options: DigestOptions,
): Step<Digest, DigestAction> {
  if (options.alone(event)) {
    const incident = { events: [event], notes: [] };
    return { state, actions: options.wanted(event) ? [{ type: "write", incident }] : [] };
  }
  const noted = { ...state, takeover: underWay(state.takeover, event, now) };
  const { collecting } = noted;
  if (collecting !== undefined) {
    const events = [...collecting.events, event];
    const last = options.wanted(event) ? now : collecting.last;
    // What follows the end of a takeover gets as much time as if the incident began there.
    const since = event.fact.kind === "takeover.finished" ? now : collecting.since;
    const after = { ...noted, collecting: { since, last, events } };
    return events.length >= GROUP_LIMIT ? close(after) : { state: after, actions: [] };
  }
  const from = plus(now, milliseconds(-options.story));
  const story = noted.story.filter(({ at }) => at >= from);
  if (!options.wanted(event)) {
    return { state: { ...noted, story: [...story, { at: now, event }].slice(-STORY_LIMIT) }, actions: [] };
  }
  const events = [...story.map((told) => told.event), event];
  return { state: { ...noted, story: [], collecting: { since: now, last: now, events } }, actions: [] };
}

function underWay(before: Digest["takeover"], { fact }: ClusterEvent, now: Instant): Digest["takeover"] {
  const groups = before?.groups ?? [];
  if (fact.kind === "takeover.started") return { groups: [...groups, ...fact.groups], since: now };
  if (before === undefined || (fact.kind !== "takeover.finished" && fact.kind !== "release.finished"))
    return before;
  const left = groups.filter((group) => !fact.groups.includes(group));
  return left.length === 0 ? undefined : { groups: left, since: before.since };
}

function close(state: Digest): Step<Digest, DigestAction> {
  const { collecting, notes } = state;
  if (collecting === undefined) return { state, actions: [] };
  return {
    state: QUIET,
    actions: [{ type: "write", incident: { events: collecting.events, notes } }],
  };
}

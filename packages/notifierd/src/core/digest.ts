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
  /** After a power failure: how long the cluster has to find its feet. */
  readonly returnLimit: Millis;
  /** How far back the story around an incident goes. */
  readonly story: Millis;
}

/** Five waits at most; a minute for a takeover, two after a power failure (initdead); half a minute of story. */
export const digestTiming = (groupWait: Millis): DigestTiming => ({
  groupWait,
  longest: milliseconds(groupWait * 5),
  takeoverLimit: milliseconds(60_000),
  returnLimit: milliseconds(120_000),
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
  /** Message-ID of a letter that the other director wrote before: this one goes on with its story. */
  readonly answers?: string;
}

interface Collecting {
  readonly since: Instant;
  readonly last: Instant;
  readonly events: readonly ClusterEvent[];
  readonly answers?: string;
}

export interface Digest {
  readonly collecting: Collecting | undefined;
  readonly story: readonly { readonly at: Instant; readonly event: ClusterEvent }[];
  readonly notes: readonly string[];
  /** Of what the end has not been heard, and how long the last of it may hold back a letter. */
  readonly pending: { readonly what: readonly string[]; readonly until: Instant } | undefined;
}

export type DigestEvent =
  | { readonly type: "event"; readonly event: ClusterEvent }
  /** From the other director (hand-over.ts): it waits no longer than our own. */
  | { readonly type: "half"; readonly event: ClusterEvent; readonly answers?: string }
  | { readonly type: "note"; readonly text: string }
  /** Do not wait any longer: the daemon stops, or somebody asks. */
  | { readonly type: "close" };

export interface DigestAction {
  readonly type: "write";
  readonly incident: Incident;
}

export const QUIET: Digest = { collecting: undefined, story: [], notes: [], pending: undefined };

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
        case "half":
          return heard(state, event, now, options);
      }
    },
    nextDeadline: (state) => closesAt(state, options),
  };
}

function closesAt({ collecting, pending }: Digest, options: DigestTiming): Instant | undefined {
  if (collecting === undefined) return undefined;
  if (pending !== undefined && pending.until > collecting.last) return pending.until;
  return earliest([plus(collecting.last, options.groupWait), plus(collecting.since, options.longest)]);
}

type Heard = Extract<DigestEvent, { readonly event: ClusterEvent }>;

function heard(state: Digest, one: Heard, now: Instant, options: DigestOptions): Step<Digest, DigestAction> {
  const { event } = one;
  if (options.alone(event)) {
    const incident = { events: [event], notes: [] };
    return { state, actions: options.wanted(event) ? [{ type: "write", incident }] : [] };
  }
  const noted = { ...state, pending: underWay(state, one, now, options) };
  const thread = one.type === "half" && one.answers !== undefined ? { answers: one.answers } : {};
  const { collecting } = noted;
  if (collecting !== undefined) {
    const events = [...collecting.events, event];
    const last = options.wanted(event) && one.type === "event" ? now : collecting.last;
    // What follows the end of a takeover gets as much time as if the incident began there.
    const since = event.fact.kind === "takeover.finished" ? now : collecting.since;
    const after = { ...noted, collecting: { ...collecting, since, last, events, ...thread } };
    return events.length >= GROUP_LIMIT ? close(after) : { state: after, actions: [] };
  }
  const from = plus(now, milliseconds(-options.story));
  const story = noted.story.filter(({ at }) => at >= from);
  if (!options.wanted(event)) {
    return { state: { ...noted, story: [...story, { at: now, event }].slice(-STORY_LIMIT) }, actions: [] };
  }
  const events = [...story.map((told) => told.event), event];
  const began = { since: now, last: now, events, ...thread };
  return { state: { ...noted, story: [], collecting: began }, actions: [] };
}

/**
 * What is about to be more: a node that is late may be dead in a moment; a dead one's groups are taken over; one that
 * is back after a power failure takes over, or sees that it need not; who gave us a group may leave its half to us.
 */
function underWay(
  { pending, collecting }: Digest,
  { type, event: { fact, node } }: Heard,
  now: Instant,
  { takeoverLimit, returnLimit, groupWait }: DigestTiming,
): Digest["pending"] {
  const until = (length: number): Instant => plus(now, milliseconds(length));
  switch (fact.kind) {
    case "node.returned":
      return hold(pending, ["return"], until(returnLimit));
    case "node.late":
      return hold(
        pending,
        [`late ${fact.peer}`],
        until(Math.max(0, fact.deadtimeMs - fact.silenceMs) + groupWait),
      );
    case "node.dead":
    case "node.alive":
      return release(pending, (one) => one === `late ${fact.peer}`);
    case "takeover.started":
      return hold(
        pending,
        fact.groups.map((group) => `group ${group}`),
        until(takeoverLimit),
      );
    case "takeover.finished": {
      const { from } = fact;
      const rest = release(pending, (one) => one === `half ${from}` || isOver(fact.groups)(one));
      const isHere = collecting?.events.some((one) => one.node === from && isRelease(one)) === true;
      // The giver collects for one wait before it says anything.
      return from === undefined || isHere ? rest : hold(rest, [`half ${from}`], until(2 * groupWait + 1000));
    }
    case "release.finished":
      return release(pending, type === "half" ? (one) => one === `half ${node}` : isOver(fact.groups));
    default:
      return pending;
  }
}

const isRelease = ({ fact }: ClusterEvent): boolean => fact.kind === "release.finished";
const isOver = (groups: readonly string[]) => (what: string) =>
  what === "return" || groups.some((group) => what === `group ${group}`);

function hold(before: Digest["pending"], what: readonly string[], until: Instant): Digest["pending"] {
  const last = before === undefined || until > before.until ? until : before.until;
  return { what: [...(before?.what ?? []), ...what], until: last };
}

function release(before: Digest["pending"], isOverNow: (what: string) => boolean): Digest["pending"] {
  const what = before?.what.filter((one) => !isOverNow(one)) ?? [];
  return before === undefined || what.length === 0 ? undefined : { what, until: before.until };
}

function close(state: Digest): Step<Digest, DigestAction> {
  const { collecting, notes } = state;
  if (collecting === undefined) return { state, actions: [] };
  const { events, answers } = collecting;
  return {
    state: QUIET,
    actions: [{ type: "write", incident: { events, notes, ...(answers === undefined ? {} : { answers }) } }],
  };
}

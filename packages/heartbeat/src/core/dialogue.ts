/**
 * What a real heartbeat tells in words of two nodes: what it holds, whether it is stable, and the hand-over.
 *
 * Our own nodes say all of that in their statuses, group by group; between them these words are only for the reader of
 * a packet dump. Source: spec of heartbeat 3.0.6, sections 7.3 to 7.5.
 */
import { earliest, type Instant, plus, seconds } from "@systole/machine";
import type { GroupClaim, GroupKey, HoldSet, Message, NodeName, Place } from "./message.js";
import type { GroupSettings } from "./settings.js";
import { groupsOf, isNewer } from "./statement.js";

/** A hand-over in progress. `set` is in the view of the giver. */
export interface HandOver {
  readonly role: "giver" | "taker";
  readonly set: HoldSet;
  /** `asked`: no answer yet; `releasing`: the giver stops; `acquiring`: the taker starts. */
  readonly phase: "asked" | "releasing" | "acquiring";
  /** Cancelled then. */
  readonly until: Instant;
}

export interface Dialogue {
  /** From its newest full `resource` message; undefined before the first. */
  readonly holds: HoldSet | undefined;
  readonly stable: boolean;
  /** It was stable once in this life: when it is not, it is stopping or starting something. */
  readonly wasStable: boolean;
  readonly place: Place | undefined;
  /** It has answered our `reqnodes` of this life: so it has heard this life of ours. */
  readonly knowsUs: boolean;
  /** When it may be asked (again) for `reqnodes`. */
  readonly askNodesAt: Instant | undefined;
  /** When neither of us was stable for 10 s, each takes the groups that prefer it. */
  readonly bothStartingUntil: Instant | undefined;
  readonly handOver: HandOver | undefined;
  /**
   * A partition has healed. A real heartbeat that had called us dead gives up everything 2 s later and starts anew,
   * whoever is preferred: until then we keep what both of us have.
   */
  readonly givesUpUntil: Instant | undefined;
  /** auto_failback legacy: groups that it has let us take, in this life of both of us. */
  readonly granted: readonly GroupKey[];
  /** auto_failback legacy: groups that it has asked for and that are still being stopped here. */
  readonly requested: readonly GroupKey[];
  /** auto_failback legacy: when we last asked for what prefers us. */
  readonly requestedAt: Instant | undefined;
}

export const noDialogue: Dialogue = {
  holds: undefined,
  stable: false,
  wasStable: false,
  place: undefined,
  knowsUs: false,
  askNodesAt: undefined,
  bothStartingUntil: undefined,
  handOver: undefined,
  givesUpUntil: undefined,
  granted: [],
  requested: [],
  requestedAt: undefined,
};

/** Neither side stable: after so long each takes what prefers it. */
const BOTH_STARTING = seconds(10);

/** From the heal to its `resource none` 2.7 to 4.2 s were seen. */
const GIVES_UP = seconds(10);

/** A partition has healed. */
export const healed = (before: Dialogue, now: Instant): Dialogue => ({
  ...before,
  givesUpUntil: plus(now, GIVES_UP),
});

/** When something in the dialogue is over although nothing was said; what is past does not count. */
export function dialogueDeadline({ bothStartingUntil, givesUpUntil }: Dialogue, lastStepAt: Instant) {
  return earliest([bothStartingUntil, givesUpUntil].filter((at) => at !== undefined && at > lastStepAt));
}

/** Takes in a `resource` report. */
export function reported(
  before: Dialogue,
  message: Extract<Message, { type: "resource" }>,
  place: Place,
  now: Instant,
): Dialogue {
  if (message.stable === undefined || !isNewer(place, before.place)) return before;
  return {
    ...before,
    holds: message.holds,
    stable: message.stable,
    wasStable: before.wasStable || message.stable,
    place,
    bothStartingUntil: before.bothStartingUntil ?? plus(now, BOTH_STARTING),
  };
}

/** In auto_failback legacy it does not say what it has: what it has not granted us is its own. */
export const claimInLegacy = (
  { granted }: Dialogue,
  { key }: GroupSettings,
  to: { readonly node: NodeName; readonly generation: number },
): GroupClaim =>
  granted.includes(key) ? { group: key, state: "given", to } : { group: key, state: "running" };

/**
 * What a real heartbeat says of one group, as if it said it as we do. What it has not told counts as its own, and while
 * it is not stable it may still take what nobody has. Its words run ahead of its deeds: it says that it holds nothing
 * when it begins to stop, so that what it has is free only once it is stable again, gives it or says goodbye.
 */
export function claimInWords(
  dialogue: Dialogue,
  peer: NodeName,
  group: GroupSettings,
  now: Instant,
): GroupClaim | undefined {
  const { holds, stable, wasStable, bothStartingUntil } = dialogue;
  const key: GroupKey = group.key;
  if (holds === undefined) return { group: key, state: "starting" };
  if (groupsOf(holds, peer, [group]).length > 0) return { group: key, state: "running" };
  if (!stable && wasStable) return { group: key, state: "stopping" };
  const waited = bothStartingUntil !== undefined && now >= bothStartingUntil && group.preferred !== peer;
  return stable || waited ? undefined : { group: key, state: "starting" };
}

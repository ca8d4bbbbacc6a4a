/**
 * What a peer last said of itself: its groups, and up to where it has heard us.
 *
 * A statement is replaced as a whole by the next one, and only by a newer one: heartbeats overtake each other. A new
 * life of the peer begins with an empty statement: what its former life held is gone with it, and it has heard nothing.
 */
import type { Millis } from "@systole/machine";
import type { GroupClaim, GroupKey, HoldSet, Message, NodeName, NodeState, Place } from "./message.js";
import type { GroupSettings } from "./settings.js";

export interface Statement {
  /** Where it stands in what the peer said; undefined before the first status of this life. */
  readonly place: Place | undefined;
  readonly state: NodeState | undefined;
  /** Up to where it had heard us; undefined if not at all, or if it is a real heartbeat, which does not say. */
  readonly heardUs: Place | undefined;
  readonly claims: readonly GroupClaim[];
  readonly leaving: boolean;
  /** The silence after which it wants to be called dead. */
  readonly deadtime: Millis | undefined;
  readonly configuration: string | undefined;
  /** The length of its VIP lease; 0 if it has none, undefined if it does not say. */
  readonly lease: Millis | undefined;
  readonly macs: readonly string[];
  /** It speaks as we do; false for a real heartbeat, undefined before its first status. */
  readonly ours: boolean | undefined;
}

export const nothingSaid: Statement = {
  place: undefined,
  state: undefined,
  heardUs: undefined,
  claims: [],
  leaving: false,
  deadtime: undefined,
  configuration: undefined,
  lease: undefined,
  macs: [],
  ours: undefined,
};

export const isNewer = (place: Place, than: Place | undefined): boolean =>
  than === undefined ||
  place.generation > than.generation ||
  (place.generation === than.generation && place.sequence > than.sequence);

/** The statement in a status. A real heartbeat's claims come from its `resource` messages and are kept. */
export function fromStatus(
  before: Statement,
  status: Extract<Message, { type: "status" }>,
  place: Place,
  local: NodeName,
): Statement {
  const { ours, state, deadtime } = status;
  if (ours === undefined) return { ...before, place, state, deadtime, ours: false };
  const heardUs = ours.heard.find((heard) => heard.node === local);
  const { claims, leaving, configuration, lease, macs = [] } = ours;
  return { place, state, heardUs, claims, leaving, deadtime, configuration, lease, macs, ours: true };
}

/** The groups that a hold set of `node` means: `local` are those it prefers. */
export function groupsOf(
  set: HoldSet,
  node: NodeName,
  groups: readonly GroupSettings[],
): readonly GroupKey[] {
  const meant: Readonly<Record<HoldSet, (preferred: NodeName) => boolean>> = {
    none: () => false,
    local: (preferred) => preferred === node,
    foreign: (preferred) => preferred !== node,
    all: () => true,
  };
  return groups.filter(({ preferred }) => meant[set](preferred)).map((group) => group.key);
}

/** The same groups seen by the other of two nodes. */
export const mirrored: Readonly<Record<HoldSet, HoldSet>> = {
  none: "none",
  local: "foreign",
  foreign: "local",
  all: "all",
};

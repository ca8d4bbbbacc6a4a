/** One step of the core in the making: the next state, and the actions so far. */
import type { Fact, Severity } from "@systole/bus";
import { type Instant, instant, type Step } from "@systole/machine";
import { count } from "../wire/sequence.js";
import type { CoreAction } from "./action.js";
import type { GroupKey, Message, NodeName } from "./message.js";
import type { Note } from "./note.js";
import { claimOf, type OwnershipEvent, ownershipMachine } from "./ownership.js";
import { type ClusterState, type Group, idleGroup, type Peer } from "./state.js";

export interface Turn {
  readonly now: Instant;
  state: ClusterState;
  readonly actions: CoreAction[];
  /** A status shall leave at the end of this turn: the others must hear of a change. */
  speak: boolean;
}

export const beginTurn = (state: ClusterState, now: Instant): Turn => ({
  now,
  state,
  actions: [],
  speak: false,
});

export const endTurn = (turn: Turn): Step<ClusterState, CoreAction> => ({
  state: { ...turn.state, lastStepAt: turn.now },
  actions: turn.actions,
});

export function change(turn: Turn, changes: Partial<ClusterState>): void {
  turn.state = { ...turn.state, ...changes };
}

export function act(turn: Turn, action: CoreAction): void {
  turn.actions.push(action);
}

export const note = (turn: Turn, line: Note): void => act(turn, { type: "log", note: line });

export const publish = (turn: Turn, severity: Severity, fact: Fact): void =>
  act(turn, { type: "publish", severity, fact });

/** Whole milliseconds from `since` until now; 0 if there was no beginning. */
export const elapsed = (turn: Turn, since: Instant | undefined): number =>
  since === undefined ? 0 : Math.round(turn.now - since);

/** Sends a message with a sequence. Statuses go through speaking.ts. */
export function send(turn: Turn, message: Message, dest?: NodeName): void {
  const sent = count(turn.state.sent);
  change(turn, { sent });
  const { generation } = turn.state;
  act(turn, {
    type: "send",
    generation,
    sequence: sent.last,
    ...(dest === undefined ? {} : { dest }),
    message,
  });
}

/** Sends a message without a sequence (`NS_`). */
export const sendUnnumbered = (turn: Turn, message: Message, dest: NodeName): void =>
  act(turn, { type: "send", generation: turn.state.generation, dest, message });

/** Changes one peer. Returns it. */
export function changePeer(turn: Turn, node: NodeName, changes: Partial<Peer>): Peer {
  const peer = { ...turn.state.peers.get(node)!, ...changes }; // callers have found the peer before
  change(turn, { peers: new Map(turn.state.peers).set(node, peer) });
  return peer;
}

export function changeGroup(turn: Turn, key: GroupKey, changes: Partial<Group>): void {
  const before = turn.state.groups.get(key) ?? idleGroup;
  change(turn, { groups: new Map(turn.state.groups).set(key, { ...before, ...changes }) });
}

/** Feeds the ownership of one group; what the others must hear of is said at the end of the turn. */
export function stepGroup(
  turn: Turn,
  key: GroupKey,
  event: OwnershipEvent | { readonly type: "tick" },
): void {
  const group = turn.state.groups.get(key);
  if (group === undefined) return;
  const { state: ownership, actions } = ownershipMachine.step(group.ownership, event, turn.now);
  if (ownership === group.ownership) return;
  changeGroup(turn, key, { ownership });
  if (claimOf(key, ownership)?.state !== claimOf(key, group.ownership)?.state) turn.speak = true;
  for (const { type } of actions) act(turn, { type, group: key });
}

/** The later of two moments. */
export const later = (a: Instant, b: Instant): Instant => instant(Math.max(a, b));

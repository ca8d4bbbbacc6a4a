/**
 * What each group needs now: taken, given back, yielded, returned to the node it prefers.
 *
 * Runs at the end of every turn, so that a decision never waits for a message to come again.
 */
import { earliest, type Instant, plus, seconds } from "@systole/machine";
import { offer } from "./hand-over.js";
import type { GroupKey, NodeName } from "./message.js";
import { holds, type Ownership, ownershipMachine } from "./ownership.js";
import { claimOfPeer, hasLeft, isAbsent, isAlive, others, permits, receivers } from "./peers.js";
import { precedes, rightTo } from "./right.js";
import type { GroupSettings } from "./settings.js";
import { giveTo } from "./standby.js";
import { type ClusterState, type Group, isElsewhere, type Peer } from "./state.js";
import { isNewer } from "./statement.js";
import { act, changeGroup, changePeer, note, publish, stepGroup, type Turn } from "./turn.js";

/** How long a peer may leave a given group alone before we take it back; longer than RETRY_START. */
const UNCLAIMED_LIMIT = seconds(60);

export function settle(turn: Turn): void {
  if (turn.state.life === "storing" || turn.state.life === "gone") return;
  for (const group of turn.state.settings.groups) settleGroup(turn, group);
  if (turn.state.life === "operational" && !turn.state.leaving)
    for (const node of turn.state.peers.keys()) failback(turn, node);
}

function settleGroup(turn: Turn, group: GroupSettings): void {
  const here = turn.state.groups.get(group.key);
  if (here === undefined) return;
  if (holds(here.ownership)) return settleHeld(turn, group, here);
  if (here.contested) resolved(turn, group.key);
  if (turn.state.life !== "operational" || turn.state.leaving) return;
  switch (here.ownership.kind) {
    case "none":
      if (here.unableUntil !== undefined && turn.now < here.unableUntil) return;
      if (isElsewhere(here, turn.now) && !isHeard(turn, here.elsewhere?.node)) return;
      return takeIfRight(turn, group);
    case "given":
      return settleGiven(turn, group, here.ownership);
    case "revoking":
      return settleRevoking(turn, group, here.ownership);
    case "failed":
      return settleFailed(turn, group);
    default:
      return; // stopping, clearing: wait for `stopped`
  }
}

/** Its statuses say what it has: what it answered on the service LAN before is old. */
function isHeard(turn: Turn, node: string | undefined): boolean {
  const peer = node === undefined ? undefined : turn.state.peers.get(node);
  return peer !== undefined && isAlive(peer);
}

function takeIfRight(turn: Turn, group: GroupSettings): void {
  const self = { node: turn.state.settings.local, generation: turn.state.generation };
  const right = rightTo(group, self, others(turn.state, group, turn.now));
  if (right.may) take(turn, group.key, right.reason, right.from);
}

function take(turn: Turn, key: GroupKey, reason: string, from?: NodeName): void {
  changeGroup(turn, key, { since: turn.now, unableUntil: undefined, from });
  stepGroup(turn, key, { type: "take", reason });
  const giver = from === undefined ? {} : { from };
  publish(turn, "notice", { kind: "takeover.started", groups: [key], reason, ...giver });
}

/** A group we have: does a peer have it, too, or is there one who must believe that we are dead? */
function settleHeld(turn: Turn, group: GroupSettings, here: Group): void {
  const rival = [...turn.state.peers.values()].find((peer) => hasToo(turn, peer, group));
  const deaf = [...turn.state.peers.values()].find((peer) => isDeaf(turn, peer));
  if (rival !== undefined) contest(turn, group, here, rival);
  else if (here.contested) resolved(turn, group.key);
  if (deaf !== undefined && (rival === deaf || wasHeard(turn.state, deaf))) {
    yieldTo(turn, group.key, `${deaf.node} does not hear this node and will take over`);
  }
}

function hasToo(turn: Turn, peer: Peer, group: GroupSettings): boolean {
  if (!isAlive(peer) || peer.said.ours === undefined) return false;
  if (peer.said.ours === false && peer.dialogue.holds === undefined) return false;
  const state = claimOfPeer(turn.state, peer, group, turn.now)?.state;
  return state === "running" || (state === "starting" && peer.said.ours);
}

/** Two owners after a partition: the one that comes first in the group's order keeps it, without a gap. */
function contest(turn: Turn, group: GroupSettings, here: Group, rival: Peer): void {
  const weYield = precedes(group, rival.node, turn.state.settings.local) && !givesUp(turn, rival);
  if (!here.contested) {
    changeGroup(turn, group.key, { contested: true });
    note(turn, { kind: "both-own", group: group.key, node: rival.node, weYield });
    publish(turn, "critical", {
      kind: "split-brain.suspected",
      peer: rival.node,
      problem: `${rival.node} and this node both have ${group.key}: ${weYield ? "this node" : rival.node} releases it`,
    });
    if (!weYield) turn.speak = true;
  }
  if (weYield) yieldTo(turn, group.key, `${rival.node} has it and comes first`);
}

/** A real heartbeat after a partition: it is about to give up everything, also what it is preferred for. */
const givesUp = (turn: Turn, { said, dialogue: { givesUpUntil } }: Peer): boolean =>
  said.ours === false && givesUpUntil !== undefined && turn.now < givesUpUntil;

/** Only one has it any more. Whoever keeps it says again who answers for its VIPs. */
function resolved(turn: Turn, key: GroupKey): void {
  changeGroup(turn, key, { contested: false });
  const peer = [...turn.state.peers.values()].find(isAlive)?.node ?? "";
  publish(turn, "notice", { kind: "split-brain.healed", peer, problem: `${key} has one owner again` });
  const group = turn.state.groups.get(key);
  if (group !== undefined && holds(group.ownership)) act(turn, { type: "announce", groups: [key] });
}

/** Lets go at once: the VIPs first, then the group right to left. */
export function yieldTo(turn: Turn, key: GroupKey, reason: string): void {
  const here = turn.state.groups.get(key);
  if (here === undefined || !holds(here.ownership)) return;
  changeGroup(turn, key, { since: turn.now });
  act(turn, { type: "drop-vips", groups: [key] });
  stepGroup(turn, key, { type: "release", reason, to: undefined });
}

/** Its statements show for about a keepalive that it does not hear us, although we hear it. */
function isDeaf(turn: Turn, peer: Peer): boolean {
  const { deafSince, liveness } = peer;
  if (deafSince === undefined || liveness.kind !== "alive") return false;
  return liveness.heardAt - deafSince >= 0.75 * turn.state.settings.keepalive;
}

/** It has heard this life of ours once: so it counts the time until it calls us dead. */
const wasHeard = (state: ClusterState, peer: Peer): boolean =>
  peer.said.heardUs?.generation === state.generation;

/** Given: until the receiver has it. Taken back if it is gone, is leaving, began a new life, or does not come. */
function settleGiven(turn: Turn, group: GroupSettings, here: Extract<Ownership, { kind: "given" }>): void {
  const peer = turn.state.peers.get(here.to.node);
  if (peer === undefined || isAbsent(peer)) return take(turn, group.key, `${here.to.node} is gone`);
  const claim = claimOfPeer(turn.state, peer, group, turn.now);
  if (claim !== undefined) {
    if (claim.state !== "stopping" && peer.said.place !== undefined)
      stepGroup(turn, group.key, { type: "taken" });
    return;
  }
  const { place, leaving } = peer.said;
  const newLife = place !== undefined && place.generation !== here.to.generation;
  if (newLife || leaving) return take(turn, group.key, `${peer.node} did not take it`);
  if (turn.now >= plus(here.since, UNCLAIMED_LIMIT)) {
    stepGroup(turn, group.key, { type: "revoke", sequence: turn.state.sent.last + 1 });
  }
}

/** Taken back: ours again once the peer has read so and still has not got it. */
function settleRevoking(
  turn: Turn,
  group: GroupSettings,
  here: Extract<Ownership, { kind: "revoking" }>,
): void {
  const peer = turn.state.peers.get(here.from);
  if (peer === undefined || isAbsent(peer)) return take(turn, group.key, `${here.from} is gone`);
  if (claimOfPeer(turn.state, peer, group, turn.now) !== undefined)
    return stepGroup(turn, group.key, { type: "taken" });
  const revoked = { generation: turn.state.generation, sequence: here.sequence - 1 };
  if (peer.said.heardUs !== undefined && isNewer(peer.said.heardUs, revoked)) {
    take(turn, group.key, `${here.from} did not take it`);
  }
}

/** It did not start here: perhaps it does elsewhere. */
function settleFailed(turn: Turn, group: GroupSettings): void {
  const receiver = receivers(turn.state, turn.now).find((peer) => peer.said.ours === true);
  const generation = receiver?.said.place?.generation;
  if (receiver === undefined || generation === undefined) return;
  stepGroup(turn, group.key, { type: "give", to: { node: receiver.node, generation } });
}

/** The preferred node is back in a new life: once per life its groups return to it. */
function failback(turn: Turn, node: string): void {
  const peer = turn.state.peers.get(node)!; // the caller iterates over the peers
  const generation = peer.said.place?.generation;
  if (generation === undefined || generation === peer.failbackIn || hasLeft(peer)) return;
  if (peer.said.state !== "active" || !permits(turn.state, peer, turn.now)) return;
  if (peer.said.ours === false && !peer.dialogue.stable) return;
  const theirs = turn.state.settings.groups
    .filter((group) => group.preferred === node)
    .map((group) => group.key);
  const starting = theirs.some((key) => turn.state.groups.get(key)?.ownership.kind === "starting");
  if (starting) return;
  changePeer(turn, node, { failbackIn: generation });
  if (turn.state.settings.autoFailback === "off") return;
  const ours = theirs.some((key) => turn.state.groups.get(key)?.ownership.kind === "running");
  if (peer.said.ours === true) giveTo(turn, theirs, node, "failback");
  else if (ours && turn.state.settings.autoFailback === "on") offer(turn, peer, "foreign");
}

/** When a group must be looked at although nothing happened. */
export function groupDeadline(group: Group): Instant | undefined {
  const { ownership, unableUntil, elsewhere } = group;
  return earliest([
    ownershipMachine.nextDeadline(ownership),
    ownership.kind === "none" ? unableUntil : undefined,
    elsewhere?.until,
    ownership.kind === "given" ? plus(ownership.since, UNCLAIMED_LIMIT) : undefined,
  ]);
}

/** Peers as the decisions see them, and what follows from their silence. */
import { earliest, type Instant, plus, seconds } from "@systole/machine";
import { ask, nextAsk } from "../wire/reception.js";
import { leftAt } from "../wire/sequence.js";
import { claimInLegacy, claimInWords } from "./dialogue.js";
import { fencingMachine } from "./fencing.js";
import { silenceLimit } from "./lease.js";
import { type LivenessAction, livenessMachine } from "./liveness.js";
import type { GroupClaim, NodeName } from "./message.js";
import { isKeptWaiting, keptWaitingUntil, otherKeyDeadline, tickOtherKey } from "./other-key.js";
import type { Other } from "./right.js";
import type { GroupSettings } from "./settings.js";
import type { ClusterState, Peer } from "./state.js";
import { act, changePeer, later, note, publish, send, sendUnnumbered, type Turn } from "./turn.js";

/** It said goodbye in its present life. */
export const hasLeft = (peer: Peer): boolean =>
  peer.leftIn !== undefined && peer.leftIn === peer.reception.generation;

/** It is off for all we know, and nothing of it is to be feared. */
export const isAbsent = (peer: Peer): boolean =>
  hasLeft(peer) || (peer.liveness.kind === "dead" && peer.fencing.kind === "confirmed");

export const isAlive = (peer: Peer): boolean => peer.liveness.kind === "alive" && !hasLeft(peer);

/** Its statement acknowledges our present life, and the heartbeat it acknowledges is recent (right.ts). */
export function permits(state: ClusterState, peer: Peer, now: Instant): boolean {
  if (peer.liveness.kind !== "alive") return false;
  const limit = silenceLimit(state.settings);
  if (peer.said.ours === false) return peer.dialogue.knowsUs && now - peer.liveness.heardAt < limit;
  const acknowledged = acknowledgedAt(state, peer);
  return acknowledged !== undefined && now - acknowledged < limit;
}

/** When the newest of our heartbeats that the peer has heard left us; undefined: none of this life, or none lately. */
export function acknowledgedAt(state: ClusterState, peer: Peer): Instant | undefined {
  const { heardUs } = peer.said;
  if (heardUs?.generation !== state.generation) return undefined;
  return leftAt(state.sent, heardUs.sequence);
}

export function claimOfPeer(
  { settings, generation }: ClusterState,
  peer: Peer,
  group: GroupSettings,
  now: Instant,
): GroupClaim | undefined {
  if (peer.said.ours === false && settings.autoFailback === "legacy")
    return claimInLegacy(peer.dialogue, group, { node: settings.local, generation });
  if (peer.said.ours === false) return claimInWords(peer.dialogue, peer.node, group, now);
  return peer.said.claims.find((claim) => claim.group === group.key);
}

/** All other nodes, as right.ts wants to see them. */
export const others = (state: ClusterState, group: GroupSettings, now: Instant): Other[] =>
  [...state.peers.values()].map((peer) => ({
    node: peer.node,
    absent: isAbsent(peer),
    leaving: peer.said.leaving,
    permits: permits(state, peer, now),
    claim: claimOfPeer(state, peer, group, now),
  }));

/** Who could take a group from us now, the first in the order of names. */
export const receivers = (state: ClusterState, now: Instant): Peer[] =>
  [...state.peers.values()]
    .filter((peer) => isAlive(peer) && peer.said.state === "active" && !peer.said.leaving)
    .filter((peer) => permits(state, peer, now))
    .sort((a, b) => (a.node < b.node ? -1 : 1));

/** What a peer's silence leads to. */
export function tickPeer(turn: Turn, node: NodeName): void {
  const peer = turn.state.peers.get(node)!; // the caller iterates over the peers
  judge(turn, peer);
  tickOtherKey(turn, node);
  dropLinks(turn, node);
  const fencing = fencingMachine.step(turn.state.peers.get(node)!.fencing, { type: "tick" }, turn.now);
  if (fencing.state !== turn.state.peers.get(node)!.fencing)
    changePeer(turn, node, { fencing: fencing.state });
  for (const _ of fencing.actions) act(turn, { type: "fence", node });
  askForMissing(turn, node);
  askAgain(turn, node);
}

function judge(turn: Turn, peer: Peer): void {
  if (turn.now < turn.state.judgeFrom || isKeptWaiting(turn.state, peer, turn.now)) return;
  const machine = livenessMachine(turn.state.settings);
  const { state: liveness, actions } = machine.step(peer.liveness, { type: "tick" }, turn.now);
  if (liveness === peer.liveness) return;
  changePeer(turn, peer.node, { liveness });
  for (const action of actions) silence(turn, peer, action);
}

function silence(turn: Turn, peer: Peer, action: LivenessAction): void {
  const { node } = peer;
  if (action.type === "report-alive") return;
  const silenceMs = Math.round(action.silent);
  const told = { peer: node, silenceMs, deadtimeMs: action.deadtime };
  if (action.type === "report-late") {
    if (hasLeft(peer)) return;
    note(turn, { kind: "late-heartbeat", node, intervalMs: silenceMs, overDeadtime: false });
    publish(turn, "warning", { kind: "node.late", ...told });
    return;
  }
  note(turn, { kind: "node-dead", node });
  note(turn, { kind: "node-status", node, state: "dead" });
  publish(turn, hasLeft(peer) ? "info" : "critical", { kind: "node.dead", ...told });
  fence(turn, peer);
}

/** It was heard, and said that it holds nothing: what it had no right to take without us cannot run there. */
const heldNothing = ({ said, dialogue }: Peer): boolean =>
  said.place !== undefined && (said.ours === true ? said.claims.length === 0 : dialogue.holds === "none");

/** A dead peer: fence it if there is a device and it may hold anything. */
function fence(turn: Turn, peer: Peer): void {
  const { node } = peer;
  const needed = !hasLeft(peer) && !heldNothing(peer);
  const device = turn.state.settings.fencing && needed;
  const { state: fencing, actions } = fencingMachine.step(peer.fencing, { type: "dead", device }, turn.now);
  changePeer(turn, node, { fencing });
  for (const _ of actions) act(turn, { type: "fence", node });
  if (!device) {
    const result = needed ? "n_stnth" : "unneeded";
    note(turn, { kind: "fence-result", node, result });
    if (turn.state.life !== "storing") send(turn, { type: "stonith", node, result });
  }
}

function dropLinks(turn: Turn, node: NodeName): void {
  const peer = turn.state.peers.get(node)!;
  const up = peer.links.filter((link) => turn.now < plus(link.heardAt, linkDeadtime(turn.state, peer)));
  if (up.length === peer.links.length) return;
  changePeer(turn, node, { links: up });
  for (const { medium } of peer.links.filter((link) => !up.includes(link))) {
    note(turn, { kind: "link-dead", node, medium });
    publish(turn, "warning", { kind: "link.dead", peer: node, medium });
  }
}

const linkDeadtime = (state: ClusterState, peer: Peer) =>
  peer.liveness.kind === "joining" ? state.settings.deadtime : peer.liveness.deadtime;

/** A real heartbeat answers `reqnodes` only after it has heard us: ask each second until it does. */
export function askNodes(turn: Turn, { node, dialogue }: Peer): void {
  if (turn.state.life === "storing" || (dialogue.askNodesAt !== undefined && turn.now < dialogue.askNodesAt))
    return;
  changePeer(turn, node, { dialogue: { ...dialogue, askNodesAt: plus(turn.now, seconds(1)) } });
  send(turn, { type: "reqnodes" }, node);
}

function askAgain(turn: Turn, node: NodeName): void {
  const peer = turn.state.peers.get(node)!; // tickPeer has found it
  const { askNodesAt } = peer.dialogue;
  if (askNodesAt === undefined || turn.now < askNodesAt) return;
  if (isAlive(peer)) askNodes(turn, peer);
  else changePeer(turn, node, { dialogue: { ...peer.dialogue, askNodesAt: undefined } });
}

function askForMissing(turn: Turn, node: NodeName): void {
  const peer = turn.state.peers.get(node)!;
  if (peer.liveness.kind !== "alive" || turn.state.life === "storing") return;
  const { reception, ranges } = ask(peer.reception, turn.now, turn.state.settings.maxRexmitDelay);
  if (ranges.length === 0) return;
  changePeer(turn, node, { reception });
  for (const range of ranges) sendUnnumbered(turn, { type: "NS_rexmit", ...range }, node);
}

/** When a peer's silence must be looked at. */
export function peerDeadline(state: ClusterState, peer: Peer): Instant | undefined {
  const verdict = livenessMachine(state.settings).nextDeadline(peer.liveness);
  const asking =
    peer.liveness.kind === "alive" && state.life !== "storing" ? nextAsk(peer.reception) : undefined;
  return earliest([
    verdict === undefined
      ? undefined
      : later(later(verdict, keptWaitingUntil(state, peer) ?? verdict), state.judgeFrom),
    otherKeyDeadline(state, peer),
    fencingMachine.nextDeadline(peer.fencing),
    asking,
    peer.dialogue.askNodesAt,
    ...peer.links.map((link) => plus(link.heardAt, linkDeadtime(state, peer))),
  ]);
}

/**
 * ipfail: the node that is answered by fewer ping nodes gives its groups to the one that is answered by more.
 *
 *   a count or a link changes --num_ping_nodes--> the other compares with its own
 *     more than we have   --you_are_dead-->  we give up in two keepalives
 *     fewer than we have  it gives up in two keepalives
 *     as many             --abort_giveup-->  nobody does; with auto_failback on, groups that prefer the other go back
 *
 * The words are those of the original's client of that name, which it exchanges with a real one. Two keepalives,
 * because two nodes do not notice at the same moment that a ping node has died.
 * Source: specification of heartbeat, section 10.
 */
import { type Instant, milliseconds, plus } from "@systole/machine";
import { offer } from "./hand-over.js";
import type { Message, NodeName } from "./message.js";
import { isAlive, receivers } from "./peers.js";
import { answering } from "./ping-nodes.js";
import { giveTo } from "./standby.js";
import type { ClusterState, IpFail, Peer } from "./state.js";
import { change, changePeer, note, send, type Turn } from "./turn.js";

/** What one ipfail says to the other. */
export type IpFailMessage = Extract<
  Message,
  { readonly type: "num_ping_nodes" | "you_are_dead" | "abort_giveup" }
>;

/** The original refuses to run with auto_failback legacy; without ping nodes there is nothing to compare. */
const isOn = ({ settings, life, leaving }: ClusterState): boolean =>
  settings.ipFail === true && settings.autoFailback !== "legacy" && life === "operational" && !leaving;

/** A message of another node's ipfail. */
export function hearIpFail(turn: Turn, peer: Peer, message: IpFailMessage): void {
  if (!isOn(turn.state)) return;
  const { node } = peer;
  if (message.type === "abort_giveup") return stay(turn);
  if (message.type === "you_are_dead") return doom(turn, node);
  const ours = answering(turn.state);
  if (message.count > ours) return doom(turn, node);
  stay(turn);
  send(turn, { type: message.count < ours ? "you_are_dead" : "abort_giveup" }, node);
  if (message.count < ours || turn.state.settings.autoFailback !== "on") return;
  const theirs = turn.state.settings.groups
    .filter(({ preferred }) => preferred === node)
    .map(({ key }) => key);
  const here = theirs.some((key) => turn.state.groups.get(key)?.ownership.kind === "running");
  if (peer.said.ours === true) giveTo(turn, theirs, node, "its ping nodes answer again");
  else if (here) offer(turn, peer, "foreign");
}

/** The peer is answered by more: give up, unless that changes soon. */
function doom(turn: Turn, node: NodeName): void {
  const { ipFail, settings } = turn.state;
  if (ipFail.giveUpAt !== undefined) return;
  changeIpFail(turn, { giveUpAt: plus(turn.now, milliseconds(2 * settings.keepalive)), to: node });
}

const stay = (turn: Turn): void => changeIpFail(turn, { giveUpAt: undefined, to: undefined });

const changeIpFail = (turn: Turn, changes: Partial<IpFail>): void =>
  change(turn, { ipFail: { ...turn.state.ipFail, ...changes } });

/** At the end of a turn: tell what has changed, and give up what is due. */
export function settleIpFail(turn: Turn): void {
  if (!isOn(turn.state)) return;
  for (const peer of turn.state.peers.values()) tell(turn, peer);
  const { giveUpAt, to } = turn.state.ipFail;
  if (giveUpAt === undefined || to === undefined || turn.now < giveUpAt) return;
  giveUp(turn, to);
}

/** Each peer is told our count when it changes, when a link to it does, and in each new life of it. */
function tell(turn: Turn, peer: Peer): void {
  const count = answering(turn.state);
  const links = peer.links
    .map(({ medium }) => medium)
    .toSorted()
    .join(" ");
  const occasion = `${count} ${links} ${peer.reception.generation}`;
  if (!isAlive(peer) || peer.said.state !== "active" || peer.toldPings === occasion) return;
  changePeer(turn, peer.node, { toldPings: occasion });
  send(turn, { type: "num_ping_nodes", count }, peer.node);
}

/** Whatever runs here goes to the other; if it cannot take now, we try again a keepalive later. */
function giveUp(turn: Turn, node: NodeName): void {
  const { state, now } = turn;
  const running = [...state.groups].filter(([, { ownership }]) => ownership.kind === "running");
  if (running.length === 0) return stay(turn);
  const peer = receivers(state, now).find((one) => one.node === node);
  if (peer === undefined || (peer.said.ours === false && !peer.dialogue.stable)) {
    changeIpFail(turn, { giveUpAt: plus(now, state.settings.keepalive) });
    return;
  }
  stay(turn);
  note(turn, { kind: "standby-asked", node: state.settings.local, set: "all" });
  const keys = running.map(([key]) => key);
  const reason = `${node} is answered by more ping nodes`;
  if (peer.said.ours === false) offer(turn, peer, "all");
  else giveTo(turn, keys, node, reason);
}

export const ipFailDeadline = ({ ipFail }: ClusterState): Instant | undefined => ipFail.giveUpAt;

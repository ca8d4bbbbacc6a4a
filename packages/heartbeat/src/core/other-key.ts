/**
 * Somebody speaks in a peer's name with a key that we do not have: authkeys differ, or the datagrams are forged.
 *
 * A heartbeat 3.0.6 drops such datagrams and goes by the silence that is left: two nodes that are started with
 * different keys both take every resource. Ours asks at one place only, at a cold start: may a peer that this process
 * has never heard be called dead, and everything be taken?
 *
 *   initdead is over, and it was silent   dead: we take what is ours to take
 *   ... but datagrams come in its name    neither alive nor dead: nothing is taken, nobody is fenced
 *       none for a deadtime               dead
 *       an authentic one                  alive
 *
 * What anybody can forge must not do harm:
 *
 *   a peer that was heard and died   is dead after its deadtime, whatever is sent in its name; also after a stall of
 *                                    ours, since what it said in sequence is still known
 *   what this node has               stays. Where a former process left it groups, communication comes up at initdead
 *                                    as ever; only what it does not have it does not take
 *   what such a datagram says        is not read. The shell compares one field with the names of ha.cf
 *                                    (wire/claimed-sender.ts) and tells us that name and the medium
 *   a flood                          is two of these events in a keepalive (shell/other-keys.ts), one line of the log a
 *                                    minute, and no more in the state than the last moment
 *
 * What is left to somebody on the cluster's network: a node that starts while its peer is off waits as long as he goes
 * on. It says so, and `otherkeys ignore` with a reload ends it.
 *
 * What is left to the administrator: the keys of a pair that runs, made different, are a takeover by each, since a peer
 * that was heard and falls silent is dead. Keys of a rotation stand in authkeys side by side: what they sign is
 * authentic and never comes here.
 *
 * Source: specification of heartbeat, section 12, number 16; vector 07b.
 */
import { type Instant, plus, seconds } from "@systole/machine";
import type { NodeName } from "./message.js";
import type { ClusterState, Peer } from "./state.js";
import { changePeer, later, note, publish, type Turn } from "./turn.js";

/** It is told no more often. */
const TELL_AGAIN = seconds(60);

/** Datagrams in its name do not lack: the last one is younger than our deadtime, since its own nobody knows. */
const goesOnUntil = ({ settings }: ClusterState, { otherKey }: Peer): Instant | undefined =>
  otherKey === undefined ? undefined : plus(otherKey.heardAt, settings.deadtime);

/** This process has not heard it, and waits for its first word. */
const isUnheard = ({ liveness, reception }: Peer): boolean =>
  liveness.kind === "joining" && reception.generation === undefined;

/** Until when its silence says nothing, because somebody speaks in its name; undefined: it counts. */
export function keptWaitingUntil(state: ClusterState, peer: Peer): Instant | undefined {
  return state.settings.otherKeys !== "ignore" && isUnheard(peer) ? goesOnUntil(state, peer) : undefined;
}

/** Its silence does not count now. */
export function isKeptWaiting(state: ClusterState, peer: Peer, now: Instant): boolean {
  const until = keptWaitingUntil(state, peer);
  return until !== undefined && now < until;
}

/** A datagram that failed authentication names this peer as its sender. One alone may be noise: it is not told. */
export function hearOtherKey(turn: Turn, node: NodeName, medium: string): void {
  const peer = turn.state.peers.get(node);
  if (peer === undefined || peer.liveness.kind === "alive") return;
  const { otherKey: before, otherKeyToldAt: toldAt } = peer;
  const mayTell = toldAt === undefined || turn.now >= plus(toldAt, TELL_AGAIN);
  const tells = before !== undefined && !before.told && mayTell;
  const heard = changePeer(turn, node, {
    otherKey: { heardAt: turn.now, told: tells || before?.told === true },
    ...(tells && { otherKeyToldAt: turn.now }),
  });
  if (!tells) return;
  const waits = isKeptWaiting(turn.state, heard, turn.now);
  note(turn, { kind: "other-key", node, medium, waits });
  publish(turn, "critical", { kind: "keys.different", peer: node, medium, waits });
}

/** It is heard with our key, or nobody speaks in its name any more. */
export function endOtherKey(turn: Turn, node: NodeName, how: "heard" | "silent"): void {
  const { otherKey } = turn.state.peers.get(node)!; // the callers have found it
  if (otherKey === undefined) return;
  changePeer(turn, node, { otherKey: undefined });
  if (!otherKey.told) return;
  note(turn, { kind: "other-key-over", node, how });
  publish(turn, "info", { kind: "keys.settled", peer: node, how });
}

export function tickOtherKey(turn: Turn, node: NodeName): void {
  const due = otherKeyDeadline(turn.state, turn.state.peers.get(node)!); // the caller iterates over the peers
  if (due !== undefined && turn.now >= due) endOtherKey(turn, node, "silent");
}

export function otherKeyDeadline(state: ClusterState, peer: Peer): Instant | undefined {
  const until = goesOnUntil(state, peer);
  return until === undefined ? undefined : later(until, state.judgeFrom);
}

/**
 * Giving groups to another node: hb_standby here, hb_takeover there, failback when the preferred node is back.
 *
 *   running --release--> stopping --stopped--> given to the peer --its claim--> none
 *
 * With a real heartbeat as the receiver the same is said in words (hand-over.ts).
 */

import type { RequestId } from "./event.js";
import { offer } from "./hand-over.js";
import type { GroupKey, HoldSet, NodeName } from "./message.js";
import { ORDERED } from "./ownership.js";
import { permits, receivers } from "./peers.js";
import type { Peer } from "./state.js";
import { groupsOf } from "./statement.js";
import { act, changeGroup, note, send, stepGroup, type Turn } from "./turn.js";

/** hb_standby: the first node that can take gets the set. */
export function standby(turn: Turn, set: HoldSet, request: RequestId): void {
  const { state, now } = turn;
  const answer = (accepted: boolean, reason: string) =>
    act(turn, { type: "answer", request, accepted, reason });
  if (state.settings.autoFailback === "legacy") {
    return answer(false, "Standby mode only implemented when nice_failback on");
  }
  const keys = groupsOf(set, state.settings.local, state.settings.groups);
  const moving = keys.find((key) => isMoving(turn, key));
  if (moving !== undefined) return answer(false, `${moving} is being started or stopped: try again`);
  const running = keys.filter((key) => state.groups.get(key)?.ownership.kind === "running");
  if (running.length === 0) return answer(true, "none of these groups runs here");
  const receiver = receivers(state, now)[0];
  if (receiver === undefined) return answer(false, "Other side is in flux: no other node can take them now");
  note(turn, { kind: "standby-asked", node: state.settings.local, set });
  if (receiver.said.ours === false) offer(turn, receiver, set);
  else giveTo(turn, running, receiver.node, ORDERED);
  answer(true, `giving ${running.length} to ${receiver.node}`);
}

function isMoving(turn: Turn, key: GroupKey): boolean {
  const kind = turn.state.groups.get(key)?.ownership.kind;
  return kind === "starting" || kind === "stopping" || kind === "clearing";
}

/** hb_takeover: ask the others for the set, and forget that a start failed here. */
export function takeover(turn: Turn, set: HoldSet, request: RequestId): void {
  const { settings } = turn.state;
  const refused =
    settings.autoFailback === "legacy"
      ? "Standby mode only implemented when nice_failback on"
      : turn.state.life !== "operational" || turn.state.leaving
        ? "this node is not operational"
        : undefined;
  if (refused !== undefined) {
    act(turn, { type: "answer", request, accepted: false, reason: refused });
    return;
  }
  for (const key of groupsOf(set, settings.local, settings.groups))
    changeGroup(turn, key, { unableUntil: undefined });
  send(turn, { type: "hb_takeover", set });
  act(turn, { type: "answer", request, accepted: true, reason: "asked" });
}

/** Releases what runs here in favour of `node`, if it can take now. Returns what is moving. */
export function giveTo(
  turn: Turn,
  keys: readonly GroupKey[],
  node: NodeName,
  reason: string,
): readonly GroupKey[] {
  const receiver = turn.state.peers.get(node);
  if (receiver === undefined || !canReceive(turn, receiver) || turn.state.life !== "operational") return [];
  const running = keys.filter((key) => turn.state.groups.get(key)?.ownership.kind === "running");
  for (const key of running) {
    changeGroup(turn, key, { since: turn.now });
    stepGroup(turn, key, { type: "release", reason, to: node });
  }
  return running;
}

const canReceive = (turn: Turn, peer: Peer): boolean =>
  peer.said.state === "active" && !peer.said.leaving && permits(turn.state, peer, turn.now);

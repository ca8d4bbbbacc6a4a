/**
 * The hand-over with a real heartbeat, in its words. The set is in the view of the giver.
 *
 *   giver: ask me ----------------> taker: ask other
 *   giver stops, resource, ask done --> taker starts, ask done, resource
 *
 * Source: spec of heartbeat 3.0.6, section 7.5; vectors 01, 02, 23.
 */
import { plus, seconds } from "@systole/machine";
import type { HandOver } from "./dialogue.js";
import type { GroupKey, HoldSet, Message, NodeName } from "./message.js";
import { ORDERED } from "./ownership.js";
import { permits } from "./peers.js";
import { report } from "./speaking.js";
import type { Peer } from "./state.js";
import { groupsOf } from "./statement.js";
import { changeGroup, changePeer, note, send, stepGroup, type Turn } from "./turn.js";

/** How long the answer to our offer may take, and the work of either side. */
const ANSWER_LIMIT = seconds(10);
const WORK_LIMIT = seconds(3600);

/** Offers the set to a real heartbeat. */
export function offer(turn: Turn, peer: Peer, set: HoldSet): void {
  if (peer.dialogue.handOver !== undefined || turn.state.life !== "operational" || turn.state.leaving) return;
  setHandOver(turn, peer.node, { role: "giver", set, phase: "asked", until: plus(turn.now, ANSWER_LIMIT) });
  send(turn, { type: "ask_resources", set, info: "me" });
}

function setHandOver(turn: Turn, node: NodeName, handOver: HandOver | undefined): void {
  const { dialogue } = turn.state.peers.get(node)!; // callers have found the peer
  changePeer(turn, node, { dialogue: { ...dialogue, handOver } });
}

export function hearHandOver(
  turn: Turn,
  node: NodeName,
  message: Extract<Message, { type: "ask_resources" }>,
): void {
  const peer = turn.state.peers.get(node)!; // hearing.ts has found it
  if (peer.said.ours !== false) return; // our nodes say it in their statuses
  if (turn.state.settings.autoFailback === "legacy") return; // as the original
  const { handOver } = peer.dialogue;
  const { set } = message;
  if (message.info === "me" && handOver === undefined && canTake(turn, peer)) {
    note(turn, { kind: "standby-can-take", node, set });
    setHandOver(turn, node, { role: "taker", set, phase: "asked", until: plus(turn.now, WORK_LIMIT) });
    send(turn, { type: "ask_resources", set, info: "other" });
  } else if (message.info === "other" && handOver?.role === "giver" && handOver.phase === "asked") {
    note(turn, { kind: "standby-give-up", set });
    setHandOver(turn, node, { ...handOver, phase: "releasing", until: plus(turn.now, WORK_LIMIT) });
    for (const key of setOf(turn, set, turn.state.settings.local)) {
      changeGroup(turn, key, { since: turn.now });
      stepGroup(turn, key, { type: "release", reason: ORDERED, to: node });
    }
  } else if (message.info === "done" && handOver?.role === "taker" && handOver.phase === "asked") {
    note(turn, { kind: "standby-take", set });
    setHandOver(turn, node, { ...handOver, phase: "acquiring", until: plus(turn.now, WORK_LIMIT) });
    for (const key of setOf(turn, set, node)) {
      changeGroup(turn, key, { since: turn.now });
      stepGroup(turn, key, { type: "take", reason: `${node} gave it` });
    }
  } else if (message.info === "done" && handOver?.role === "giver") {
    note(turn, { kind: "standby-other-completed", set });
    setHandOver(turn, node, undefined);
    report(turn, true);
  }
}

const setOf = (turn: Turn, set: HoldSet, giver: NodeName): readonly GroupKey[] =>
  groupsOf(set, giver, turn.state.settings.groups);

const canTake = (turn: Turn, peer: Peer): boolean =>
  turn.state.life === "operational" && !turn.state.leaving && permits(turn.state, peer, turn.now);

/** What became possible, or took too long. */
export function settleHandOver(turn: Turn, node: NodeName): void {
  const { handOver } = turn.state.peers.get(node)!.dialogue; // the caller iterates over the peers
  if (handOver === undefined) return;
  const { set } = handOver;
  if (turn.now >= handOver.until) {
    note(turn, { kind: "standby-no-reply" });
    setHandOver(turn, node, undefined);
    return;
  }
  if (handOver.phase === "asked") return;
  const giver = handOver.role === "giver" ? turn.state.settings.local : node;
  const kinds = setOf(turn, set, giver).map((key) => turn.state.groups.get(key)?.ownership.kind);
  if (handOver.phase === "releasing" && !kinds.includes("stopping")) {
    note(turn, { kind: "standby-given", set });
    // Stays open until the taker says done, which only makes it report.
    setHandOver(turn, node, { ...handOver, phase: "acquiring" });
    send(turn, { type: "ask_resources", set, info: "done" });
  } else if (handOver.phase === "acquiring" && handOver.role === "taker" && !kinds.includes("starting")) {
    note(turn, { kind: "standby-taken", set });
    setHandOver(turn, node, undefined);
    send(turn, { type: "ask_resources", set, info: "done" });
    report(turn, true);
  }
}

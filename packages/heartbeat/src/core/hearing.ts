/** What we hear: links, order, liveness, then the meaning of each message. */
import { acknowledges, giveUp, receive, type Verdict } from "../wire/reception.js";
import { repeat } from "../wire/sequence.js";
import { compareConfiguration } from "./agreement.js";
import { healed, noDialogue, reported } from "./dialogue.js";
import { fencingMachine } from "./fencing.js";
import { hearHandOver, offer } from "./hand-over.js";
import { hearIpFail } from "./ip-fail.js";
import { deafLimit } from "./lease.js";
import { hearRequest, hearResponse } from "./legacy.js";
import { livenessMachine } from "./liveness.js";
import type { Header, HoldSet, Message, NodeName, Place } from "./message.js";
import { endOtherKey } from "./other-key.js";
import { acknowledgedAt, askNodes } from "./peers.js";
import { report } from "./speaking.js";
import { giveTo } from "./standby.js";
import type { Peer } from "./state.js";
import { fromStatus, groupsOf, isNewer, mirrored, nothingSaid } from "./statement.js";
import { act, change, changePeer, note, publish, send, sendUnnumbered, type Turn } from "./turn.js";

export function hear(turn: Turn, medium: string, header: Header, message: Message): void {
  const peer = turn.state.peers.get(header.from);
  if (peer === undefined) return; // our own, come back on a broadcast medium, or a stranger's
  hearLink(turn, peer, medium);
  if (header.sequence === undefined) hearUnnumbered(turn, header, message);
  else hearNumbered(turn, header, { generation: header.generation, sequence: header.sequence }, message);
}

function hearLink(turn: Turn, peer: Peer, medium: string): void {
  const { node } = peer;
  const others = peer.links.filter((link) => link.medium !== medium);
  if (others.length === peer.links.length) {
    note(turn, { kind: "link-up", node, medium });
    publish(turn, "info", { kind: "link.up", peer: node, medium });
  }
  changePeer(turn, node, { links: [...others, { medium, heardAt: turn.now }] });
}

function hearNumbered(turn: Turn, header: Header, place: Place, message: Message): void {
  const node = header.from;
  const { maxRexmitDelay } = turn.state.settings;
  const before = turn.state.peers.get(node)!; // hear() has found it
  const hearsUs = acknowledgesUs(turn, message);
  const { reception, verdict } = receive(before.reception, place, turn.now, maxRexmitDelay, hearsUs);
  const peer = changePeer(turn, node, { reception });
  switch (verdict.kind) {
    case "duplicate":
      return;
    case "replay":
      return hearReplay(turn, peer, place.generation, verdict.current);
    case "filled":
      if (verdict.complete) note(turn, { kind: "nothing-missing", node });
      break;
    case "new-life":
      beginLife(turn, peer, verdict.first);
      hearSign(turn, node, message, hearsUs);
      break;
    case "next":
      noteLoss(turn, node, verdict, place.sequence);
      hearSign(turn, node, message, hearsUs);
      break;
  }
  acknowledge(turn, node, place.sequence);
  understand(turn, header, place, message);
}

/** It has heard this life of ours, so it is not a recording from before. */
function acknowledgesUs({ state }: Turn, message: Message): boolean {
  if (message.type !== "status" || state.life === "storing") return false;
  const { local } = state.settings;
  const heardUs = message.ours?.heard.find(({ node }) => node === local);
  return heardUs?.generation === state.generation;
}

function hearReplay(turn: Turn, peer: Peer, generation: number, current: number): void {
  if (peer.replayed === generation) return;
  changePeer(turn, peer.node, { replayed: generation });
  note(turn, { kind: "replay", node: peer.node, generation, current });
}

function noteLoss(
  turn: Turn,
  node: NodeName,
  verdict: Extract<Verdict, { kind: "next" }>,
  current: number,
): void {
  const { lost, previous } = verdict;
  if (lost > 0) note(turn, { kind: "lost-packets", node, count: lost, last: previous, current });
}

/** The peer runs anew: what its former life said is void. It shall hear of us at once. */
function beginLife(turn: Turn, peer: Peer, first: boolean): void {
  const { node } = peer;
  turn.speak = true;
  if (first) return;
  changePeer(turn, node, {
    said: nothingSaid,
    leftIn: undefined,
    deafSince: undefined,
    dialogue: noDialogue,
  });
  note(turn, { kind: "node-restarted", node });
  if (peer.liveness.kind === "alive")
    publish(turn, "notice", { kind: "node.alive", peer: node, after: "restart" });
}

/** Something new of a peer is a sign of life. */
function hearSign(turn: Turn, node: NodeName, message: Message, hearsUs: boolean): void {
  const peer = turn.state.peers.get(node)!;
  const deadtime = message.type === "status" ? message.deadtime : undefined;
  const real = message.type === "status" && message.ours === undefined;
  const event = { type: "heard", deadtime, fresh: hearsUs || real } as const;
  const machine = livenessMachine(turn.state.settings);
  const { state: liveness, actions } = machine.step(peer.liveness, event, turn.now);
  const fencing = fencingMachine.step(peer.fencing, { type: "heard" }, turn.now).state;
  changePeer(turn, node, { liveness, fencing });
  endOtherKey(turn, node, "heard");
  for (const action of actions) {
    if (action.type !== "report-alive") continue;
    turn.speak = true;
    returned(turn, peer, action.after);
  }
}

/** A peer that was not alive in our eyes is. Whether it was a partition shows in its generation. */
function returned(turn: Turn, before: Peer, after: "start" | "death"): void {
  const peer = before.node;
  const sameLife = before.said.place?.generation === before.reception.generation;
  const partition = after === "death" && sameLife && before.leftIn === undefined;
  if (partition) {
    note(turn, { kind: "returning-after-partition", node: peer });
    if (before.said.ours === false) changePeer(turn, peer, { dialogue: healed(before.dialogue, turn.now) });
  }
  publish(turn, partition ? "warning" : "info", {
    kind: "node.alive",
    peer,
    after: partition ? "partition" : after,
  });
}

function acknowledge(turn: Turn, node: NodeName, sequence: number): void {
  const { reception } = turn.state.peers.get(node)!;
  const trigger = [...node].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 10;
  if (turn.state.life === "storing" || !acknowledges(reception, sequence, trigger)) return;
  sendUnnumbered(turn, { type: "NS_ackmsg", sequence }, node);
}

function understand(turn: Turn, header: Header, place: Place, message: Message): void {
  const node = header.from;
  const peer = turn.state.peers.get(node)!;
  const forUs = header.dest === undefined || header.dest === turn.state.settings.local;
  switch (message.type) {
    case "status":
      return hearStatus(turn, peer, place, message);
    case "shutdone":
      return hearGoodbye(turn, peer, place);
    case "reqnodes":
      if (forUs) heardByReal(turn, peer, header);
      if (forUs && turn.state.life !== "storing") {
        send(turn, { type: "repnodes", nodes: turn.state.settings.nodes, deleted: [] }, node);
      }
      return;
    case "repnodes":
      return heardByReal(turn, peer, header);
    case "starting":
      if (turn.state.life === "operational") report(turn, true);
      return;
    case "resource":
      changePeer(turn, node, { dialogue: reported(peer.dialogue, message, place, turn.now) });
      return;
    case "ask_resources":
      return hearHandOver(turn, node, message);
    case "num_ping_nodes":
    case "you_are_dead":
    case "abort_giveup":
      return forUs ? hearIpFail(turn, peer, message) : undefined;
    case "ip-request":
      return hearRequest(turn, peer, message.group);
    case "ip-request-resp":
      return forUs ? hearResponse(turn, peer, message) : undefined;
    case "hb_takeover":
      return hearTakeover(turn, peer, mirrored[message.set]);
    case "other":
      if (forUs) act(turn, { type: "deliver", from: node, message });
      return;
    default:
      return; // nothing that decides
  }
}

function hearStatus(
  turn: Turn,
  peer: Peer,
  place: Place,
  message: Extract<Message, { type: "status" }>,
): void {
  if (!isNewer(place, peer.said.place)) return;
  const { node } = peer;
  if (message.state !== peer.said.state) note(turn, { kind: "node-status", node, state: message.state });
  const said = fromStatus(peer.said, message, place, turn.state.settings.local);
  const heard = changePeer(turn, node, { said });
  if (announcesAnother(peer, message)) turn.speak = true; // it waits until we say that we have heard it
  changePeer(turn, node, { deafSince: isDeaf(turn, heard) ? (peer.deafSince ?? turn.now) : undefined });
  compareConfiguration(turn, node);
  if (said.ours === false && !heard.dialogue.knowsUs) askNodes(turn, heard);
}

/** A node of ours has announced another deadtime: it is being restarted, or has been. */
const announcesAnother = (
  { said }: Peer,
  { deadtime, ours }: Extract<Message, { type: "status" }>,
): boolean => ours !== undefined && said.deadtime !== undefined && said.deadtime !== deadtime;

/** It speaks, but the newest of ours that it has heard is old. */
function isDeaf(turn: Turn, peer: Peer): boolean {
  if (peer.said.ours !== true || turn.state.life === "storing") return false;
  const acknowledged = acknowledgedAt(turn.state, peer);
  return acknowledged === undefined || turn.now - acknowledged >= deafLimit(turn.state.settings);
}

/** The other node wants this set (in our view), by command. */
function hearTakeover(turn: Turn, peer: Peer, set: HoldSet): void {
  const { local, groups, autoFailback } = turn.state.settings;
  if (autoFailback === "legacy") return;
  if (peer.said.ours === false) offer(turn, peer, set);
  else giveTo(turn, groupsOf(set, local, groups), peer.node, `${peer.node} asked for it`);
}

/** What a real heartbeat addresses to us by name it says because it has heard us. */
function heardByReal(turn: Turn, { node, dialogue }: Peer, { dest }: Header): void {
  if (dest !== turn.state.settings.local || turn.state.life === "storing") return;
  changePeer(turn, node, { dialogue: { ...dialogue, knowsUs: true, askNodesAt: undefined } });
}

function hearGoodbye(turn: Turn, peer: Peer, place: Place): void {
  if (peer.said.place !== undefined && place.generation < peer.said.place.generation) return;
  const { node } = peer;
  changePeer(turn, node, { leftIn: place.generation });
  note(turn, { kind: "shutdown-notice", node });
}

/** Messages of the sequencing itself; they are not numbered. */
function hearUnnumbered(turn: Turn, header: Header, message: Message): void {
  const node = header.from;
  const peer = turn.state.peers.get(node)!; // hear() has found it
  const { settings, life } = turn.state;
  if (header.dest !== settings.local || header.generation !== peer.reception.generation) return;
  if (message.type === "NS_rexmit" && life !== "storing") {
    const { sent, again, refused } = repeat(turn.state.sent, message, turn.now, settings.maxRexmitDelay);
    change(turn, { sent });
    for (const sequence of again) act(turn, { type: "resend", sequence });
    for (const first of refused) {
      sendUnnumbered(turn, { type: "NS_nak_rexmit", first, info: "seqno too low" }, node);
    }
  } else if (message.type === "NS_nak_rexmit") {
    changePeer(turn, node, { reception: giveUp(peer.reception, message.first) });
    note(turn, { kind: "irretrievably-lost", node, sequence: message.first });
  }
}

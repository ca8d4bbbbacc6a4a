/**
 * The cluster as one node sees it: the only file that sees all the small machines.
 *
 * Each step: are we still who we were (a stall is a new life)? Then the event; then what has become due; then what each
 * group needs now; at last what the others must hear.
 *
 * The theory is in docs/architecture.md, "Cores as functions" and "The VIP lease"; who may take a group is in right.ts.
 */
import { earliest, type Instant, type Machine, milliseconds, plus, type Tick } from "@systole/machine";
import { nothingSent } from "../wire/sequence.js";
import type { CoreAction } from "./action.js";
import { compareConfiguration } from "./agreement.js";
import { hearClaim } from "./claimed.js";
import { dialogueDeadline } from "./dialogue.js";
import type { CoreEvent } from "./event.js";
import { fencingMachine } from "./fencing.js";
import { settleHandOver } from "./hand-over.js";
import { hear } from "./hearing.js";
import { ipFailDeadline, settleIpFail } from "./ip-fail.js";
import { soon } from "./lease.js";
import { settleLegacy } from "./legacy.js";
import type { GroupKey } from "./message.js";
import { hearMonitored, monitoredDeadline, settleMonitored } from "./monitored.js";
import { hearOtherKey, isKeptWaiting } from "./other-key.js";
import { holds, ORDERED } from "./ownership.js";
import { isAlive, peerDeadline, tickPeer } from "./peers.js";
import { hearPing, pingDeadline, pingsSettled, tickPings } from "./ping-nodes.js";
import { restart, settleInheritance, settleRestart } from "./restarting.js";
import { groupDeadline, settle } from "./settling.js";
import { held, report, sayStatus, speak } from "./speaking.js";
import { standby, takeover } from "./standby.js";
import { type ClusterState, type Group, idleGroup, type Peer, pingNodes, stalled, voided } from "./state.js";
import {
  act,
  beginTurn,
  change,
  changeGroup,
  changePeer,
  elapsed,
  endTurn,
  later,
  note,
  publish,
  send,
  stepGroup,
  type Turn,
} from "./turn.js";

/** A step that comes so much after its deadline was late: others are not judged before the sockets were read. */
const lateAfter = ({ settings }: ClusterState): number => Math.min(100, settings.keepalive);

export function clusterMachine(): Machine<ClusterState, CoreEvent, CoreAction> {
  return {
    step(before, event, now) {
      if (before.life === "gone") return { state: before, actions: [] };
      const turn = beginTurn(before, now);
      const lateBy = noticeLateness(turn);
      if (event.type === "sent") hasSpoken(turn, event);
      if (stalled(turn.state, now)) startOver(turn);
      else if (lateBy > before.settings.deadtime / 2) announceAgain(turn);
      handle(turn, event);
      advance(turn);
      settle(turn);
      for (const node of turn.state.peers.keys()) {
        settleHandOver(turn, node);
        settleLegacy(turn, node);
      }
      settleIpFail(turn);
      settleMonitored(turn);
      settleInheritance(turn);
      settleRestart(turn);
      if (turn.state.leaving) leave(turn);
      speak(turn);
      return endTurn(turn);
    },
    nextDeadline,
  };
}

/**
 * May the shell put up a VIP of this group at this moment? Ask right after feeding `holding`, right before adding it.
 *
 * `ask-again`: it is ours, but our last word is too old (this process was frozen in between): feed `holding` again.
 * `refused`: it is not ours any more; a `stop` of the group is on its way.
 */
export function holdVerdict(
  state: ClusterState,
  group: GroupKey,
  now: Instant,
): "hold" | "ask-again" | "refused" {
  const here = state.groups.get(group);
  if (here === undefined || !holds(here.ownership)) return "refused";
  return state.lastSentAt !== undefined && now - state.lastSentAt <= soon(state.settings)
    ? "hold"
    : "ask-again";
}

function nextDeadline(state: ClusterState): Instant | undefined {
  if (state.life === "gone") return undefined;
  if (state.life === "storing") return state.booting ? state.lastStepAt : undefined;
  return earliest([
    state.nextStatusAt,
    state.goneAt,
    state.restarting?.until,
    ...[...state.peers.values()].map((peer) => peerDeadline(state, peer)),
    pingDeadline(state),
    ipFailDeadline(state),
    ...[...state.groups.values()].map(groupDeadline),
    ...[...state.groups.values()].map((group) => monitoredDeadline(state, group)),
    ...[...state.peers.values()].map(({ dialogue }) => dialogueDeadline(dialogue, state.lastStepAt)),
  ]);
}

/** By how many milliseconds the step came too late. */
function noticeLateness(turn: Turn): number {
  const due = nextDeadline(turn.state);
  const lateBy = due === undefined ? 0 : Math.max(0, turn.now - due);
  if (lateBy > lateAfter(turn.state)) change(turn, { judgeFrom: plus(turn.now, soon(turn.state.settings)) });
  return lateBy;
}

/** Long away, but not too long: what is ours still is. The neighbours may have forgotten it, or been told otherwise. */
function announceAgain(turn: Turn): void {
  const groups = held(turn.state);
  if (groups.length === 0) return;
  note(turn, { kind: "announced-again", groups });
  act(turn, { type: "announce", groups });
}

/** Our last word is as old as the shell says. One that left after a lease of silence comes too late to count. */
function hasSpoken(turn: Turn, { generation, at }: EventOf<"sent">): void {
  const { state } = turn;
  if (state.life === "storing" || generation !== state.generation || stalled(state, at)) return;
  change(turn, { lastSentAt: at });
}

/** Silent for one lease: others may have called us dead. Whatever we held, knew or were allowed is void. */
function startOver(turn: Turn): void {
  const { state, now } = turn;
  const silentMs = elapsed(turn, state.lastSentAt);
  const generation = state.generation + 1;
  const groups = held(state);
  if (groups.length > 0) act(turn, { type: "drop-vips", groups });
  note(turn, { kind: "stalled", silentMs, generation });
  for (const key of state.groups.keys()) stepGroup(turn, key, { type: "void" });
  change(turn, {
    life: "storing",
    booting: false,
    generation,
    sent: nothingSent,
    lastSentAt: undefined,
    nextStatusAt: now,
    peers: new Map(
      [...state.peers].map(([node, peer]) => [node, voided(peer, now, deadAt(state, peer, now))]),
    ),
    restarting: undefined,
    reported: undefined,
    goneAt: undefined,
  });
  turn.speak = false;
  publish(turn, "critical", {
    kind: "stall",
    stalledMs: silentMs,
    consequence: groups.length > 0 ? `released ${groups.join(", ")}, starting over` : "starting over",
  });
  act(turn, { type: "persist-generation", generation });
}

/** What counted before still does: initdead, and the longer deadtime of a peer that is being restarted on purpose. */
function deadAt({ settings }: ClusterState, { liveness }: Peer, now: Instant): Instant {
  const announced = liveness.kind === "alive" ? liveness.deadtime : settings.deadtime;
  const verdict = plus(now, milliseconds(Math.max(settings.deadtime, announced)));
  return liveness.kind === "dead" ? verdict : later(liveness.deadAt ?? verdict, verdict);
}

function handle(turn: Turn, event: CoreEvent | Tick): void {
  switch (event.type) {
    case "tick":
      return tick(turn);
    case "message":
      return hear(turn, event.medium, event.header, event.message);
    case "other-key":
      return hearOtherKey(turn, event.node, event.medium);
    case "sent":
      return; // counted before anything else
    case "ping-reply":
      return hearPing(turn, event.node);
    case "generation-stored":
      return beginLife(turn, event.generation);
    case "holding":
      turn.speak = true;
      return;
    case "vip-claimed":
      return hearClaim(turn, event.group, event);
    case "started":
      return started(turn, event);
    case "start-failed":
      return startFailed(turn, event);
    case "stopped":
      return stopped(turn, event.group);
    case "stop-failed":
      return stopFailed(turn, event);
    case "status-found":
    case "resources-restarted":
      return hearMonitored(turn, event);
    case "fenced":
      return fenced(turn, event);
    case "confirm-dead":
      return confirmDead(turn, event);
    case "standby":
      return standby(turn, event.set, event.request);
    case "takeover":
      return takeover(turn, event.set, event.request);
    case "restart":
      return restart(turn, event.request);
    case "say":
      // Before our generation is on the disk nobody would believe it.
      if (turn.state.life !== "storing") send(turn, event.message, event.dest);
      return;
    case "stop":
      return stop(turn);
    case "configured":
      return configured(turn, event);
  }
}

type EventOf<Type extends CoreEvent["type"]> = Extract<CoreEvent, { type: Type }>;

function tick(turn: Turn): void {
  const { state, now } = turn;
  if (state.life === "storing") {
    if (!state.booting) return;
    const generation = state.generation + 1;
    change(turn, { booting: false, generation });
    act(turn, { type: "persist-generation", generation });
    return;
  }
  for (const node of state.peers.keys()) tickPeer(turn, node);
  tickPings(turn);
  for (const [key, group] of state.groups) {
    const due = groupDeadline(group);
    if (due === undefined || now < due) continue;
    const { unableUntil, elsewhere } = group;
    if (unableUntil !== undefined && now >= unableUntil) changeGroup(turn, key, { unableUntil: undefined });
    if (elsewhere !== undefined && now >= elsewhere.until) changeGroup(turn, key, { elsewhere: undefined });
    stepGroup(turn, key, { type: "tick" });
  }
}

/** The generation is on disk: from now on we may speak. Groups adopted from the process before are started again. */
function beginLife(turn: Turn, generation: number): void {
  if (turn.state.life !== "storing" || generation !== turn.state.generation) return;
  change(turn, { life: "joining", nextStatusAt: turn.now });
  sayStatus(turn);
  note(turn, { kind: "local-status", state: "up" });
  for (const [key, group] of turn.state.groups) {
    if (group.ownership.kind === "starting") act(turn, { type: "start", group: key });
  }
  turn.speak = true;
}

/** Every peer heard, dead or passed over: communication is up. */
function advance(turn: Turn): void {
  if (turn.state.life !== "joining" || !pingsSettled(turn.state)) return;
  for (const peer of turn.state.peers.values()) {
    const { said, liveness, dialogue } = peer;
    if (liveness.kind === "joining" && !isPassedOver(turn, peer)) return;
    const silent = said.ours === undefined && liveness.kind === "alive";
    if (silent || (said.ours === false && liveness.kind === "alive" && !dialogue.knowsUs)) return;
  }
  change(turn, { life: "operational" });
  note(turn, { kind: "communication-up" });
  note(turn, { kind: "local-status", state: "active" });
  sayStatus(turn);
  if (turn.state.settings.autoFailback !== "legacy") send(turn, { type: "starting" });
}

/** Its initdead is over, others speak in its name, and we have something: clients and commands do not wait for it. */
function isPassedOver({ state, now }: Turn, peer: Peer): boolean {
  const { liveness } = peer;
  const overdue = liveness.kind === "joining" && now >= liveness.deadAt;
  return overdue && isKeptWaiting(state, peer, now) && held(state).length > 0;
}

function started(turn: Turn, { group, steps, degraded }: EventOf<"started">): void {
  const before = turn.state.groups.get(group);
  if (before?.ownership.kind !== "starting") return;
  const { reason } = before.ownership;
  stepGroup(turn, group, { type: "started" });
  note(turn, { kind: "acquired", group, reason });
  const totalMs = elapsed(turn, before.since);
  const told = { groups: [group], reason, steps, totalMs, degraded };
  const from = before.from === undefined ? {} : { from: before.from };
  publish(turn, "notice", { kind: "takeover.finished", ...told, ...from });
}

function startFailed(turn: Turn, { group, resource, problem }: EventOf<"start-failed">): void {
  if (turn.state.groups.get(group)?.ownership.kind !== "starting") return;
  stepGroup(turn, group, { type: "start-failed" });
  const after = turn.state.groups.get(group)?.ownership;
  if (after?.kind === "failed") changeGroup(turn, group, { unableUntil: after.retryAt });
  note(turn, { kind: "unable", group, problem });
  publish(turn, "critical", { kind: "resource.failed", resource, action: "start", problem });
}

function stopped(turn: Turn, key: GroupKey): void {
  const before = turn.state.groups.get(key);
  if (before?.ownership.kind !== "stopping")
    return stepGroup(turn, key, { type: "stopped", receiver: undefined });
  const { to, reason } = before.ownership;
  const generation = to === undefined ? undefined : turn.state.peers.get(to)?.said.place?.generation;
  const receiver = to === undefined || generation === undefined ? undefined : { node: to, generation };
  stepGroup(turn, key, { type: "stopped", receiver });
  changeGroup(turn, key, { stuck: false });
  note(turn, { kind: "released", group: key, reason });
  const isOurs = to !== undefined && turn.state.peers.get(to)?.said.ours === true;
  publish(turn, "notice", {
    kind: "release.finished",
    groups: [key],
    reason,
    totalMs: elapsed(turn, before.since),
    ...(isOurs ? { to } : {}),
    ...(reason === ORDERED ? { ordered: true } : {}),
  });
  forgetRetired(turn, key);
}

/** The group stays ours: no other node may start what still runs here. */
function stopFailed(turn: Turn, { group, resource, problem }: EventOf<"stop-failed">): void {
  if (turn.state.groups.has(group)) changeGroup(turn, group, { stuck: true });
  note(turn, { kind: "unable", group, problem });
  publish(turn, "critical", { kind: "resource.failed", resource, action: "stop", problem });
}

function fenced(turn: Turn, { node, ok, problem }: EventOf<"fenced">): void {
  const peer = turn.state.peers.get(node);
  if (peer?.fencing.kind !== "asked") return;
  const { state: fencing } = fencingMachine.step(peer.fencing, { type: "answer", ok }, turn.now);
  changePeer(turn, node, { fencing });
  note(turn, { kind: "fence-result", node, result: ok ? "OK" : "bad" });
  if (turn.state.life !== "storing") send(turn, { type: "stonith", node, result: ok ? "OK" : "bad" });
  if (!ok) {
    const reason = problem ?? "the fence device did not confirm";
    publish(turn, "critical", {
      kind: "resource.failed",
      resource: `fence ${node}`,
      action: "start",
      problem: reason,
    });
  }
}

/** An operator's word instead of the fence device's; only for a node whose fencing is waited for. */
function confirmDead(turn: Turn, { node, request }: EventOf<"confirm-dead">): void {
  const peer = turn.state.peers.get(node);
  const waits = peer?.fencing.kind === "asked" || peer?.fencing.kind === "retry";
  if (peer !== undefined && waits) {
    const { state: fencing } = fencingMachine.step(peer.fencing, { type: "confirm" }, turn.now);
    changePeer(turn, node, { fencing });
    note(turn, { kind: "fence-result", node, result: "OK" });
    if (turn.state.life !== "storing") send(turn, { type: "stonith", node, result: "OK" });
  }
  const reason = waits ? `${node} counts as off` : `nobody waits for ${node} to be fenced`;
  act(turn, { type: "answer", request, accepted: waits, reason });
}

/** Clean stop: everything is released, right to left. */
function stop(turn: Turn): void {
  if (turn.state.leaving) return;
  change(turn, { leaving: true });
  note(turn, { kind: "giving-up-all" });
  turn.speak = true;
  for (const key of turn.state.groups.keys()) {
    changeGroup(turn, key, { since: turn.now });
    stepGroup(turn, key, { type: "release", reason: "shutdown", to: undefined });
  }
  if (turn.state.life === "operational") report(turn, true);
}

/**
 * Once nothing runs here any more: goodbye, one keepalive for those who missed it, gone. While a resource could not be
 * stopped there is no goodbye: the others shall wait for our deadtime, and fence us if they can.
 */
function leave(turn: Turn): void {
  const { state, now } = turn;
  if (state.goneAt !== undefined) {
    if (now < state.goneAt) return;
    change(turn, { life: "gone" });
    note(turn, { kind: "shutdown-complete" });
    act(turn, { type: "finished" });
    return;
  }
  const groups = [...state.groups.values()];
  if (state.life === "storing" || groups.some((group) => isBusy(group) && !group.stuck)) return;
  if (!groups.some((group) => group.stuck)) {
    note(turn, { kind: "all-relinquished" });
    sayStatus(turn);
    send(turn, { type: "shutdone" });
  }
  const alone = ![...state.peers.values()].some(isAlive);
  change(turn, { goneAt: alone ? now : plus(now, state.settings.keepalive) });
}

function isBusy({ ownership }: Group): boolean {
  const { kind } = ownership;
  return holds(ownership) || kind === "stopping" || kind === "clearing";
}

/** New groups begin idle; groups that are gone are stopped and forgotten. */
function configured(turn: Turn, { settings }: EventOf<"configured">): void {
  const keys = new Set(settings.groups.map((group) => group.key));
  change(turn, { settings, pings: pingNodes(settings, turn.now, turn.state.pings) });
  for (const node of turn.state.peers.keys()) compareConfiguration(turn, node);
  for (const key of keys) if (!turn.state.groups.has(key)) changeGroup(turn, key, idleGroup);
  for (const key of turn.state.groups.keys()) {
    if (keys.has(key)) continue;
    stepGroup(turn, key, { type: "release", reason: "no longer configured", to: undefined });
    forgetRetired(turn, key);
  }
  turn.speak = true;
}

/** A group that is no longer configured is forgotten once nothing of it runs here. */
function forgetRetired(turn: Turn, key: GroupKey): void {
  const configuredStill = turn.state.settings.groups.some((group) => group.key === key);
  const kind = turn.state.groups.get(key)?.ownership.kind;
  if (configuredStill || (kind !== "none" && kind !== "given")) return;
  const groups = new Map(turn.state.groups);
  groups.delete(key);
  change(turn, { groups });
}

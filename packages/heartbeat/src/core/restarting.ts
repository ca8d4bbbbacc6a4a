/**
 * A restart on purpose that keeps the VIPs: an upgrade, whose new program may start slower than a short lease lasts.
 *
 *   asked --we announce a longer deadtime--> announced --every peer has heard that--> handed on
 *                                                '--2 s, or a group moves--> refused, all is as before
 *
 * A node is judged by the deadtime that it announces itself. Once every peer has acknowledged a longer one, the VIPs
 * get the lease that it allows, and this process ends without a word. The one after it finds both in the last word; it
 * goes on announcing the longer deadtime until its groups run under its own lease. A peer that boots meanwhile waits
 * for initdead, so the longer deadtime is never longer than that. One that is silent may be frozen, and would wait for
 * its own deadtime only: then nothing is handed on. Nor with a real heartbeat, which does not acknowledge each status.
 * Source: specification of heartbeat, section 5.3 (a real one announces more than its deadtime, too).
 */
import { type Instant, plus, seconds } from "@systole/machine";
import type { RequestId } from "./event.js";
import { lateness, longerDeadtime, longerLease, soon } from "./lease.js";
import { hasLeft, isAlive } from "./peers.js";
import { held } from "./speaking.js";
import type { ClusterState, Peer } from "./state.js";
import { act, change, type Turn } from "./turn.js";

const HEARD_LIMIT = seconds(2);

export function restart(turn: Turn, request: RequestId): void {
  const { state, now } = turn;
  const hindered = state.restarting === undefined ? hindrance(state) : "it is being restarted already";
  if (hindered !== undefined) {
    act(turn, { type: "answer", request, accepted: false, reason: hindered });
    return;
  }
  change(turn, { restarting: { request, until: plus(now, HEARD_LIMIT), from: state.sent.last + 1 } });
  turn.speak = true;
}

/** Why the VIPs cannot be handed on now. */
function hindrance(state: ClusterState): string | undefined {
  const { life, leaving, settings, groups, peers } = state;
  if (life !== "operational" || leaving) return "this node is not operational";
  if (settings.lease === undefined) return "there is no VIP lease to hand on";
  for (const [key, { ownership, monitoring }] of groups) {
    const { kind } = ownership;
    if (kind !== "none" && kind !== "running" && kind !== "failed") return `${key} is on the move`;
    if (monitoring.phase.kind === "restarting") return `a resource of ${key} is being started again`;
  }
  const there = [...peers.values()].filter((peer) => !hasLeft(peer));
  const silent = there.find((peer) => !isAlive(peer));
  if (silent !== undefined) return `${silent.node} is silent: it may only be frozen, and hears nothing of it`;
  const real = there.find(({ said }) => said.ours !== true);
  return real && `${real.node} does not say what it has heard`;
}

/** At the end of a turn: has every peer heard of it? */
export function settleRestart(turn: Turn): void {
  const { state, now } = turn;
  const { restarting } = state;
  if (restarting === undefined) return;
  const reason = hindrance(state);
  if (reason !== undefined) return refuse(turn, restarting.request, reason);
  const alive = [...state.peers.values()].filter(isAlive);
  const heard = alive.map((peer) => heardAt(state, peer, restarting.from));
  const missing = alive.find((_, index) => heard[index] === undefined);
  if (missing === undefined) handOn(turn, restarting.request, heard);
  if (turn.state.restarting === undefined || now < restarting.until) return;
  const late = missing && `${missing.node} has not heard of it in time`;
  refuse(turn, restarting.request, late ?? "this node was away: what the others have heard of it is too old");
}

function refuse(turn: Turn, request: RequestId, reason: string): void {
  change(turn, { restarting: undefined });
  turn.speak = true;
  act(turn, { type: "answer", request, accepted: false, reason });
}

/** When the newest status that it has heard left us, if that was one with the longer deadtime. */
function heardAt({ sent, generation }: ClusterState, { said }: Peer, from: number): Instant | undefined {
  const { heardUs } = said;
  if (heardUs?.generation !== generation || heardUs.sequence < from) return undefined;
  return sent.statuses.find(({ sequence }) => sequence === heardUs.sequence)?.at;
}

/** The VIPs get the longer lease, unless that could outlive the deadtime since a peer last heard us. */
function handOn(turn: Turn, request: RequestId, heard: readonly (Instant | undefined)[]): void {
  const { state, now } = turn;
  const { settings } = state;
  const lease = settings.lease && longerLease(settings, longerDeadtime(settings), settings.lease.kind);
  if (lease === undefined) return; // hindrance() has seen to it
  const deadtime = longerDeadtime(settings);
  const spare = deadtime - lease.length - lateness(lease);
  if (heard.some((at) => at === undefined || now - at > spare)) return;
  act(turn, { type: "answer", request, accepted: true, reason: "the VIPs wait for the next process" });
  act(turn, { type: "hand-on", groups: held(state), lease, deadtime, until: plus(now, soon(settings)) });
  change(turn, { life: "gone", restarting: undefined });
}

/** The groups that were adopted run under our own lease, or do not run here: nothing is left of the inheritance. */
export function settleInheritance(turn: Turn): void {
  const { inherited, groups, life } = turn.state;
  if (inherited === undefined || life === "storing") return;
  const kinds = [...groups.values()].map(({ ownership }) => ownership.kind);
  if (kinds.some((kind) => kind === "starting" || kind === "stopping" || kind === "clearing")) return;
  change(turn, { inherited: undefined });
  turn.speak = true;
}

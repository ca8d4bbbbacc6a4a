/**
 * Ping nodes: hosts outside the cluster that are only asked whether they answer.
 *
 *   init --reply--> ping --deadping--> dead        init --initdead--> dead
 *                     ^------reply------|
 *
 * They are asked with every heartbeat of ours. Nothing here decides who owns what: `answering` is what ipfail compares
 * between the nodes. Source: specification of heartbeat, sections 5.1, 5.5 and 10.
 */
import { earliest, type Instant, type Tick } from "@systole/machine";
import { type Liveness, type LivenessEvent, livenessMachine } from "./liveness.js";
import type { NodeName } from "./message.js";
import type { ClusterSettings } from "./settings.js";
import type { ClusterState } from "./state.js";
import { change, later, note, publish, type Turn } from "./turn.js";

/** The words of `cl_status nodestatus`. */
export function pingState(liveness: Liveness): "init" | "ping" | "dead" {
  if (liveness.kind === "alive") return "ping";
  return liveness.kind === "joining" ? "init" : "dead";
}

/** How many of them answer at present. */
export const answering = ({ pings }: ClusterState): number =>
  [...pings.values()].filter(({ kind }) => kind === "alive").length;

/** Not one of them is still waited for. */
export const pingsSettled = ({ pings }: ClusterState): boolean =>
  [...pings.values()].every(({ kind }) => kind !== "joining");

export function hearPing(turn: Turn, node: NodeName): void {
  step(turn, node, { type: "heard", deadtime: turn.state.settings.pings?.deadtime, fresh: true });
}

/** Whoever has been silent for deadping is dead. */
export function tickPings(turn: Turn): void {
  if (turn.now < turn.state.judgeFrom) return;
  for (const node of turn.state.pings.keys()) step(turn, node, { type: "tick" });
}

function step(turn: Turn, node: NodeName, event: LivenessEvent | Tick): void {
  const before = turn.state.pings.get(node);
  if (before === undefined) return; // a reply that comes after a reload has taken the node out
  const { state, actions } = machineOf(turn.state.settings).step(before, event, turn.now);
  if (state === before) return;
  change(turn, { pings: new Map(turn.state.pings).set(node, state) });
  for (const action of actions) {
    if (action.type === "report-alive") {
      note(turn, { kind: "node-status", node, state: "ping" });
      publish(turn, "info", { kind: "node.alive", peer: node, after: action.after });
    } else if (action.type === "report-dead") {
      const told = { silenceMs: Math.round(action.silent), deadtimeMs: action.deadtime };
      note(turn, { kind: "node-dead", node });
      note(turn, { kind: "node-status", node, state: "dead" });
      publish(turn, "warning", { kind: "node.dead", peer: node, ...told });
    }
  }
}

/** A ping node is never late: it is there, or it is dead. */
function machineOf(settings: ClusterSettings) {
  const deadtime = settings.pings?.deadtime ?? settings.deadtime;
  return livenessMachine({ warntime: deadtime, deadtime });
}

export function pingDeadline({ settings, pings, judgeFrom }: ClusterState): Instant | undefined {
  const machine = machineOf(settings);
  const verdict = earliest([...pings.values()].map((liveness) => machine.nextDeadline(liveness)));
  return verdict === undefined ? undefined : later(verdict, judgeFrom);
}

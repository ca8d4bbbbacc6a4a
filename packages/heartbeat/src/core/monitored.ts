/** What follows in the cluster from what monitoring finds: questions, restarts, a group that goes to another node. */
import type { Severity } from "@systole/bus";
import type { Instant } from "@systole/machine";
import type { CoreEvent } from "./event.js";
import type { Consequence } from "./finding.js";
import { offer } from "./hand-over.js";
import type { GroupKey, NodeName } from "./message.js";
import { type MonitoringAction, type MonitoringEvent, monitoringMachine, unwatched } from "./monitoring.js";
import { receivers } from "./peers.js";
import { giveTo } from "./standby.js";
import type { ClusterState, Group, Peer } from "./state.js";
import { act, changeGroup, note, publish, type Turn } from "./turn.js";

type Answer = Extract<CoreEvent, { type: "status-found" | "resources-restarted" }>;

/** What the shell found, or how a restart ended. */
export function hearMonitored(turn: Turn, event: Answer): void {
  const { group, round } = event;
  // A stall that was noticed in this turn has stopped it: nothing may start again beside that.
  if (turn.state.groups.get(group)?.ownership.kind !== "running") return;
  const receiver = receiverIn(turn)?.node;
  if (event.type === "status-found")
    step(turn, group, { type: "found", round, findings: event.findings, receiver });
  else step(turn, group, { type: "restarted", round, failed: event.failed, receiver });
}

/** At the end of a turn: groups that run here are asked when it is time, all others are left alone. */
export function settleMonitored(turn: Turn): void {
  for (const [key, { ownership, monitoring }] of turn.state.groups) {
    const isWatched = turn.state.settings.monitor !== undefined && ownership.kind === "running";
    if (isWatched) {
      step(turn, key, { type: "runs-here" });
      step(turn, key, { type: "tick" });
    } else if (monitoring.phase.kind !== "idle") {
      const { state, actions } = unwatched(monitoring);
      changeGroup(turn, key, { monitoring: state });
      for (const action of actions) perform(turn, key, action);
    }
  }
}

export function monitoredDeadline(
  { settings: { monitor } }: ClusterState,
  group: Group,
): Instant | undefined {
  return monitor && monitoringMachine(monitor).nextDeadline(group.monitoring);
}

function step(turn: Turn, key: GroupKey, event: MonitoringEvent | { readonly type: "tick" }): void {
  const { monitor } = turn.state.settings;
  const before = turn.state.groups.get(key)?.monitoring;
  if (monitor === undefined || before === undefined) return;
  const { state, actions } = monitoringMachine(monitor).step(before, event, turn.now);
  if (state !== before) changeGroup(turn, key, { monitoring: state });
  for (const action of actions) perform(turn, key, action);
}

/** Who can take a group now; a real heartbeat only if nobody of ours can, and while it would listen. */
function receiverIn({ state, now }: Turn): Peer | undefined {
  if (state.life !== "operational" || state.leaving || state.restarting !== undefined) return undefined;
  const able = receivers(state, now);
  const listens = ({ said, dialogue }: Peer) =>
    said.ours === false && dialogue.stable && dialogue.handOver === undefined;
  const real = state.settings.autoFailback === "legacy" ? undefined : able.find(listens);
  return able.find(({ said }) => said.ours === true) ?? real;
}

function perform(turn: Turn, group: GroupKey, action: MonitoringAction): void {
  switch (action.type) {
    case "ask":
      return act(turn, { type: "ask-status", group, round: action.round });
    case "restart": {
      const { round, resources } = action;
      return act(turn, { type: "restart-resources", group, round, resources });
    }
    case "move":
      return move(turn, group, action.to, action.resource);
    case "tell-unknown": {
      const { resource, problem } = action;
      return note(turn, { kind: "resource-unknown", group, resource, problem });
    }
    case "tell-down":
      return tellDown(turn, group, action);
    case "tell-up": {
      const { resource, again } = action;
      const isOff = turn.state.settings.monitor === undefined;
      const how = again ? "it runs again" : isOff ? "it is no longer watched" : "its group leaves this node";
      note(turn, { kind: "resource-up", group, resource, how });
      return publish(turn, "notice", { kind: "resource.up", resource, how });
    }
    case "tell-failed": {
      const { resource, problem } = action;
      return publish(turn, "critical", { kind: "resource.failed", resource, action: "start", problem });
    }
  }
}

/** One of ours gets this group; a real heartbeat all groups that prefer the same node, as by hb_standby. */
function move(turn: Turn, key: GroupKey, to: NodeName, resource: string): void {
  const peer = turn.state.peers.get(to);
  const group = turn.state.settings.groups.find((one) => one.key === key);
  if (peer === undefined || group === undefined) return;
  const reason = `${resource} does not stay up here`;
  if (peer.said.ours === true) giveTo(turn, [key], to, reason);
  else offer(turn, peer, group.preferred === turn.state.settings.local ? "local" : "foreign");
}

const SEVERITY: Readonly<Record<Consequence, Severity>> = {
  told: "warning",
  restarts: "warning",
  moves: "critical",
  stays: "critical",
};

const WORDS: Readonly<Record<Consequence, string>> = {
  told: "nothing is done about it",
  restarts: "it is started again",
  moves: "its group goes to another node",
  stays: "its group cannot go to another node now, so it is started again every half minute",
};

function tellDown(
  turn: Turn,
  group: GroupKey,
  { resource, reason, consequence }: Extract<MonitoringAction, { type: "tell-down" }>,
): void {
  const words = WORDS[consequence];
  note(turn, { kind: "resource-down", group, resource, reason, consequence: words });
  publish(turn, SEVERITY[consequence], { kind: "resource.down", resource, reason, consequence: words });
}

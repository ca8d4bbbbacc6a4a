/** Our core beside a real heartbeat on lb1, which says what a test lets it say. */
import { type Instant, instant, seconds } from "@systole/machine";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { Message } from "../../src/core/message.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { CLASSIC } from "./classic.js";

const SETTINGS: ClusterSettings = { ...CLASSIC, autoFailback: "off" };

const status: Message = { type: "status", state: "active", deadtime: seconds(5), protocol: 1 };

/** Its statuses from one second to another, both included. */
export const statuses = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, status] as const);

/** It has heard us in the first second; what it holds, in the second one. */
export const met = (holds: "local" | "none" | "all") =>
  [
    [1, { type: "repnodes", nodes: ["lb1", "lb2"], deleted: [] }],
    [2, { type: "resource", holds, stable: true }],
  ] as const satisfies readonly Said[];

export type Said = readonly [second: number, message: Message];

export interface Beside {
  readonly settings?: Partial<ClusterSettings>;
  /** Seconds in which our ping node answers. */
  readonly pinged?: readonly number[];
  /** Our words of these types are written down, too. */
  readonly words?: readonly Message["type"][];
  /** From that second on a resource of each group is down; started again it stays so. */
  readonly downFrom?: number;
}

/** What we started and stopped, and said, by the second. */
export function besideReal(said: readonly Said[], untilSecond: number, options: Beside = {}): string[] {
  const machine = clusterMachine();
  let now = instant(0);
  const settings = { ...SETTINGS, ...options.settings };
  let state: ClusterState = booted(settings, { storedGeneration: 6, adopted: [] }, now);
  const done: string[] = [];
  let sequence = 0;
  function feed(event: CoreEvent | { type: "tick" }, at: Instant): void {
    now = at;
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) {
      if (action.type === "persist-generation") feed({ ...action, type: "generation-stored" }, now);
      if (action.type === "send" && action.message.type === "status")
        feed({ type: "sent", generation: action.generation, at: now }, now);
      if (action.type === "send" && options.words?.includes(action.message.type))
        done.push(`${now / 1000} ${wordsOf(action.message)}`);
      if (action.type === "ask-status") {
        const isDown = now >= 1000 * (options.downFrom ?? Number.POSITIVE_INFINITY);
        const findings = [{ resource: "web", state: isDown ? ("stopped" as const) : ("runs" as const) }];
        feed({ ...action, type: "status-found", findings }, now);
      }
      if (action.type === "restart-resources") {
        done.push(`${now / 1000} restart ${action.resources.join(" ")}`);
        feed({ ...action, type: "resources-restarted", failed: undefined }, now);
      }
      if (action.type !== "start" && action.type !== "stop") continue;
      done.push(`${now / 1000} ${action.type}`);
      const { group } = action;
      if (action.type === "stop") feed({ type: "stopped", group }, now);
      else feed({ type: "started", group, steps: [], degraded: [] }, now);
    }
  }
  const heard = said.map(([second, message]) => ({ second, message }));
  const pinged = (options.pinged ?? []).map((second) => ({ second, message: undefined }));
  const due = [...heard, ...pinged].sort((a, b) => a.second - b.second);
  for (;;) {
    const next = due[0];
    const at = instant(Math.min(machine.nextDeadline(state) ?? Infinity, (next?.second ?? Infinity) * 1000));
    if (at > untilSecond * 1000) return done;
    if (next === undefined || next.second * 1000 > at) {
      feed({ type: "tick" }, at);
      continue;
    }
    due.shift();
    const { message } = next;
    if (message === undefined) feed({ type: "ping-reply", node: "gateway" }, at);
    else {
      sequence += 1;
      const dest = ADDRESSED.includes(message.type) ? { dest: "lb2" } : {};
      const header = { from: "lb1", generation: 3, sequence, ...dest };
      feed({ type: "message", medium: "eth0", header, message }, at);
    }
  }
}

/** What a node says to one other. */
const ADDRESSED: readonly Message["type"][] = [
  "repnodes",
  "ip-request-resp",
  "num_ping_nodes",
  "you_are_dead",
  "abort_giveup",
];

function wordsOf(message: Message): string {
  if (message.type === "num_ping_nodes") return `num_ping_nodes ${message.count}`;
  if (message.type === "ask_resources") return `ask ${message.set} ${message.info}`;
  if (message.type === "ip-request") return `ip-request ${message.group}`;
  if (message.type === "ip-request-resp") return `ip-request-resp ${message.weOwn ? "yes" : "no"}`;
  return message.type;
}

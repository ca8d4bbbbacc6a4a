/** Two cores that hear one another at once: what a member that owns nothing means to the other, and messages of clients. */
import type { Fact } from "@systole/bus";
import { type Instant, instant } from "@systole/machine";
import { expect, test } from "vitest";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { CLASSIC } from "./classic.js";

function pair(first: Partial<ClusterSettings>) {
  const machine = clusterMachine();
  let now: Instant = instant(0);
  const delivered: string[] = [];
  const facts: Fact[] = [];
  const settingsOf = (local: string): ClusterSettings => ({
    ...CLASSIC,
    ...(local === "lb1" ? first : {}),
    local,
  });
  const states = new Map<string, ClusterState>(
    CLASSIC.nodes.map((node) => [node, booted(settingsOf(node), { storedGeneration: 6, adopted: [] }, now)]),
  );
  const waiting: [string, CoreEvent | { type: "tick" }][] = [];

  function feed(node: string, event: CoreEvent | { type: "tick" }): void {
    const { state, actions } = machine.step(states.get(node)!, event, now);
    states.set(node, state);
    for (const action of actions) {
      if (action.type === "persist-generation")
        waiting.push([node, { type: "generation-stored", generation: action.generation }]);
      if (action.type === "start")
        waiting.push([node, { type: "started", group: action.group, steps: [], degraded: [] }]);
      if (action.type === "stop") waiting.push([node, { type: "stopped", group: action.group }]);
      if (action.type === "publish") facts.push(action.fact);
      if (action.type === "deliver") delivered.push(`${node}: ${action.from} ${action.message.name}`);
      if (action.type !== "send") continue;
      const { generation, sequence, dest, message } = action;
      if (message.type === "status") waiting.push([node, { type: "sent", generation, at: now }]);
      const header = {
        from: node,
        generation,
        ...(sequence !== undefined && { sequence }),
        ...(dest && { dest }),
      };
      const other = node === "lb1" ? "lb2" : "lb1";
      waiting.push([other, { type: "message", medium: "eth1", header, message }]);
    }
  }

  return {
    feed,
    delivered,
    facts,
    runUntil(ms: number): void {
      for (;;) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) feed(...next);
        const due = [...states].map(([node, state]) => [machine.nextDeadline(state), node] as const);
        const [when, node] = due.toSorted(([a = ms], [b = ms]) => a - b)[0]!;
        if (when === undefined || when > ms) break;
        now = instant(Math.max(now, when));
        feed(node, { type: "tick" });
      }
    },
    runs: () =>
      [...states]
        .filter(([, { groups: own }]) => own.get("web")?.ownership.kind === "running")
        .map(([node]) => node),
  };
}

test("a group goes to the node that it prefers", () => {
  const cluster = pair({});
  cluster.runUntil(30_000);
  expect(cluster.runs()).toEqual(["lb1"]);
});

test("nobody waits for a preferred node that owns nothing (heartbeat -M)", () => {
  const cluster = pair({ groups: [], ownsNothing: true });
  cluster.runUntil(30_000);
  expect(cluster.runs()).toEqual(["lb2"]);
});

test("a client's message is delivered once, to the node that it is for", () => {
  const cluster = pair({});
  cluster.runUntil(20_000);
  const message = { type: "other", name: "custom", fields: [] } as const;
  cluster.feed("lb1", { type: "say", message });
  cluster.feed("lb1", { type: "say", message, dest: "lb2" });
  cluster.feed("lb1", { type: "say", message, dest: "lb1" });
  cluster.runUntil(21_000);
  expect(cluster.delivered).toEqual(["lb2: lb1 custom", "lb2: lb1 custom"]);
});

test("a hand-over names both: to whom it was given and by whom, and that a person asked for it", () => {
  const cluster = pair({});
  cluster.runUntil(20_000);
  cluster.facts.length = 0;
  cluster.feed("lb1", { type: "standby", set: "all", request: 1 });
  cluster.runUntil(25_000);
  expect(cluster.runs()).toEqual(["lb2"]);
  expect(cluster.facts.filter(({ kind }) => /^(release|takeover)/.test(kind))).toEqual([
    { kind: "release.finished", groups: ["web"], reason: "standby", totalMs: 0, to: "lb2", ordered: true },
    { kind: "takeover.started", groups: ["web"], reason: "lb1 gave it", from: "lb1" },
    {
      ...{ kind: "takeover.finished", groups: ["web"], reason: "lb1 gave it", from: "lb1" },
      ...{ steps: [], totalMs: 0, degraded: [] },
    },
  ]);
});

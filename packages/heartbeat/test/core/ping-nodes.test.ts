import { type Instant, instant, seconds } from "@systole/machine";
import { expect, test } from "vitest";
import type { CoreAction } from "../../src/core/action.js";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import { answering } from "../../src/core/ping-nodes.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { viewOf } from "../../src/core/view.js";
import { CLASSIC } from "./classic.js";

const settings: ClusterSettings = {
  ...CLASSIC,
  local: "lb1",
  nodes: ["lb1"],
  groups: [],
  pings: { nodes: ["router", "group"], deadtime: seconds(4) },
};

/** One node, with the answers of its ping nodes by the millisecond; what it said of them, and how often it asked. */
function play(answers: readonly (readonly [number, string])[], untilMs: number) {
  const machine = clusterMachine();
  let now = instant(0);
  let state: ClusterState = booted(settings, { storedGeneration: 1, adopted: [] }, now);
  const told: string[] = [];
  let asked = 0;
  const feed = (event: CoreEvent | { type: "tick" }, at: Instant): void => {
    now = at;
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) perform(action);
  };
  const perform = (action: CoreAction): void => {
    if (action.type === "persist-generation")
      feed({ type: "generation-stored", generation: action.generation }, now);
    if (action.type === "ping") asked += 1;
    if (action.type === "log" && action.note.kind === "node-status")
      told.push(`${now} ${action.note.node} ${action.note.state}`);
  };
  const due = [...answers];
  for (;;) {
    const deadline = machine.nextDeadline(state) ?? instant(untilMs);
    const next = due[0];
    const at = instant(Math.min(deadline, next?.[0] ?? untilMs, untilMs));
    if (at >= untilMs) break;
    if (next !== undefined && next[0] <= at) feed({ type: "ping-reply", node: due.shift()![1] }, at);
    else feed({ type: "tick" }, at);
  }
  return { told, asked, state, view: viewOf(state, instant(untilMs)) };
}

test("a ping node that answers is alive, is dead after deadping, and comes back", () => {
  const answers = [
    [500, "router"],
    [1500, "group"],
    [2500, "router"],
    [9000, "router"],
  ] as const;
  const { told, state, view } = play(answers, 9500);
  expect(told).toEqual([
    "500 router ping",
    "1500 group ping",
    "5500 group dead",
    "6500 router dead",
    "9000 router ping",
  ]);
  expect(view.pings).toEqual([
    { node: "router", state: "ping" },
    { node: "group", state: "dead" },
  ]);
  expect(answering(state)).toBe(1);
});

test("each is asked once a keepalive", () => {
  expect(play([], 5500).asked).toBe(6);
});

test("communication is up once each has answered, or initdead is over", () => {
  expect(play([[500, "router"]], 9999).view.life).toBe("joining");
  expect(play([[500, "router"]], 10_001).view.life).toBe("operational");
  const both = [
    [500, "router"],
    [600, "group"],
  ] as const;
  expect(play(both, 700).view.life).toBe("operational");
});

test("an answer of a host that is no ping node of ours is nothing", () => {
  expect(play([[500, "stranger"]], 1000).told).toEqual([]);
});

/** What monitoring does to the cluster, where the stories do not lead: alone, beside a real heartbeat, in the way of others. */
import { type Instant, instant, seconds } from "@systole/machine";
import { expect, test } from "vitest";
import type { CoreAction } from "../../src/core/action.js";
import { clusterMachine } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { Finding } from "../../src/core/finding.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { booted, type ClusterState } from "../../src/core/state.js";
import { viewOf } from "../../src/core/view.js";
import { besideReal, met, type Said, statuses } from "./beside-real.js";
import { CLASSIC } from "./classic.js";

const every10: Partial<ClusterSettings> = { monitor: { interval: seconds(10), policy: "restart" } };

/** lb2 alone: lb1 is dead after 10 s, and `web` runs here from then on. Questions wait for the test. */
function alone(changes: Partial<ClusterSettings> = every10) {
  const machine = clusterMachine();
  const settings = { ...CLASSIC, ...changes };
  let now: Instant = instant(0);
  let state: ClusterState = booted(settings, { storedGeneration: 6, adopted: [] }, now);
  const seen: CoreAction[] = [];

  function feed(event: CoreEvent | { type: "tick" }): void {
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) {
      seen.push(action);
      if (action.type === "persist-generation") feed({ ...action, type: "generation-stored" });
      if (action.type === "start") feed({ ...action, type: "started", steps: [], degraded: [] });
      if (action.type === "send" && action.message.type === "status")
        feed({ ...action, type: "sent", at: now });
    }
  }
  const taken = (...types: CoreAction["type"][]) => seen.splice(0).filter(({ type }) => types.includes(type));
  return {
    ...{ feed, taken, settings },
    runUntil(second: number): void {
      for (let due = machine.nextDeadline(state); due !== undefined && due <= second * 1000; ) {
        now = due;
        feed({ type: "tick" });
        due = machine.nextDeadline(state);
      }
      now = instant(second * 1000);
    },
    freezeUntil(second: number): void {
      now = instant(second * 1000);
    },
    /** Answers the question that waits. */
    answer(web: Finding["state"]): void {
      const round = state.groups.get("web")?.monitoring.round ?? 0;
      feed({ type: "status-found", group: "web", round, findings: [{ resource: "web", state: web }] });
    },
    facts: () => taken("publish").map((action) => (action.type === "publish" ? action.fact : undefined)),
    view: () => viewOf(state, now).groups[0],
  };
}

test("a group that runs here is asked an interval later; the next question waits for the answer", () => {
  const node = alone();
  node.runUntil(19.9);
  expect(node.taken("ask-status")).toEqual([]);
  node.runUntil(200);
  expect(node.taken("ask-status")).toEqual([{ type: "ask-status", group: "web", round: 1 }]);
  node.answer("runs");
  node.runUntil(211);
  expect(node.taken("ask-status")).toEqual([{ type: "ask-status", group: "web", round: 2 }]);
});

test("without the directive nobody asks", () => {
  const node = alone({});
  node.runUntil(200);
  expect(node.taken("ask-status")).toEqual([]);
});

test("what is down is told, shown and started again; the group stays ours meanwhile", () => {
  const node = alone();
  node.runUntil(21);
  node.taken();
  node.answer("stopped");
  expect(node.view()).toMatchObject({ here: "running", owner: "lb2", down: ["web"] });
  expect(node.taken("restart-resources", "log", "start", "stop", "publish")).toMatchObject([
    {
      type: "log",
      note: { kind: "resource-down", reason: "it does not run", consequence: "it is started again" },
    },
    { type: "publish", severity: "warning", fact: { kind: "resource.down", resource: "web" } },
    { type: "restart-resources", group: "web", round: 2, resources: ["web"] },
  ]);
  node.feed({ type: "resources-restarted", group: "web", round: 2, failed: undefined });
  node.runUntil(32);
  node.taken();
  node.answer("runs");
  expect(node.facts()).toEqual([{ kind: "resource.up", resource: "web", how: "it runs again" }]);
  expect(node.view()).not.toHaveProperty("down");
});

test("a group that is being stopped is not asked, and a late answer about it changes nothing", () => {
  const node = alone();
  node.runUntil(21);
  node.feed({ type: "stop" });
  node.taken();
  node.answer("stopped");
  expect(node.taken("restart-resources", "publish")).toEqual([]);
});

test("an answer that comes after a stall: the group is stopped, and nothing of it is started again", () => {
  const node = alone({ ...every10, lease: { kind: "address", length: seconds(3) } });
  node.runUntil(21);
  node.taken();
  node.freezeUntil(60);
  node.answer("stopped");
  expect(node.taken("stop", "restart-resources")).toEqual([{ type: "stop", group: "web" }]);
});

test("a resource is being started again: no restart on purpose until that is done", () => {
  const lease = { kind: "address", length: seconds(3) } as const;
  const node = alone({
    ...every10,
    lease,
    nodes: ["lb2"],
    groups: [{ ...CLASSIC.groups[0]!, preferred: "lb2" }],
  });
  node.runUntil(15);
  node.answer("stopped");
  node.taken();
  node.feed({ type: "restart", request: 1 });
  node.feed({ type: "resources-restarted", group: "web", round: 2, failed: undefined });
  node.feed({ type: "restart", request: 2 });
  expect(node.taken("answer")).toMatchObject([
    { request: 1, accepted: false, reason: "a resource of web is being started again" },
    { request: 2, accepted: true },
  ]);
});

test("a reload that takes the directive out ends it, and what was down is no longer watched", () => {
  const node = alone();
  node.runUntil(21);
  node.answer("stopped");
  node.taken();
  const { monitor: _, ...settings } = node.settings;
  node.feed({ type: "configured", settings });
  expect(node.facts()).toEqual([{ kind: "resource.up", resource: "web", how: "it is no longer watched" }]);
  node.runUntil(200);
  expect(node.taken("ask-status")).toEqual([]);
});

test("a restart that fails is told as any failing start, and is tried again where nobody else lives", () => {
  const node = alone();
  node.runUntil(21);
  node.answer("stopped");
  node.taken();
  const failed = { resource: "web", problem: "exit 1" };
  node.feed({ type: "resources-restarted", group: "web", round: 2, failed });
  expect(node.facts()).toEqual([{ kind: "resource.failed", action: "start", ...failed }]);
  node.runUntil(32);
  node.answer("stopped");
  expect(node.taken("restart-resources", "stop")).toMatchObject([{ type: "restart-resources", round: 4 }]);
});

/** A real heartbeat on lb1 that has nothing, and our group on lb2. */
const real: Said[] = [...statuses(1, 60), ...met("none")];
const ours = { groups: [{ key: "web", preferred: "lb2", resources: ["web"] }] };

test.each<{ name: string; settings: Partial<ClusterSettings>; said?: Said[]; expected: readonly string[] }>([
  {
    name: "a real heartbeat is offered the group as hb_standby does",
    settings: { monitor: { interval: seconds(5), policy: "move" } },
    said: [[17.4, { type: "ask_resources", set: "local", info: "other" }]],
    expected: ["2 start", "17 ask local me", "17.4 stop", "17.4 ask local done"],
  },
  {
    name: "it does not answer: the resource is started again, and it is not asked twice in an hour",
    settings: { monitor: { interval: seconds(5), policy: "move" } },
    expected: ["2 start", "17 ask local me", "37 restart web", "42 restart web", "47 restart web"],
  },
  {
    name: "auto_failback legacy has no such words: the resource is started again",
    settings: { monitor: { interval: seconds(5), policy: "move" }, autoFailback: "legacy" },
    said: [[3, { type: "ip-request-resp", group: "web", weOwn: true, ok: true }]],
    expected: ["3 start", "18 restart web", "23 restart web", "28 restart web"],
  },
])("$name", ({ settings, said = [], expected }) => {
  const options = { settings: { ...ours, ...settings }, words: ["ask_resources" as const], downFrom: 15 };
  const all = [...real, ...said].toSorted(([a], [b]) => a - b);
  expect(besideReal(all, 50, options)).toEqual(expected);
});

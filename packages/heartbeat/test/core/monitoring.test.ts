/** Monitoring of one group: asked every 10 s, answered at once unless a test says otherwise. */
import { type Instant, instant, seconds } from "@systole/machine";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding } from "../../src/core/finding.js";
import {
  type MonitoringAction,
  type MonitorSettings,
  monitoringMachine,
  NOT_MONITORED,
  unwatched,
} from "../../src/core/monitoring.js";

/** What `status` answers from that second on. */
type Status = readonly [second: number, state: Finding["state"]];

interface Play {
  readonly policy?: MonitorSettings["policy"];
  /** Of the resource `web`. Started again it runs, unless `startFails`. */
  readonly web: readonly Status[];
  readonly startFails?: boolean;
  /** Another node can take the group. */
  readonly peer?: boolean;
  readonly optional?: boolean;
  readonly until: number;
}

function play({ policy = "restart", web, startFails = false, peer = false, optional = false, until }: Play) {
  const machine = monitoringMachine({ interval: seconds(10), policy });
  const receiver = peer ? "lb2" : undefined;
  const seen: string[] = [];
  let now: Instant = instant(0);
  let { state } = machine.step(NOT_MONITORED, { type: "runs-here" }, now);

  function perform(action: MonitoringAction): void {
    const { round } = state;
    if (action.type === "ask") {
      const [, is] = web.findLast(([second]) => second * 1000 <= now) ?? [0, "runs" as const];
      const finding = {
        resource: "web",
        state: is,
        optional,
        ...(is === "unknown" && { problem: "no answer" }),
      };
      return feed({ type: "found", round, findings: [finding], receiver });
    }
    seen.push(`${now / 1000} ${wordOf(action)}`);
    const failed = startFails ? { resource: "web", problem: "exit 1" } : undefined;
    if (action.type === "restart") feed({ type: "restarted", round, failed, receiver });
  }
  function feed(event: Parameters<typeof machine.step>[1]): void {
    const step = machine.step(state, event, now);
    state = step.state;
    for (const action of step.actions) perform(action);
  }

  for (let due = machine.nextDeadline(state); due !== undefined && due <= until * 1000; ) {
    now = due;
    feed({ type: "tick" });
    due = machine.nextDeadline(state);
    if (due !== undefined && due <= now) throw new Error(`a deadline that stays: ${due}`);
  }
  return { seen, state };
}

function wordOf(action: MonitoringAction): string {
  switch (action.type) {
    case "ask":
      return "ask";
    case "restart":
      return `restart ${action.resources.join(" ")}`;
    case "move":
      return `move to ${action.to}`;
    case "tell-down":
      return `down: ${action.consequence}`;
    case "tell-up":
      return action.again ? "up" : "unwatched";
    case "tell-unknown":
      return `unknown: ${action.problem}`;
    case "tell-failed":
      return `failed: ${action.problem}`;
  }
}

test.each<Play & { name: string; expected: readonly string[] }>([
  { name: "all is well: nothing is said", web: [[0, "runs"]], until: 600, expected: [] },
  {
    name: "found stopped: told and started again; found running: told, too",
    web: [
      [15, "stopped"],
      [21, "runs"],
    ],
    until: 60,
    expected: ["20 down: restarts", "20 restart web", "30 up"],
  },
  {
    name: "tell: told once, and again only after it ran",
    policy: "tell",
    peer: true,
    web: [
      [15, "stopped"],
      [55, "runs"],
      [65, "stopped"],
    ],
    until: 100,
    expected: ["20 down: told", "60 up", "70 down: told"],
  },
  {
    name: "move: the group goes at once",
    policy: "move",
    peer: true,
    web: [[15, "stopped"]],
    until: 20,
    expected: ["20 down: moves", "20 move to lb2"],
  },
  {
    name: "move, but nobody can take it: started again",
    policy: "move",
    web: [[15, "stopped"]],
    until: 20,
    expected: ["20 down: restarts", "20 restart web"],
  },
  {
    name: "it does not stay up: three restarts, then the group goes",
    peer: true,
    web: [[5, "stopped"]],
    until: 40,
    expected: [
      ...["10 down: restarts", "10 restart web", "20 restart web", "30 restart web"],
      ...["40 down: moves", "40 move to lb2"],
    ],
  },
  {
    name: "three restarts, and nobody can take it: told once, started again each half minute",
    web: [[5, "stopped"]],
    until: 130,
    expected: [
      ...["10 down: restarts", "10 restart web", "20 restart web", "30 restart web"],
      ...["40 down: stays", "60 restart web", "90 restart web", "120 restart web"],
    ],
  },
  {
    name: "a restart that fails: the group goes at once",
    peer: true,
    startFails: true,
    web: [[15, "stopped"]],
    until: 20,
    expected: ["20 down: restarts", "20 restart web", "20 failed: exit 1", "20 move to lb2"],
  },
  {
    name: "a restart that fails where nobody can take the group: tried again",
    startFails: true,
    web: [[15, "stopped"]],
    until: 30,
    expected: [
      ...["20 down: restarts", "20 restart web", "20 failed: exit 1"],
      ...["30 restart web", "30 failed: exit 1"],
    ],
  },
  {
    name: "no status twice: said once, and nothing follows",
    web: [
      [5, "unknown"],
      [25, "runs"],
    ],
    until: 60,
    expected: ["10 unknown: no answer"],
  },
  {
    name: "no status three times in succession: down; after the restart it is counted anew",
    web: [[5, "unknown"]],
    until: 50,
    expected: [
      ...["10 unknown: no answer", "30 down: restarts", "30 restart web"],
      ...["40 unknown: no answer"],
    ],
  },
  {
    name: "what the group serves without: told, and no more",
    peer: true,
    optional: true,
    web: [[15, "stopped"]],
    until: 200,
    expected: ["20 down: told"],
  },
  {
    name: "a group that did not go is asked again a quarter of a minute later, and is not moved again within the hour",
    policy: "move",
    peer: true,
    web: [[5, "stopped"]],
    until: 35,
    expected: ["10 down: moves", "10 move to lb2", "35 down: restarts", "35 restart web"],
  },
])("$name", ({ expected, ...given }) => {
  expect(play(given).seen).toEqual(expected);
});

test.each([
  { name: "a fourth restart within ten minutes of the first is none", at: 609, means: "moves" },
  { name: "ten minutes after it there is one", at: 610, means: "restarts" },
])("$name", ({ at, means }) => {
  const machine = monitoringMachine({ interval: seconds(10), policy: "restart" });
  const restarts = [10, 100, 200].map((second) => instant(second * 1000));
  const asked = { ...NOT_MONITORED, phase: { kind: "asked" as const }, restarts };
  const findings = [{ resource: "web", state: "stopped" as const }];
  const now = instant(at * 1000);
  const { actions } = machine.step(asked, { type: "found", round: 0, findings, receiver: "lb2" }, now);
  expect(actions[0]).toMatchObject({ type: "tell-down", consequence: means });
});

test.each([
  { name: "within an hour of the last time a group does not go again", at: 3_599_999, means: "stays" },
  { name: "an hour later it does", at: 3_600_000, means: "moves" },
])("$name", ({ at, means }) => {
  const machine = monitoringMachine({ interval: seconds(10), policy: "restart" });
  const restarts = [1, 2, 3].map((second) => instant(at - second * 1000));
  const asked = { ...NOT_MONITORED, phase: { kind: "asked" as const }, restarts, movedAt: instant(0) };
  const findings = [{ resource: "web", state: "stopped" as const }];
  const { actions } = machine.step(
    asked,
    { type: "found", round: 0, findings, receiver: "lb2" },
    instant(at),
  );
  expect(actions[0]).toMatchObject({ type: "tell-down", consequence: means });
});

test("a group that leaves is forgotten, but for when it had to go; what was told to be down is no longer watched", () => {
  const { state } = play({ web: [[5, "stopped"]], peer: true, until: 40 });
  const left = unwatched(state);
  expect(left.actions).toEqual([{ type: "tell-up", resource: "web", again: false }]);
  expect(left.state).toEqual({ ...NOT_MONITORED, round: state.round, movedAt: 40_000 });
});

test("an answer to a former question counts for nothing, nor does one where nobody could ask", () => {
  const machine = monitoringMachine({ interval: seconds(10), policy: "restart" });
  const asked = { ...NOT_MONITORED, phase: { kind: "asked" as const }, round: 7 };
  const findings = [{ resource: "web", state: "stopped" as const }];
  const found = { type: "found", round: 6, findings, receiver: undefined } as const;
  expect(machine.step(asked, found, instant(5000))).toEqual({ state: asked, actions: [] });
  expect(machine.step(asked, { ...found, round: 7, findings: [] }, instant(5000))).toEqual({
    state: { ...asked, phase: { kind: "waiting", askAt: 15_000 } },
    actions: [],
  });
});

test("whatever is found: at most three restarts in ten minutes while the group can go, at most one move in an hour", () => {
  const state = fc.constantFrom<Finding["state"]>("runs", "stopped", "unknown");
  const status = fc.tuple(fc.integer({ min: 0, max: 3600 }), state);
  fc.assert(
    fc.property(fc.array(status, { maxLength: 60 }), fc.boolean(), (statuses, startFails) => {
      const web = statuses.toSorted(([a], [b]) => a - b);
      const { seen } = play({ web, startFails, peer: true, until: 3600 });
      const at = (what: string) =>
        seen.filter((line) => line.includes(what)).map((line) => Number(line.split(" ")[0]));
      expect(at("move to").length).toBeLessThanOrEqual(1);
      const before = at("restart web").filter((second) => second <= (at("move to")[0] ?? 3600));
      before.forEach((second, index) => {
        expect(second - (before[index - 3] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(600);
      });
      const gaps = at("restart web").map((second, index, all) => second - (all[index - 1] ?? -10));
      expect(Math.min(10, ...gaps)).toBeGreaterThanOrEqual(10);
    }),
  );
});

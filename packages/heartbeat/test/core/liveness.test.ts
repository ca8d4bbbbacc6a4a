import { type Instant, instant, milliseconds } from "@systole/machine";
import { expect, test } from "vitest";
import { joining, type Liveness, livenessMachine } from "../../src/core/liveness.js";

const machine = livenessMachine({ warntime: milliseconds(5000), deadtime: milliseconds(10_000) });
const START = instant(0);

/** Ticks at every deadline; what is reported, with its moment. */
function play(heard: readonly Instant[], until: Instant, deadtimeMs = 10_000): string[] {
  const reports: string[] = [];
  let state: Liveness = joining(START, instant(20_000));
  const step = (event: Parameters<typeof machine.step>[1], now: Instant): void => {
    const { state: after, actions } = machine.step(state, event, now);
    state = after;
    for (const action of actions) {
      const detail = action.type === "report-alive" ? action.after : `${action.silent}ms`;
      reports.push(`${now} ${action.type.replace("report-", "")} ${detail}`);
    }
  };
  const tickUntil = (limit: Instant, inclusive: boolean): void => {
    for (let due = machine.nextDeadline(state); due !== undefined; due = machine.nextDeadline(state)) {
      if (due > limit || (due === limit && !inclusive)) return;
      step({ type: "tick" }, due);
    }
  };
  for (const at of heard) {
    tickUntil(at, false);
    step({ type: "heard", deadtime: milliseconds(deadtimeMs) }, at);
  }
  tickUntil(until, true);
  return reports;
}

const late = ["1000 alive start", "6000 late 5000ms"];

test.each<{ name: string; heard: number[]; until: number; deadtimeMs?: number; reports: string[] }>([
  {
    name: "heard in time: alive, nothing else",
    heard: [1000, 3000, 5000],
    until: 9999,
    reports: ["1000 alive start"],
  },
  {
    name: "silence of exactly its deadtime is death",
    heard: [1000],
    until: 11_000,
    reports: [...late, "11000 dead 10000ms"],
  },
  { name: "one ms less is not", heard: [1000], until: 10_999, reports: late },
  {
    name: "never heard: dead at the end of initdead",
    heard: [],
    until: 20_000,
    reports: ["20000 dead 20000ms"],
  },
  { name: "never heard: not one ms before", heard: [], until: 19_999, reports: [] },
  {
    name: "the peer's own deadtime counts, not ours, and a warntime above it warns of nothing",
    heard: [1000],
    deadtimeMs: 2000,
    until: 9000,
    reports: ["1000 alive start", "3000 dead 2000ms"],
  },
  {
    name: "heard after its death: alive again",
    heard: [1000, 15_000],
    until: 15_000,
    reports: [...late, "11000 dead 10000ms", "15000 alive death"],
  },
])("$name", ({ heard, until, deadtimeMs, reports }) => {
  expect(play(heard.map(instant), instant(until), deadtimeMs)).toEqual(reports);
});

test("a tick that comes late says how long the silence was, once", () => {
  const alive = machine.step(
    joining(START, instant(20_000)),
    { type: "heard", deadtime: undefined },
    instant(0),
  );
  const { state, actions } = machine.step(alive.state, { type: "tick" }, instant(60_000));
  expect(actions).toEqual([{ type: "report-dead", silent: 60_000, deadtime: 10_000 }]);
  expect(machine.step(state, { type: "tick" }, instant(61_000)).actions).toEqual([]);
});

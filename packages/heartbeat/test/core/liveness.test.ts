import { type Instant, instant, milliseconds } from "@systole/machine";
import { expect, test } from "vitest";
import { joining, type Liveness, livenessMachine } from "../../src/core/liveness.js";

const machine = livenessMachine({ warntime: milliseconds(5000), deadtime: milliseconds(10_000) });
const START = instant(0);

/** Ticks at every deadline; what is reported, with its moment. The peer has heard us from `freshFrom` on. */
function play(heard: readonly Instant[], until: Instant, deadtimeMs = 10_000, freshFrom = START): string[] {
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
    step({ type: "heard", deadtime: milliseconds(deadtimeMs), fresh: at >= freshFrom }, at);
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
    { type: "heard", deadtime: undefined, fresh: true },
    instant(0),
  );
  const { state, actions } = machine.step(alive.state, { type: "tick" }, instant(60_000));
  expect(actions).toEqual([{ type: "report-dead", silent: 60_000, deadtime: 10_000 }]);
  expect(machine.step(state, { type: "tick" }, instant(61_000)).actions).toEqual([]);
});

test.each<{ name: string; heard: number[]; freshFrom: number; reports: string[] }>([
  {
    name: "heard while we join, but it has not heard us: late as ever, dead no sooner than if it had not been heard",
    heard: [1000],
    freshFrom: 30_000,
    reports: [...late, "20000 dead 19000ms"],
  },
  {
    name: "... its silence ends after initdead: its own deadtime alone counts",
    heard: [1000, 5000, 9000, 13_000],
    freshFrom: 30_000,
    reports: ["1000 alive start", "18000 late 5000ms", "23000 dead 10000ms"],
  },
  {
    name: "... until it has heard us",
    heard: [1000, 2000],
    freshFrom: 2000,
    reports: ["1000 alive start", "7000 late 5000ms", "12000 dead 10000ms"],
  },
])("$name", ({ heard, freshFrom, reports }) => {
  expect(play(heard.map(instant), instant(30_000), 10_000, instant(freshFrom))).toEqual(reports);
});

test("that it has heard us stays, whatever it says after it", () => {
  let state = joining(START, instant(20_000));
  for (const [at, fresh] of [
    [1000, false],
    [2000, true],
    [3000, false],
  ] as const) {
    state = machine.step(state, { type: "heard", deadtime: undefined, fresh }, instant(at)).state;
  }
  const { actions } = machine.step(state, { type: "tick" }, instant(13_000));
  expect(actions).toEqual([{ type: "report-dead", silent: 10_000, deadtime: 10_000 }]);
});

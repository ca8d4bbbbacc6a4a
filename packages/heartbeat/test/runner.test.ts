import { type Instant, seconds } from "@systole/machine";
import { describe, expect, test } from "vitest";
import type { Resource, ResourceSpec } from "../src/resources/resource.js";
import { createRunner, type RunnerGroup } from "../src/resources/runner.js";
import { settled, virtualClock } from "./virtual-clock.js";

/** How one resource of a test behaves. */
interface Behaviour {
  readonly running?: boolean;
  readonly startFails?: string;
  readonly stopFails?: number;
  readonly hangs?: boolean;
  readonly degraded?: string;
  readonly idempotent?: boolean;
  readonly optional?: boolean;
  /** Its status never answers, or cannot be had. */
  readonly status?: "hangs" | "fails";
}

const spec = (text: string): ResourceSpec => ({ text, script: text, args: [] });
const group = (...names: string[]): RunnerGroup => ({ key: names[0]!, resources: names.map(spec) });

function setUp(behaviours: Readonly<Record<string, Behaviour>>) {
  const clock = virtualClock();
  const calls: string[] = [];
  const told: string[] = [];
  const at = (): Instant => clock.now();
  const make = (wanted: ResourceSpec): Resource => {
    const behaviour = behaviours[wanted.text] ?? {};
    let stopsToFail = behaviour.stopFails ?? 0;
    let running = behaviour.running ?? false;
    const called = (action: string) => calls.push(`${at()} ${wanted.text} ${action}`);
    return {
      spec: wanted,
      limits: { status: seconds(5), start: seconds(5), stop: seconds(5) },
      idempotent: behaviour.idempotent ?? false,
      ...(behaviour.optional && { optional: true }),
      async status() {
        called("status");
        if (behaviour.status === "hangs") await new Promise(() => {});
        if (behaviour.status === "fails") throw new Error("no such program");
        return running;
      },
      async start(signal) {
        called("start");
        signal.addEventListener("abort", () => called("aborted"));
        if (behaviour.startFails !== undefined) throw new Error(behaviour.startFails);
        if (behaviour.hangs) await new Promise(() => {});
        running = true;
        return behaviour.degraded === undefined ? [] : [behaviour.degraded];
      },
      async stop() {
        called("stop");
        if (stopsToFail-- > 0) throw new Error("busy");
        running = false;
      },
      renew: () => called("renew"),
    };
  };
  const log = {
    running: () => undefined,
    failed: ({ text }: ResourceSpec, action: string, problem: string) =>
      told.push(`${text} ${action}: ${problem}`),
    givingUp: ({ text }: ResourceSpec) => told.push(`giving up because of ${text}`),
  };
  return { clock, calls, told, runner: createRunner({ stopRetries: () => 2 }, { clock, make, log }) };
}

describe("a group", () => {
  test("starts from left to right, asking each first", async () => {
    const { calls, runner } = setUp({ b: { running: true } });
    const report = await runner.start(group("a", "b", "c"));
    expect(calls).toEqual(["0 a status", "0 a start", "0 b status", "0 c status", "0 c start"]);
    expect(report).toMatchObject({
      failed: undefined,
      degraded: [],
      steps: [{ step: "a" }, { step: "b" }, { step: "c" }],
    });
  });

  test("stops from right to left", async () => {
    const { calls, runner } = setUp({});
    await runner.stop(group("a", "b", "c"));
    expect(calls).toEqual(["0 c stop", "0 b stop", "0 a stop"]);
  });

  test("whose second resource fails is stopped as a whole", async () => {
    const { calls, told, runner } = setUp({ b: { startFails: "no disk" } });
    const report = await runner.start(group("a", "b", "c"));
    expect(calls.slice(-3)).toEqual(["0 c stop", "0 b stop", "0 a stop"]);
    expect(report?.failed).toEqual({ resource: "b", problem: "no disk" });
    expect(report?.steps.map(({ step, error }) => [step, error])).toEqual([
      ["a", undefined],
      ["b", "no disk"],
    ]);
    expect(told).toEqual(["b start: no disk", "giving up because of b"]);
  });

  test("says what did not work although it runs", async () => {
    const { runner } = setUp({ a: { degraded: "conntrack: nobody answers there" } });
    expect((await runner.start(group("a", "b")))?.degraded).toEqual(["conntrack: nobody answers there"]);
  });

  test("does not wait for a start longer than its limit", async () => {
    const { clock, runner } = setUp({ a: { hangs: true } });
    const report = runner.start(group("a", "b"));
    await clock.advance(5000);
    expect((await report)?.failed).toEqual({ resource: "a", problem: "a start: no answer within 5 s" });
  });

  test("is stopped in the middle of its start, which then answers nothing", async () => {
    const { clock, calls, runner } = setUp({ b: { hangs: true } });
    const start = runner.start(group("a", "b", "c"));
    await clock.advance(1000);
    const report = await runner.stop(group("a", "b", "c"));
    expect(await start).toBeUndefined();
    expect(report.failed).toBeUndefined();
    expect(calls.slice(-4)).toEqual(["1000 b aborted", "1000 c stop", "1000 b stop", "1000 a stop"]);
  });

  test("renews all its resources within the call", async () => {
    const { calls, runner } = setUp({});
    await runner.start(group("a", "b"));
    calls.length = 0;
    runner.each(["a", "unknown"], "renew");
    expect(calls).toEqual(["0 a renew", "0 b renew"]);
  });

  test("that runs gets what a new line adds and loses what it takes out, the rest is left alone", async () => {
    const { calls, runner } = setUp({});
    await runner.start(group("a", "b", "c"));
    calls.length = 0;
    const report = await runner.change(group("a", "c", "d"));
    expect(calls).toEqual(["0 b stop", "0 d status", "0 d start"]);
    expect(report.failed).toBeUndefined();
  });

  test("stops what an earlier line had, too", async () => {
    const { calls, runner } = setUp({});
    await runner.start(group("a", "b", "c"));
    calls.length = 0;
    await runner.stop(group("a", "c"));
    expect(calls).toEqual(["0 b stop", "0 c stop", "0 a stop"]);
  });
});

describe("a group that runs", () => {
  test("is asked resource by resource; a status that cannot be had is not known", async () => {
    const { clock, runner } = setUp({
      a: { running: true },
      c: { status: "hangs" },
      d: { status: "fails", optional: true },
    });
    const findings = runner.ask(group("a", "b", "c", "d"));
    await clock.advance(5000);
    expect(await findings).toEqual([
      { resource: "a", optional: false, state: "runs" },
      { resource: "b", optional: false, state: "stopped" },
      { resource: "c", optional: false, state: "unknown", problem: "c status: no answer within 5 s" },
      { resource: "d", optional: true, state: "unknown", problem: "no such program" },
    ]);
  });

  test.each([
    { what: "a script: stopped with all behind it, and started with it", down: ["b"], idempotent: "a" },
    { what: "two scripts: from the first of them on", down: ["b", "c"], idempotent: "a" },
  ])("gets back $what", async ({ down, idempotent }) => {
    const { calls, runner } = setUp({ [idempotent]: { idempotent: true } });
    await runner.start(group("a", "b", "c"));
    calls.length = 0;
    const report = await runner.restart(group("a", "b", "c"), down);
    expect(calls).toEqual(["0 c stop", "0 b stop", "0 b status", "0 b start", "0 c status", "0 c start"]);
    expect(report?.failed).toBeUndefined();
  });

  test("gets back in its place what may be started twice, and all before a script that is down first", async () => {
    const { calls, runner } = setUp({ a: { idempotent: true }, c: { idempotent: true } });
    await runner.start(group("a", "b", "c"));
    calls.length = 0;
    await runner.restart(group("a", "b", "c"), ["a"]);
    expect(calls.splice(0)).toEqual(["0 a start"]);
    await runner.restart(group("a", "b", "c"), ["a", "b"]);
    expect(calls).toEqual([
      ...["0 a start", "0 c stop", "0 b stop"],
      ...["0 b status", "0 b start", "0 c start"],
    ]);
  });

  test("keeps what stands before a resource that does not start again; what stands behind it stays stopped", async () => {
    const { calls, told, runner } = setUp({ b: { startFails: "no disk" } });
    const report = await runner.restart(group("a", "b", "c"), ["b"]);
    expect(calls).toEqual(["0 c stop", "0 b stop", "0 b status", "0 b start"]);
    expect(report?.failed).toEqual({ resource: "b", problem: "no disk" });
    expect(told).toEqual(["b start: no disk"]);
  });

  test("is stopped in the middle of a restart, which then answers nothing", async () => {
    const { clock, calls, runner } = setUp({ b: { hangs: true } });
    const restart = runner.restart(group("a", "b"), ["b"]);
    await clock.advance(1000);
    calls.length = 0;
    await runner.stop(group("a", "b"));
    expect(await restart).toBeUndefined();
    expect(calls).toEqual(["1000 b aborted", "1000 b stop", "1000 a stop"]);
  });

  test("is not asked while something of it is being started or stopped", async () => {
    const { clock, runner } = setUp({ b: { hangs: true }, c: { status: "hangs" } });
    const start = runner.start(group("a", "b"));
    await clock.advance(1000);
    expect(await runner.ask(group("a", "b"))).toEqual([]);
    await runner.stop(group("a", "b"));
    expect(await start).toBeUndefined();
    const findings = runner.ask(group("c"));
    await clock.advance(1000);
    await runner.stop(group("c"));
    expect(await findings).toEqual([]);
  });

  test("is changed after a restart, not beside it", async () => {
    const { clock, calls, runner } = setUp({});
    await runner.start(group("a", "b"));
    calls.length = 0;
    const restart = runner.restart(group("a", "b"), ["b"]);
    const change = runner.change(group("a", "b", "c"));
    await clock.advance(0);
    await Promise.all([restart, change]);
    expect(calls).toEqual(["0 b stop", "0 b status", "0 b start", "0 c status", "0 c start"]);
  });
});

describe("a stop that fails", () => {
  test("is tried again each second", async () => {
    const { clock, calls, runner } = setUp({ a: { stopFails: 2 } });
    const report = runner.stop(group("a"));
    await clock.advance(10_000);
    expect(calls).toEqual(["0 a stop", "1000 a stop", "2000 a stop"]);
    expect((await report).failed).toBeUndefined();
  });

  test("for the last time is a failure if the resource still runs, and none if it does not", async () => {
    const runs = setUp({ a: { stopFails: 9, running: true } });
    const failed = runs.runner.stop(group("a"));
    await runs.clock.advance(10_000);
    expect((await failed).failed).toEqual({ resource: "a", problem: "busy" });
    const gone = setUp({ a: { stopFails: 9 } });
    const report = gone.runner.stop(group("a"));
    await gone.clock.advance(10_000);
    expect((await report).failed).toBeUndefined();
  });
});

test("a start does not begin in the turn that asked for it", async () => {
  const { calls, runner } = setUp({});
  const start = runner.start(group("a"));
  expect(calls).toEqual([]);
  await start;
  await settled();
  expect(calls.length).toBe(2);
});

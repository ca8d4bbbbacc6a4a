/** Many checks that are due at once leave a hundred at a time, and each has its whole limit. */
import { milliseconds } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { createCheckRunner } from "../src/checks/runner.js";
import type { CheckResult, CheckSpec } from "../src/core/configured.js";

const ADDRESS = parseIp("192.0.2.21")!;
const spec = (port: number): CheckSpec => ({
  type: "connect",
  target: { address: ADDRESS, port },
  limit: milliseconds(1000),
});

function begin(count: number) {
  const clock = fakeClock();
  const opened: number[] = [];
  const results: { readonly at: number; readonly result: CheckResult }[] = [];
  const runner = createCheckRunner(clock, {
    open: () => {
      opened.push(clock.now());
      return { say() {}, finish() {}, close() {} };
    },
  });
  const stops = Array.from({ length: count }, (_, index) =>
    runner.run(spec(index + 1), (result) => results.push({ at: clock.now(), result })),
  );
  const at = (moment: number) => opened.filter((time) => time === moment).length;
  return { clock, opened, results, stops, at };
}

test("250 at once: 100, 100 more after 10 ms, 50 after 20; each is silent for its own second", () => {
  const { clock, results, at } = begin(250);
  expect(at(0)).toBe(100);
  clock.advance(milliseconds(500));
  expect([at(0), at(10), at(20)]).toEqual([100, 100, 50]);
  clock.advance(milliseconds(1000));
  const ends = [1000, 1010, 1020].map((moment) => results.filter((each) => each.at === moment).length);
  expect(ends).toEqual([100, 100, 50]);
});

test("one that is called off while it waits never begins", () => {
  const { clock, opened, stops } = begin(150);
  for (const stop of stops.slice(100, 140)) stop();
  clock.advance(milliseconds(500));
  expect(opened).toHaveLength(110);
});

test("a hundred in 10 ms wait for nothing", () => {
  const { at } = begin(100);
  expect(at(0)).toBe(100);
});

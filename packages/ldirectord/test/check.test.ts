/** One check: when it starts, how failures count, when it says something. */
import { type Instant, instant, milliseconds, seconds } from "@systole/machine";
import { expect, test } from "vitest";
import { type CheckState, checkMachine, newCheck } from "../src/core/check.js";
import type { CheckResult, CheckSpec, PeriodicCheck } from "../src/core/configured.js";

const http: CheckSpec = { type: "impossible", reason: "negotiate" };
const connect: CheckSpec = { type: "impossible", reason: "connect" };
const config = (more: Partial<PeriodicCheck> = {}): PeriodicCheck => ({
  kind: "periodic",
  interval: seconds(10),
  failureCount: 1,
  successCount: 1,
  spec: http,
  ...more,
});
const up: CheckResult = { up: true, message: "200", tookMs: 1 };
const down: CheckResult = { up: false, reason: "500", tookMs: 1 };
const maintenance: CheckResult = { ...down, maintenance: true };

/** Plays results one after the other, each `took` after its start; what was said, with its moment in seconds. */
function play(start: CheckState, results: readonly CheckResult[], took = 1): readonly string[] {
  let state = start;
  const said: string[] = [];
  const say = (now: Instant, { actions }: ReturnType<typeof checkMachine.step>) => {
    for (const action of actions) {
      const detail =
        action.type === "start"
          ? action.spec.type === "impossible"
            ? action.spec.reason
            : ""
          : "failures" in action
            ? `${action.failures}/${action.limit}`
            : "";
      said.push([now / 1000, action.type, detail].filter((word) => word !== "").join(" "));
    }
  };
  for (const result of results) {
    const due = checkMachine.nextDeadline(state)!;
    const started = checkMachine.step(state, { type: "tick" }, due);
    say(due, started);
    const end = instant(due + took * 1000);
    const finished = checkMachine.step(started.state, { type: "result", result }, end);
    say(end, finished);
    state = finished.state;
  }
  return said;
}

const assumedUp = (check: CheckState) => checkMachine.step(check, { type: "assume-up" }, instant(0)).state;

test.each([
  {
    name: "the first success is news, the second is not",
    results: [up, up],
    said: ["0 start negotiate", "1 passed", "10 start negotiate"],
  },
  {
    name: "the first failure is a verdict",
    results: [down, down],
    said: ["0 start negotiate", "1 failed", "10 start negotiate"],
  },
  {
    name: "down and back",
    results: [up, down, up],
    said: [
      "0 start negotiate",
      "1 passed",
      "10 start negotiate",
      "11 failed",
      "20 start negotiate",
      "21 passed",
    ],
  },
])("$name", ({ results, said }) => {
  expect(play(newCheck(config(), instant(0), 1), results)).toEqual(said);
});

test("failurecount=3: two soft failures, then the verdict; a success in between forgives", () => {
  const check = assumedUp(newCheck(config({ failureCount: 3 }), instant(0), 1));
  const said = (results: readonly CheckResult[]) =>
    play(check, results).filter((line) => !line.includes("start"));
  expect(said([down, down, down])).toEqual(["1 failed-softly 1/3", "11 failed-softly 2/3", "21 failed"]);
  expect(said([down, down, up, down])).toEqual([
    "1 failed-softly 1/3",
    "11 failed-softly 2/3",
    "21 passed",
    "31 failed-softly 1/3",
  ]);
});

test("successcount=3: back with the third success in a row; the first verdict of all needs one", () => {
  const check = newCheck(config({ successCount: 3 }), instant(0), 1);
  const said = (results: readonly CheckResult[]) =>
    play(check, results).filter((line) => !line.includes("start"));
  expect(said([up, down, up, up, up, up])).toEqual(["1 passed", "11 failed", "41 passed"]);
  expect(said([down, up, up, down, up, up, up])).toEqual(["1 failed", "61 passed"]);
});

test("maintenance is down at once, whatever failurecount says", () => {
  const check = assumedUp(newCheck(config({ failureCount: 3 }), instant(0), 1));
  expect(play(check, [maintenance])).toEqual(["0 start negotiate", "1 failed"]);
});

test("a check that takes longer than its interval starts again at its next place, never beside itself", () => {
  expect(play(newCheck(config(), instant(0), 1), [up, up], 15)).toEqual([
    "0 start negotiate",
    "15 passed",
    "20 start negotiate",
  ]);
});

test("checks that a stall of our own delayed are back in their old places after it", () => {
  const startsAfterStall = (dueAt: number) => {
    const woken = instant(7300);
    const late = checkMachine.step(newCheck(config(), instant(dueAt), 1), { type: "tick" }, woken).state;
    const next = checkMachine.step(late, { type: "result", result: up }, instant(7310)).state;
    return checkMachine.nextDeadline(next);
  };
  expect([1000, 2000, 7300].map(startsAfterStall)).toEqual([11_000, 12_000, 17_300]);
});

test("only the second start is moved: a third of the interval, then the whole", () => {
  const starts = play(newCheck(config({ interval: seconds(9) }), instant(0), 1 / 3), [up, up, up]);
  expect(starts.filter((line) => line.includes("start"))).toEqual([
    "0 start negotiate",
    "3 start negotiate",
    "12 start negotiate",
  ]);
});

test("checktype=2: negotiate, two connects, negotiate; a failed connect is followed by negotiate", () => {
  const combined = config({ between: { spec: connect, count: 2 } });
  const order = (results: readonly CheckResult[]) =>
    play(newCheck(combined, instant(0), 1), results).flatMap((line) => /start (\w+)/.exec(line)?.[1] ?? []);
  expect(order([up, up, up, up])).toEqual(["negotiate", "connect", "connect", "negotiate"]);
  expect(order([up, down, up])).toEqual(["negotiate", "connect", "negotiate"]);
  expect(order([down, down, up, up])).toEqual(["negotiate", "negotiate", "negotiate", "connect"]);
});

test("a late tick decides from the clock; an early one changes nothing", () => {
  const check = newCheck(config(), instant(1000), 1);
  expect(checkMachine.step(check, { type: "tick" }, instant(999)).actions).toEqual([]);
  expect(checkMachine.step(check, { type: "tick" }, instant(60_000)).actions).toHaveLength(1);
  expect(milliseconds(1)).toBe(1);
});

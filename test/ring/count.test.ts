import { expect, test } from "vitest";
import { type Count, count, summary } from "./count.js";
import type { Counting } from "./steps.js";

const vitestReport = (passed: number, failed: number, pending: number) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
  });
const nodeReport = (pass: number, fail: number, cancelled: number, skipped: number) =>
  `✔ a test (1.2ms)\nℹ tests 9\nℹ pass ${pass}\nℹ fail ${fail}\nℹ cancelled ${cancelled}\nℹ skipped ${skipped}\nℹ todo 0\n`;
const counted = (passed: number, failed: number, skipped: number): Count => ({ passed, failed, skipped });

test.each<{ name: string; counting: Counting; status: number; report: string; count: Count }>([
  { name: "a command that succeeds", counting: "one", status: 0, report: "", count: counted(1, 0, 0) },
  { name: "a command that fails", counting: "one", status: 2, report: "", count: counted(0, 1, 0) },
  { name: "vitest", counting: "vitest", status: 1, report: vitestReport(7, 2, 1), count: counted(7, 2, 1) },
  {
    name: "a file that does not load",
    counting: "vitest",
    status: 1,
    report: vitestReport(7, 0, 0),
    count: counted(7, 1, 0),
  },
  { name: "vitest that died", counting: "vitest", status: 137, report: "", count: counted(0, 1, 0) },
  {
    name: "no test at all",
    counting: "vitest",
    status: 0,
    report: vitestReport(0, 0, 0),
    count: counted(0, 1, 0),
  },
  {
    name: "node:test",
    counting: "node-test",
    status: 1,
    report: nodeReport(3, 1, 1, 2),
    count: counted(3, 2, 2),
  },
  {
    name: "a guest that died",
    counting: "node-test",
    status: 125,
    report: "✔ a test\n",
    count: counted(0, 1, 0),
  },
])("$name", ({ counting, status, report, count: expected }) => {
  expect(count(counting, status, report)).toEqual(expected);
});

test("the last line is plain; skipped tests are named only if there are any", () => {
  expect(summary(counted(12, 0, 0))).toBe("12 passed, 0 failed");
  expect(summary(counted(12, 1, 2))).toBe("12 passed, 1 failed, 2 skipped");
});

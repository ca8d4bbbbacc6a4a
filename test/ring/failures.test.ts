import { join } from "node:path";
import { expect, test } from "vitest";
import { failures } from "./failures.js";

const report = (files: readonly unknown[]) => JSON.stringify({ testResults: files });
const file = (name: string, status: string, assertionResults: readonly unknown[], message = "") => ({
  ...{ name: join(process.cwd(), name), status, message, assertionResults },
});
const passed = { fullName: "starts", status: "passed" };
const failed = { fullName: "starts twice", status: "failed", failureMessages: ["Error: in use\n    at x"] };

test("a failed test of vitest is named with its file and the first line of its error", () => {
  const text = report([
    file("test/a.test.ts", "passed", [passed]),
    file("test/b.test.ts", "failed", [passed, failed]),
  ]);
  expect(failures("vitest", text)).toEqual(["test/b.test.ts: starts twice: Error: in use"]);
});

test("a file that does not load is named with its error", () => {
  const text = report([file("test/a.test.ts", "failed", [], "Cannot find module x\nRequire stack:")]);
  expect(failures("vitest", text)).toEqual(["test/a.test.ts: Cannot find module x"]);
});

test("a failed test of node:test is named once", () => {
  const text =
    "✔ one (1.2ms)\n✖ two (20395.731826ms)\n\n✖ failing tests:\n\n✖ two (20395.731826ms)\n  Error\n";
  expect(failures("node-test", text)).toEqual(["two"]);
});

test("no more than twenty are named", () => {
  const many = Array.from({ length: 25 }, (_, index) => ({ ...failed, fullName: `test ${index}` }));
  const lines = failures("vitest", report([file("test/a.test.ts", "failed", many)]));
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe("and 5 more");
});

test("a report that was not written names nobody", () => {
  expect(failures("vitest", "")).toEqual([]);
  expect(failures("one", "")).toEqual([]);
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { reportAllFlows } from "../src/shell/kernel-events.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ctsyncd-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(["0", "1", "2"])("nf_conntrack_events %s becomes 1", (value) => {
  const setting = join(folder, "nf_conntrack_events");
  writeFileSync(setting, `${value}\n`);
  expect(reportAllFlows(setting)).toBeUndefined();
  expect(readFileSync(setting, "utf8").trim()).toBe("1");
});

test("where it cannot be set, the reason says what will be missed", () => {
  expect(reportAllFlows(join(folder, "nothing"))).toContain("flows that begin while ctsyncd does not run");
});

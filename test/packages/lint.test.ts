/** What Debian's checkers of packages say: nothing, but for what packaging/ explains beside the package. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../lab/process.js";
import { debs } from "./debs.js";

const RPMS = ".cache/test-packages/lint-rpm";

test("lintian, on every .deb: no error, no warning, no override without a use", async () => {
  const { old, runtime } = debs();
  const files = [...old, ...runtime];
  expect(files.length).toBe(7);
  const lintian = ["lintian", "--fail-on", "error,warning", "--tag-display-limit", "0", ...files];
  const { status, stdout } = await run(lintian, { check: false, timeoutMs: 280_000 });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

test("rpmlint, on every .rpm: no error, no warning", async () => {
  rmSync(RPMS, { recursive: true, force: true });
  const make = [process.execPath, "packaging/package.mjs", "--fast", "--runtime", "--out", RPMS, "rpm"];
  await run(make, { timeoutMs: 280_000 });
  const files = readdirSync(RPMS).map((file) => join(RPMS, file));
  expect(files.length).toBe(7);
  const { status, stdout } = await run(["rpmlint", "--rpmlintrc", "packaging/rpm/rpmlintrc", ...files], {
    check: false,
  });
  expect(stdout).toContain("0 errors, 0 warnings");
  expect(status).toBe(0);
});

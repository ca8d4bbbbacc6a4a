/** A release, played in a clone: versions, changes, commit and tag; and packages of that version from a clean clone. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../lab/process.js";

const BEFORE = "before-the-release";
const clone = mkdtempSync(join(tmpdir(), "systole-release-"));
const git = async (...args: readonly string[]) => (await run(["git", "-C", clone, ...args])).stdout.trim();
const inClone = (command: readonly string[]) => run(["env", "-C", clone, ...command], { timeoutMs: 280_000 });
const read = (file: string) => readFileSync(join(clone, file), "utf8");

/** What npm would install, from here; but packages of ours are the clone's own. */
function linkModules(): void {
  const [here, there] = [join(process.cwd(), "node_modules"), join(clone, "node_modules")];
  mkdirSync(join(there, "@systole"), { recursive: true });
  for (const name of readdirSync(here))
    if (name !== "@systole") symlinkSync(join(here, name), join(there, name));
  for (const name of readdirSync(join(clone, "packages")))
    symlinkSync(join(clone, "packages", name), join(there, "@systole", name));
}

beforeAll(async () => {
  await run(["git", "clone", "--quiet", "--no-hardlinks", process.cwd(), clone]);
  linkModules();
  await git("config", "user.email", "release@example.org");
  await git("config", "user.name", "Release");
  await git("checkout", "--quiet", "-B", "main");
  await git("tag", BEFORE);
  await inClone(["node_modules/.bin/lerna", "version", "7.8.9", "--yes"]);
}, 300_000);

afterAll(() => rmSync(clone, { recursive: true }));

test("lerna version: every file that names the version, the changes with their day, one commit, one tag", async () => {
  expect(await git("status", "--porcelain", "--untracked-files=no")).toBe("");
  expect(await git("tag", "--points-at", "HEAD")).toBe("v7.8.9");
  expect(await git("rev-list", "--count", `${BEFORE}..HEAD`)).toBe("1");
  expect(
    await git(
      "grep",
      "-lE",
      '"version": "0\\.|VERSION = "0\\.',
      "--",
      "lerna.json",
      "package.json",
      "packages",
    ).catch(() => ""),
  ).toBe("");
  expect(read("CHANGELOG.md")).toMatch(/^## 7\.8\.9 \(\d{4}-\d\d-\d\d\)$/m);
  expect(read("packages/heartbeat/package.json")).toContain('"@systole/wire": "7.8.9"');
});

/** Everything is built from nothing: a minute or two, so at night only. */
if (process.env.SYSTOLE_LONG !== undefined)
  test("npm run package from a clean clone makes packages of that version, with programs that tell it", async () => {
    await inClone(["node", "test/setup/build.mjs"]);
    await inClone(["npm", "run", "package", "--", "--fast", "deb"]);
    const debs = readdirSync(join(clone, "dist")).filter((file) => file.endsWith(".deb"));
    expect(debs.length).toBe(6);
    expect(debs.filter((file) => !file.includes("_7.8.9_"))).toEqual([]);
    const heartbeat = debs.find((file) => file.startsWith("systole-heartbeat"))!; // as seen above
    await inClone(["dpkg-deb", "--extract", `dist/${heartbeat}`, "tree"]);
    const { stdout } = await inClone([process.execPath, "tree/usr/lib/systole/heartbeat.mjs", "--version"]);
    expect(stdout).toContain("7.8.9");
  });

/** docs/architecture.md is held to the truth: it lists every source file of a package, and names none that is not there. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;
const document = readFileSync(join(root, "docs/architecture.md"), "utf8");

test("the lists of source files are up to date (else: node docs/list-sources.mjs)", () => {
  const { status } = spawnSync(process.execPath, [join(root, "docs/list-sources.mjs"), "--check"]);
  expect(status).toBe(0);
});

test("each package has a section", () => {
  const sections = [...document.matchAll(/^### `([\w-]+)`/gm)].map((match) => match[1]!);
  expect(sections.sort()).toEqual(readdirSync(join(root, "packages")).sort());
});

test("every TypeScript file that the prose names is there", () => {
  const sources = readdirSync(join(root, "packages"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.includes("/src/") && !path.includes("node_modules"))
    .map((path) => path.replace("/src/", "/"));
  const named = [...document.matchAll(/`((?!test\/)[\w./-]+\.ts)`/g)].map((match) => match[1]!);
  expect(named.filter((name) => !sources.some((path) => path.endsWith(`/${name}`) || path === name))).toEqual(
    [],
  );
  expect(named.length).toBeGreaterThan(40);
});

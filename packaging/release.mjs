/**
 * What `lerna version` does not know: the version that the programs tell, the workspace's own, and the changes, which get
 * their version and day. Runs as the script "version" of package.json, after lerna wrote its files and before it commits.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../test/setup/bundle.mjs";

const OPEN = /^## .* \(not yet released\)$/m;

function rewrite(file, change) {
  const path = join(root, file);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`${file}: nothing there to give the version to`);
  writeFileSync(path, after);
  execFileSync("git", ["add", file], { cwd: root });
}

const { version } = JSON.parse(readFileSync(join(root, "lerna.json"), "utf8"));
const today = new Date().toISOString().slice(0, 10);
const constants = readdirSync(join(root, "packages"), { recursive: true })
  .filter((file) => /^\w+\/src\/(\w+\/)?version\.ts$/.test(file))
  .map((file) => `packages/${file}`);

rewrite("CHANGELOG.md", (text) => text.replace(OPEN, `## ${version} (${today})`));
rewrite("package.json", (text) => text.replace(/^( {2}"version": )".*"/m, `$1"${version}"`));
for (const file of constants) rewrite(file, (text) => text.replace(/(VERSION = )".*"/, `$1"${version}"`));

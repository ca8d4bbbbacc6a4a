// Layering as dependency-cruiser sees it, with compiled knowledge of how modules resolve. A cruise that saw too few
// modules is a failure: with a compiler it does not know, dependency-cruiser checks nothing and says "no problems".
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sources = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "packages/*/src/*.ts"],
  {
    cwd: root,
    encoding: "utf8",
  },
)
  .trim()
  .split("\n").length;

const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "packages"];
const { stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin/depcruise"), args, {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 256 * 1024 * 1024,
});
if (error || stdout === "") {
  console.error(error?.message ?? stderr);
  process.exit(1);
}
const { modules, summary } = JSON.parse(stdout);
const seen = modules.filter((module) => /^packages\/[^/]+\/src\//.test(module.source)).length;
for (const { rule, from, to } of summary.violations) console.error(`${from}: ${rule.name}: ${to}`);
console.log(`${seen} modules of ${sources} seen, ${summary.violations.length} violations`);
if (seen < sources * 0.95) {
  console.error("dependency-cruiser did not see the sources: this result means nothing");
  process.exit(1);
}
process.exit(summary.violations.length > 0 ? 1 : 0);

#!/usr/bin/env node
/** npm run package: all distribution packages, of one version, from the built sources. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../test/setup/bundle.mjs";
import { buildDebs } from "./deb/build.mjs";
import { buildRpms } from "./rpm/build.mjs";
import { stage } from "./stage.mjs";

const USAGE = `Usage: npm run package -- [OPTION]... [deb] [rpm]

Builds the .deb and .rpm files of the version in lerna.json. Without a word: both.

  --out FOLDER       where they go; dist unless given
  --version VERSION  another version than lerna.json's
  --runtime          also systole-runtime, a private Node.js: the one that runs this program
  --fast             compress little: for tests
  -h, --help         print this
`;

function say(line) {
  console.log(`package: ${line}`);
}

/** The time of the last commit: the same sources give the same packages. */
function sourceDate() {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  return Number(epoch ?? execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" }));
}

async function main(options, kinds) {
  const began = performance.now();
  const version = options.version ?? JSON.parse(readFileSync(join(root, "lerna.json"), "utf8")).version;
  const wanted = kinds.length === 0 ? ["deb", "rpm"] : kinds;
  const work = join(root, ".cache/package", String(process.pid));
  const tree = join(work, "tree");
  say(`${version}: bundles, pages, units`);
  const lists = await stage(tree, version);
  const order = {
    ...{ tree, lists, version, date: sourceDate() },
    out: options.out ?? join(root, "dist"),
    node: options.runtime ? process.execPath : undefined,
    compression: options.fast ? "gzip" : "xz",
  };
  for (const kind of wanted) {
    say(kind);
    const build = kind === "deb" ? buildDebs : buildRpms;
    for (const file of await build({ ...order, work: join(work, kind) })) say(`  ${file}`);
  }
  rmSync(work, { recursive: true });
  say(`done, ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: "string" },
      version: { type: "string" },
      runtime: { type: "boolean" },
      fast: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const unknown = positionals.find((word) => word !== "deb" && word !== "rpm");
  if (values.help) process.stdout.write(USAGE);
  else if (unknown !== undefined) throw new TypeError(`${unknown}: deb or rpm`);
  else await main(values, positionals);
} catch (error) {
  console.error(`package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof TypeError ? 64 : 1;
}

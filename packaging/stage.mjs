/** Lays out one tree as it will be installed, from the built sources: bundles, manual pages, units, configuration. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { root } from "../test/setup/bundle.mjs";
import { packages } from "./contents.mjs";

/** Programs find the Node.js that the packages chose, see packaging/systole-node. */
const SHEBANG = "#!/usr/lib/systole/systole-node";
/** CommonJS packages inside the bundle call require for the modules of Node. */
const REQUIRE =
  'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';

/** Makes `folder` anew. @returns per package the paths of its files in it, folders excluded. */
export async function stage(folder, version) {
  rmSync(folder, { recursive: true, force: true });
  const lists = {};
  for (const [name, { programs, files, conffiles, compiled = [] }] of Object.entries(packages)) {
    const put = [...files, ...conffiles].map(([from, to, mode = 0o644]) =>
      place(folder, from, to, mode, version),
    );
    const bundles = await Promise.all(programs.map((program) => bundle(folder, program)));
    lists[name] = [...put, ...compiled, ...bundles.flat()].sort();
  }
  return lists;
}

function place(folder, from, to, mode, version) {
  const path = join(folder, to);
  mkdirSync(dirname(path), { recursive: true });
  const dated = (text) => text.replaceAll(/^(\.TH \S+ \d .*"Systole) [^"]*"/gm, `$1 ${version}"`);
  const bytes = readFileSync(join(root, from));
  writeFileSync(path, to.startsWith("usr/share/man/") ? dated(bytes.toString()) : bytes, { mode });
  return to;
}

/** One program as one file; whoever is asked for `usr/sbin/X` gets a link to it. */
async function bundle(folder, { name, from, links }) {
  const file = `usr/lib/systole/${name}.mjs`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`packages/${from}/dist/bin/${name}.js`],
    outfile: join(folder, file),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    banner: { js: REQUIRE },
    legalComments: "eof",
    logLevel: "warning",
    write: false,
  });
  const text = outputFiles[0].text.replace(/^#!.*\n/, "");
  mkdirSync(join(folder, dirname(file)), { recursive: true });
  writeFileSync(join(folder, file), `${SHEBANG}\n${text}`, { mode: 0o755 });
  for (const link of links) {
    mkdirSync(join(folder, dirname(link)), { recursive: true });
    symlinkSync(relative(dirname(`/${link}`), `/${file}`), join(folder, link));
  }
  return [file, ...links];
}

/** What compiles the addon: a source file and a header, nothing of Node's. */
export function stageAddon(folder) {
  mkdirSync(folder, { recursive: true });
  for (const file of ["sys.c", "node-abi.h"]) {
    copyFileSync(join(root, "packages/sys/src", file), join(folder, file));
  }
}

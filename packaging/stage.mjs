/** Lays out one tree as it will be installed, from the built sources: bundles, manual pages, units, configuration. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { root } from "../test/setup/bundle.mjs";
import { bash, fish, learn, zsh } from "./completion.mjs";
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
  lists["systole-common"].push(...(await completions(folder)));
  return lists;
}

/** For all programs of all packages: what is not installed is never completed. */
async function completions(folder) {
  const all = Object.values(packages).flatMap(({ programs }) => programs);
  const known = await Promise.all(
    all.map(({ name, from }) => learn(name, join(root, `packages/${from}/dist/bin/${name}.js`))),
  );
  // bash looks a file up by the name of the program: one file, and a link for every other name.
  const first = "usr/share/bash-completion/completions/systole";
  const put = (path, text) => {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return path;
  };
  const links = known.filter(({ name }) => name !== "systole").map(({ name }) => `${dirname(first)}/${name}`);
  const made = [
    put(first, bash(known)),
    put("usr/share/zsh/vendor-completions/_systole", zsh(known)),
    ...known.map((program) => put(`usr/share/fish/vendor_completions.d/${program.name}.fish`, fish(program))),
  ];
  for (const link of links) symlinkSync("systole", join(folder, link));
  return [...made, ...links];
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

/** What compiles the addon: a source file and its headers, nothing of Node's. */
export function stageAddon(folder) {
  mkdirSync(folder, { recursive: true });
  for (const file of ["sys.c", "call.h", "node-abi.h"]) {
    copyFileSync(join(root, "packages/sys/src", file), join(folder, file));
  }
}

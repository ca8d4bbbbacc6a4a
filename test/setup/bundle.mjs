// Makes plain JavaScript of TypeScript that is not part of a package: the demo, the rings, tests for the guest.
// The packages stay outside of it: they are built by build.mjs and found in node_modules as usual.

import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles each entry into `.cache/NAME/ENTRY.mjs`; answers with the paths in the same order. */
export async function bundle(name, entries) {
  const outdir = join(root, ".cache", name);
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
    outExtension: { ".js": ".mjs" },
    entryNames: "[name]",
    logLevel: "warning",
  });
  return entries.map((entry) => join(outdir, `${basename(entry, ".ts")}.mjs`));
}

// Makes one plain JavaScript file of each program: of the tests' TypeScript, and of daemons for the guest, where files
// are slow to open (9p): a daemon of one file starts there five times sooner than one of two hundred.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const addon = join(root, "packages/sys/dist/sysfd.node");

/** The programs that a demonstration in the guest needs. */
export const daemons = [
  ...[
    "heartbeat/heartbeat",
    "heartbeat/hb_standby",
    "ldirectord/ldirectord",
    "ctsyncd/ctsyncd",
    "ctsyncd/ctsync",
    "notifierd/notifierd",
    "systole/systole",
  ],
].map((name) => `packages/${name.replace("/", "/dist/bin/")}.js`);

/** Bundles each entry into `.cache/NAME/ENTRY.mjs`, the C addon beside it; answers with the paths in the same order. */
export async function bundle(name, entries) {
  const outdir = join(root, ".cache", name);
  mkdirSync(outdir, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    entryNames: "[name]",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // CommonJS packages inside the bundle call require for the modules of Node.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "warning",
  });
  if (existsSync(addon)) copyFileSync(addon, join(outdir, "sysfd.node"));
  return entries.map((entry) => join(outdir, `${basename(entry).replace(/\.[jt]s$/, "")}.mjs`));
}

/** A program of the tests as one file that a child process can run: sources bundled, `sysfd.node` beside it. */
import { mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const packages = fileURLToPath(new URL("../..", import.meta.url));

/** Answers with the path of the bundle; its directory is the caller's to remove. */
export async function bundleProgram(
  entry: string,
): Promise<{ readonly directory: string; readonly file: string }> {
  const directory = mkdtempSync(join(tmpdir(), "systole-program-"));
  const file = join(directory, "program.mjs");
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    banner: {
      js: 'import { createRequire as requireHere } from "node:module"; const require = requireHere(import.meta.url);',
    },
    alias: Object.fromEntries(
      readdirSync(packages).map((name) => [`@systole/${name}`, join(packages, name, "src/index.ts")]),
    ),
    logLevel: "warning",
  });
  symlinkSync(join(packages, "sys/dist/sysfd.node"), join(directory, "sysfd.node"));
  return { directory, file };
}

/** The .deb files under test: those of this tree, and the same with a higher version and other example files. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lab/process.js";

const FOLDER = ".cache/test-packages";
const BUILD_LIMIT_MS = 1_200_000;

export interface Debs {
  readonly old: readonly string[];
  /** Version 99, each conffile with a line more. */
  readonly newer: readonly string[];
  /** systole-runtime: this machine's Node.js. */
  readonly runtime: readonly string[];
}

/** Those that `buildDebs` built. */
export function debs(): Debs {
  const files = (folder: string) =>
    readdirSync(join(FOLDER, folder))
      .filter((file) => file.endsWith(".deb"))
      .map((file) => join(FOLDER, folder, file));
  const isRuntime = (file: string) => file.includes("systole-runtime");
  const built = files("old");
  return {
    old: built.filter((file) => !isRuntime(file)),
    newer: files("newer"),
    runtime: built.filter(isRuntime),
  };
}

/** Builds all of them; once for all test files, before the first. */
export async function buildDebs(): Promise<void> {
  const [old, newer] = [join(FOLDER, "old"), join(FOLDER, "newer")];
  for (const folder of [old, newer]) rmSync(folder, { recursive: true, force: true });
  const flags = ["--fast", "--runtime", "--out", old, "deb"];
  await run([process.execPath, "packaging/package.mjs", ...flags], { timeoutMs: BUILD_LIMIT_MS });
  mkdirSync(newer);
  await Promise.all(debs().old.map((file) => renewed(file, newer)));
}

async function renewed(file: string, out: string): Promise<string> {
  const name = /([^/]+)_[^/]+$/.exec(file)?.[1] ?? file;
  const tree = join(out, name);
  mkdirSync(tree, { recursive: true });
  await run(["dpkg-deb", "--raw-extract", file, tree]);
  const control = readFileSync(join(tree, "DEBIAN/control"), "utf8");
  const [, version = ""] = /^Version: (.*)$/m.exec(control) ?? [];
  writeFileSync(
    join(tree, "DEBIAN/control"),
    control.replace(/^Version: .*$/m, "Version: 99").replaceAll(`(= ${version})`, "(= 99)"),
  );
  for (const conffile of conffiles(join(tree, "DEBIAN"))) {
    writeFileSync(join(tree, conffile), "# a line of the newer package\n", { flag: "a" });
  }
  rmSync(join(tree, "DEBIAN/md5sums"));
  const to = join(out, `${name}_99.deb`);
  await run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tree, to]);
  return to;
}

function conffiles(debian: string): readonly string[] {
  if (!readdirSync(debian).includes("conffiles")) return [];
  return readFileSync(join(debian, "conffiles"), "utf8").trim().split("\n");
}

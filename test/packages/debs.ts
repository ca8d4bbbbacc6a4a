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
}

/** Builds them for the test `name`; `runtime` makes systole-runtime of this machine's Node.js, too. */
export async function buildDebs(name: string, { runtime = false } = {}): Promise<Debs> {
  const out = join(FOLDER, name);
  rmSync(out, { recursive: true, force: true });
  const flags = ["--fast", "--out", join(out, "old"), ...(runtime ? ["--runtime"] : []), "deb"];
  await run([process.execPath, "packaging/package.mjs", ...flags], { timeoutMs: BUILD_LIMIT_MS });
  const old = readdirSync(join(out, "old")).map((file) => join(out, "old", file));
  const again = old.filter((file) => !file.includes("systole-runtime"));
  const newer = await Promise.all(again.map((file) => renewed(file, join(out, "newer"))));
  return { old, newer };
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

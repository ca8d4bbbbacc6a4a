/** Random calls with the compiler's sanitizers watching: no argument may make the C file read or write astray. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The sanitizers' libraries; `cc` answers the bare name for one that is not installed. */
const LIBRARIES = ["libasan.so", "libubsan.so"].map((name) =>
  execFileSync("cc", [`-print-file-name=${name}`])
    .toString()
    .trim(),
);
const missing = LIBRARIES.some((path) => !isAbsolute(path) || !existsSync(path));

let folder = "";
beforeAll(() => {
  if (missing) return;
  folder = mkdtempSync(join(tmpdir(), "systole-fuzz-"));
  const flags = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
  execFileSync("cc", [
    ...flags,
    "-shared",
    "-fPIC",
    "-Wl,-z,nodelete",
    "-o",
    join(folder, "sysfd.node"),
    here("../src/sys.c"),
  ]);
});
afterAll(() => {
  if (folder !== "") rmSync(folder, { recursive: true });
});

test.skipIf(missing).each([1, 2, 3])("20000 random calls, seed %i", (seed) => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [here("fuzz-calls.cjs"), join(folder, "sysfd.node"), String(seed), "20000"],
    {
      timeout: 230_000,
      cwd: folder,
      env: { ...process.env, LD_PRELOAD: LIBRARIES.join(" "), ASAN_OPTIONS: "detect_leaks=0" },
    },
  );
  expect(stdout.toString(), stderr.toString()).toBe("survived\n");
});

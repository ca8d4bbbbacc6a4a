// npm run sanitize: the tests of packages/sys with the C file built for AddressSanitizer and UndefinedBehaviorSanitizer.
// The addon of everyday is put back at the end; nothing else should run it meanwhile.
import { execFileSync, spawnSync } from "node:child_process";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const addon = join(root, "packages/sys/dist/sysfd.node");
const kept = `${addon}.kept`;
const library = execFileSync("cc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim();

renameSync(addon, kept);
try {
  execFileSync(
    "cc",
    [
      ...["-std=gnu11", "-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"],
      ...["-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"],
      ...["-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,nodelete", "-o", addon],
      join(root, "packages/sys/src/sys.c"),
    ],
    { stdio: "inherit" },
  );
  const { status } = spawnSync(
    process.execPath,
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      "packages/sys/",
      "--testTimeout=240000",
      "--hookTimeout=240000",
    ],
    {
      cwd: root,
      stdio: "inherit",
      // Node keeps what it has until its end: leaks are what the fuzz test counts, not this.
      env: { ...process.env, LD_PRELOAD: library, ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1" },
    },
  );
  process.exitCode = status ?? 1;
} finally {
  renameSync(kept, addon);
}

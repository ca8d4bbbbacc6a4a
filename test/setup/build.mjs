// Builds what runs: the one C file with cc, the TypeScript with tsc -b. Incremental; quiet when nothing changed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = join(root, "packages/sys/src/sys.c");
const sources = [source, ...["call.h", "node-abi.h"].map((name) => join(root, "packages/sys/src", name))];
const addon = join(root, "packages/sys/dist/sysfd.node");

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(addon) || sources.some((path) => statSync(addon).mtimeMs < statSync(path).mtimeMs)) {
  // No headers of Node or libuv are needed: node-abi.h declares the few functions we use of these stable interfaces.
  mkdirSync(dirname(addon), { recursive: true });
  const made = `${addon}.${process.pid}`; // renamed when whole: a running process keeps the file it has mapped
  run("cc", [
    ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"],
    ...["-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,nodelete", "-o", made, source],
  ]);
  renameSync(made, addon);
}
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", ...process.argv.slice(2)]);

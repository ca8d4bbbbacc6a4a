// Builds what runs: the one C file with cc, the TypeScript with tsc -b. Incremental; quiet when nothing changed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = join(root, "packages/sys/src/sys.c");
const addon = join(root, "packages/sys/dist/sysfd.node");

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Node's own headers: beside the running node, in the Debian package libnode-dev, or in /usr/include/node. */
function nodeHeaders() {
  const beside = join(dirname(process.execPath), "../include/node");
  return [beside, "/usr/include/node", "/usr/include/nodejs/src"].find((path) =>
    existsSync(join(path, "node_api.h")),
  );
}

if (existsSync(source) && (!existsSync(addon) || statSync(addon).mtimeMs < statSync(source).mtimeMs)) {
  const headers = nodeHeaders();
  if (headers === undefined) {
    console.error("build: node_api.h not found: install Node's headers (Debian: libnode-dev)");
    process.exit(1);
  }
  mkdirSync(dirname(addon), { recursive: true });
  run("cc", [
    ...["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,nodelete"],
    ...["-DNAPI_VERSION=8", `-I${headers}`, "-o", addon, source],
  ]);
}
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", ...process.argv.slice(2)]);

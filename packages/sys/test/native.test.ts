/**
 * The C file alone, in processes of their own: what it must survive would take the test runner with it.
 *
 * The children load `sysfd.node` directly, so nothing but the C file needs to be built.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ADDON = fileURLToPath(new URL("../dist/sysfd.node", import.meta.url));
const SOURCE = fileURLToPath(new URL("../src/sys.c", import.meta.url));

/** Runs JavaScript with `sys` (the addon) and `ADDON` (its path) at hand. */
function child(script: string) {
  const program = `const ADDON = ${JSON.stringify(ADDON)}; const sys = require(ADDON); ${script}`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["-e", program], {
    timeout: 120_000, // under sanitizers, on a busy machine, Node alone needs more than 15 s to start
  });
  return { status, signal, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** A netlink socket that asked for a dump of links: readable at once, without any network. */
const READABLE = `
  const fd = sys.socket(16, 3, 0);
  const kernel = new Uint8Array(12); kernel[0] = 16;
  const ask = new Uint8Array(32); const view = new DataView(ask.buffer);
  view.setUint32(0, 32, true); view.setUint16(4, 18, true); view.setUint16(6, 0x301, true);
  sys.sendto(fd, ask, 0, kernel);
`;

test("an error of the callback reaches uncaughtException", () => {
  const { stdout, status } = child(`
    ${READABLE}
    process.on("uncaughtException", (error) => { console.log("caught", error.message); process.exit(7); });
    const watch = sys.pollOpen(fd, () => { throw new Error("mine"); });
    sys.pollStart(watch);
  `);
  expect(stdout).toBe("caught mine\n");
  expect(status).toBe(7);
});

test("the callback runs the microtasks behind it, as every callback of Node", () => {
  const { stdout } = child(`
    ${READABLE}
    const watch = sys.pollOpen(fd, () => {
      Promise.resolve().then(() => console.log("microtask"));
      sys.pollClose(watch);
      setImmediate(() => console.log("immediate"));
    });
    sys.pollStart(watch);
  `);
  expect(stdout).toBe("microtask\nimmediate\n");
});

test("a worker may be ended with an open watch", () => {
  const { stdout, status, signal } = child(`
    const { Worker } = require("node:worker_threads");
    const script = \`
      const sys = require(\${JSON.stringify(ADDON)});
      for (let i = 0; i < 20; i++) {
        const fd = sys.socket(16, 3, 0);
        const watch = sys.pollOpen(fd, () => {});
        sys.pollStart(watch);
      }
      require("node:worker_threads").parentPort.postMessage("ready");
    \`;
    (async () => {
      for (let round = 0; round < 5; round++) {
        const worker = new Worker(script, { eval: true });
        await new Promise((resolve) => worker.once("message", resolve));
        await worker.terminate();
      }
      console.log("survived");
    })();
  `);
  expect({ stdout, status, signal }).toEqual({ stdout: "survived\n", status: 0, signal: null });
});

test("watches that nobody holds any more stay until they are closed, and closed ones are collected", () => {
  const { stdout, status } = child(`
    require("node:v8").setFlagsFromString("--expose-gc");
    const gc = require("node:vm").runInNewContext("gc");
    let woken = 0;
    function make() {
      ${READABLE}
      const watch = sys.pollOpen(fd, () => { woken++; sys.pollClose(watch); setImmediate(() => sys.close(fd)); });
      sys.pollStart(watch);
    }
    for (let i = 0; i < 50; i++) make();
    gc();
    setTimeout(() => { gc(); console.log(woken); }, 50);
  `);
  expect({ stdout, status }).toEqual({ stdout: "50\n", status: 0 });
});

test("an unreferenced watch lets the process end", () => {
  const { status, signal } = child(`
    const watch = sys.pollOpen(sys.socket(16, 3, 0), () => {});
    sys.pollStart(watch);
    sys.pollRef(watch, false);
  `);
  expect({ status, signal }).toEqual({ status: 0, signal: null });
});

test.each([
  { name: "nothing at all", call: "sys.socket()" },
  { name: "a text for a number", call: "sys.close('3')" },
  { name: "a number for bytes", call: "sys.bind(0, 5)" },
  { name: "bytes of another type", call: "sys.getsockname(0, new Float64Array(4))" },
  { name: "null for bytes that are not optional", call: "sys.getsockname(0, null)" },
  { name: "an object for a watch", call: "sys.pollStart({})" },
  { name: "nothing for a watch", call: "sys.pollClose()" },
  { name: "an object for a callback", call: "sys.pollOpen(sys.socket(16, 3, 0), {})" },
  { name: "a text for a boolean", call: "sys.pollRef(sys.pollOpen(sys.socket(16, 3, 0), () => {}), 'yes')" },
])("$name is a TypeError, not a crash", ({ call }) => {
  const { stdout, stderr } = child(`
    try { ${call}; console.log("accepted"); } catch (error) { console.log(error.name); }
    process.exit(0);
  `);
  expect(stdout, stderr).toBe("TypeError\n");
});

test.each([
  { name: "a descriptor that is not open", call: "sys.getsockname(999, new Uint8Array(8))", errno: -9 },
  {
    name: "no room for a single slot",
    call: "sys.recvBatch(0, new Uint8Array(8), 16, new Int32Array(3), new Uint8Array(32), 32)",
    errno: -22,
  },
  {
    name: "slots of no size",
    call: "sys.recvBatch(0, new Uint8Array(8), 0, new Int32Array(3), new Uint8Array(32), 32)",
    errno: -22,
  },
  {
    name: "slots of negative size",
    call: "sys.recvBatch(0, new Uint8Array(8), -1, new Int32Array(3), new Uint8Array(32), 32)",
    errno: -22,
  },
  {
    name: "results that do not fit",
    call: "sys.recvBatch(0, new Uint8Array(8), 8, new Int32Array(2), new Uint8Array(32), 32)",
    errno: -22,
  },
  {
    name: "an ioctl argument that is too long",
    call: "sys.ioctl(0, 0x8907, new Uint8Array(1 << 20))",
    errno: -22,
  },
  { name: "a file to watch", call: "sys.pollOpen(require('node:fs').openSync(ADDON), () => {})", errno: -1 },
  { name: "no bytes at all to send", call: "sys.sendto(999, new Uint8Array(0), 0, null)", errno: -9 },
  {
    name: "a closed watch to start",
    call: "(w => (sys.pollClose(w), sys.pollStart(w)))(sys.pollOpen(sys.socket(16, 3, 0), () => {}))",
    errno: -9,
  },
])("$name answers $errno", ({ call, errno }) => {
  const { stdout, stderr } = child(`console.log(${call}); process.exit(0);`);
  expect(stdout, stderr).toBe(`${errno}\n`);
});

test("sockets are closed on exec and never block", () => {
  const { stdout } = child(`
    const fd = sys.socket(2, 2, 0);
    const flags = require("node:fs").readFileSync("/proc/self/fdinfo/" + fd, "utf8").match(/flags:\\s*(\\d+)/)[1];
    const bits = parseInt(flags, 8);
    console.log((bits & 0o2000000) !== 0, (bits & 0o4000) !== 0, sys.recvBatch(fd, new Uint8Array(8), 8, new Int32Array(3), new Uint8Array(32), 32));
  `);
  expect(stdout).toBe("true true -11\n");
});

/** Where node's and libuv's own headers may be. */
const HEADERS = [
  join(process.execPath, "../../include/node"),
  "/usr/include/node",
  "/usr/include/nodejs/src",
].find((folder) => existsSync(join(folder, "node_api.h")) && existsSync(join(folder, "uv.h")));

test.skipIf(HEADERS === undefined)("no declaration of sys.c differs from the real headers", () => {
  const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-DSYSTOLE_REAL_HEADERS"];
  const { status, stderr } = spawnSync("cc", [...flags, "-DNAPI_VERSION=8", `-I${HEADERS}`, SOURCE]);
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
});

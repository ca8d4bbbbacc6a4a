/** etc/ha.d/shellfuncs and harc, run by the shell of scripts: formats are those of the original's functions. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const FUNCS = fileURLToPath(new URL("../../../etc/ha.d/shellfuncs", import.meta.url));
const HARC = fileURLToPath(new URL("../../../etc/ha.d/harc", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shellfuncs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function sh(line: string, env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `. "${FUNCS}"; ${line}`, "/x/script"], {
    env: { PATH: "/usr/bin:/bin", HA_RSCTMP: folder, HA_CF: join(folder, "ha.cf"), ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("ha_log writes both files in their forms", () => {
  const [log, debug] = [join(folder, "log"), join(folder, "debug")];
  sh("ha_log info: one two; ha_log 'ERROR: x'", {
    HA_LOGFILE: log,
    HA_DEBUGLOG: debug,
    HA_DATEFMT: "%Y/%m/%d_%T\t",
  });
  const stamp = String.raw`\d{4}/\d\d/\d\d_\d\d:\d\d:\d\d\t`;
  expect(readFileSync(log, "utf8")).toMatch(
    new RegExp(
      String.raw`^${stamp} script\(default\)\[\d+\]: {4}info: one two\n${stamp} script\(default\)\[\d+\]: {4}ERROR: x\n$`,
    ),
  );
  expect(readFileSync(debug, "utf8")).toMatch(
    new RegExp(String.raw`^script\(default\)\[\d+\]:\t${stamp}info: one two\n`),
  );
});

test("without a log it is stderr; debug says nothing unless it is on", () => {
  expect(sh("ha_log 'info: one'; ha_debug 'debug: two'").stderr).toMatch(/^\w{3} \d\d [\d:]{8} info: one\n$/);
  expect(sh("ha_debug 'debug: two'", { HA_debug: "1" }).stderr).toMatch(/debug: two\n$/);
});

test("ha_parameter reads ha.cf: the last line of a name, without its comment", () => {
  writeFileSync(join(folder, "ha.cf"), "keepalive 1\n keepalive 500ms # quick\nnode lb1 lb2\n");
  expect(sh("ha_parameter keepalive; ha_parameter node; ha_parameter none").stdout).toBe("500ms\nlb1 lb2\n");
});

test("a pseudo resource is what it was told last", () => {
  const line =
    "ha_pseudo_resource x status; echo $?; ha_pseudo_resource x start; ha_pseudo_resource x status; echo $?;";
  const { stdout } = sh(
    `${line} ha_pseudo_resource x monitor; echo $?; ha_pseudo_resource x stop; ha_pseudo_resource x monitor; echo $?`,
  );
  expect(stdout).toBe("x is stopped\n3\nx is running\n0\n0\n7\n");
});

test("ha_clustermsg frames what it is told", () => {
  const fifo = join(folder, "fifo");
  sh("printf 't=custom\\nfoo=bar\\n' | ha_clustermsg", { HA_FIFO: fifo });
  expect(readFileSync(fifo, "utf8")).toBe(">>>\nt=custom\nfoo=bar\n<<<\n");
});

test("harc runs the script of the type in lower case, and is content without one", () => {
  mkdirSync(join(folder, "rc.d"));
  const script = join(folder, "rc.d", "custom");
  writeFileSync(script, '#!/bin/sh\necho "$HA_foo $*"\n');
  chmodSync(script, 0o755);
  const run = (type: string) =>
    spawnSync("sh", [HARC, type], {
      env: { PATH: "/usr/bin:/bin", HA_FUNCS: FUNCS, HA_DIR: folder, HA_foo: "bar baz" },
      encoding: "utf8",
    });
  expect(run("CUSTOM")).toMatchObject({ status: 0, stdout: "bar baz custom\n" });
  expect(run("other")).toMatchObject({ status: 0, stdout: "" });
});

/** Programs of respawn as transient units: real processes, under programs that play the service manager. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "@systole/machine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../test/lab/until.js";
import { clientStarter, endUnits } from "../src/shell/client-unit.js";
import { startedByManager } from "../src/shell/script-units.js";
import { endRemembered, rememberPrograms } from "../src/shell/start-program.js";

const folder = mkdtempSync(join(tmpdir(), "systole-client-"));
const refusals: string[] = [];
const start = clientStarter({
  clock: systemClock(),
  asUnits: () => true,
  pipes: join(folder, "pipes"),
  refused: (what, why) => refusals.push(`${what}: ${why}`),
});
const environment = { PATH: `${folder}:${process.env.PATH}`, HA_CURHOST: "lb1" };
const { username } = userInfo();
const client = (name: string, ...args: readonly string[]) => ({
  user: username,
  path: join(folder, name),
  args,
  failfast: false,
  at: { line: 1, column: 1, length: 1 },
});

function write(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Starts the program and returns; the end is told where the properties say. `$$` is a dollar sign. */
const MANAGER = `echo "$@" >${folder}/demanded
while [ "$1" != -- ]; do case $1 in --property=StandardOutput=*) out=\${1##*file:} ;; esac; shift; done
program=$2 flag=$3 script=$(printf %s "$4" | sed 's/[$][$]/$/g'); shift 4
{
    "$program" "$flag" "$script" "$@" >"$out" & echo $! >${folder}/pid
    wait $!; status=$?
    if [ $status -gt 128 ]; then echo "ended killed TERM"; else echo "ended exited $status"; fi >"$out"
} </dev/null >/dev/null 2>&1 &`;

beforeAll(() => {
  write("systemctl", `kill -\${2#--signal=SIG} "$(cat ${folder}/pid)"`);
  write("ends", `echo "$1 $HA_CURHOST $USER" >${folder}/said; echo noise; exit 3`);
  write("stays", "exec sleep 1000");
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  { environment: { SYSTEMD_EXEC_PID: "7", INVOCATION_ID: "a" }, started: true },
  { environment: { SYSTEMD_EXEC_PID: "6", INVOCATION_ID: "a" }, started: false },
  { environment: { INVOCATION_ID: "a" }, started: true },
  { environment: {}, started: false },
])("process 7 with $environment was started by the service manager: $started", ({ environment, started }) => {
  expect(startedByManager(environment, 7)).toBe(started);
});

test("runs as its user; its process and its end are known", async () => {
  write("systemd-run", MANAGER);
  const running = start(client("ends", "a b"), environment);
  expect(await running.ended).toEqual({ status: 3, signal: undefined });
  expect(readFileSync(join(folder, "said"), "utf8")).toBe(`a b lb1 ${username}\n`);
  expect(running.pid).toBe(Number(readFileSync(join(folder, "pid"), "utf8")));
  const demanded = readFileSync(join(folder, "demanded"), "utf8");
  expect(demanded).toContain(`--service-type=exec --unit=${running.unit} `);
  expect(demanded).toContain(`--property=User=${username}`);
});

test("is ended through the manager; a later heartbeat finds its name", async () => {
  write("systemd-run", MANAGER);
  const running = start(client("stays"), environment);
  await expect.poll(() => running.pid, { timeout: 20_000 }).toBeGreaterThan(1);
  const file = join(folder, "remembered");
  rememberPrograms(file, [running]);
  expect(endRemembered(file)).toEqual({ pids: [], units: [running.unit] });
  running.signal("SIGTERM");
  expect(await running.ended).toEqual({ status: undefined, signal: "SIGTERM" });
});

test("of a former heartbeat is ended, and its last word read: without a reader the manager would wait", async () => {
  const fifo = join(folder, "pipes", "former.out");
  mkdirSync(join(folder, "pipes"), { recursive: true });
  execFileSync("mkfifo", [fifo]);
  // The manager opens what a unit prints into before it runs what tells of the end.
  write(
    "systemctl",
    `echo "$@" >${folder}/told; { echo "ended killed TERM" >${fifo}; touch ${folder}/gone; } &`,
  );
  await endUnits(["former"], { clock: systemClock(), pipes: join(folder, "pipes"), environment });
  expect(readFileSync(join(folder, "told"), "utf8")).toBe("stop --no-block former\n");
  await until("the unit to be gone", () => existsSync(join(folder, "gone")) && !existsSync(fifo));
});

test("is our child where the manager does not answer, and that is said", async () => {
  write("systemd-run", 'echo "Failed to connect to bus: Connection refused" >&2; exit 1');
  const { ended } = start(client("ends"), environment);
  expect(await ended).toEqual({ status: 3, signal: undefined });
  expect(refusals).toEqual([
    `client "${folder}/ends": systemd-run --quiet: exit status 1: Failed to connect to bus: Connection refused`,
  ]);
});

test("is not begun as a child when it was told to end meanwhile", async () => {
  write("systemd-run", `touch ${folder}/asked; sleep 0.2; exit 1`);
  rmSync(join(folder, "said"));
  const running = start(client("ends"), environment);
  running.signal("SIGTERM");
  expect(await running.ended).toEqual({ status: undefined, signal: "SIGTERM" });
});

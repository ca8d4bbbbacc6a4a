import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seconds, systemClock } from "@systole/machine";
import { afterAll, describe, expect, test } from "vitest";
import type { FenceDevice } from "../src/config/ha-cf.types.js";
import { foreignPrograms } from "../src/resources/foreign-program.js";
import { createFencer, fenceCall } from "../src/shell/fencer.js";
import { keepWatchdog, watchdogSeconds } from "../src/shell/watchdog-keeper.js";

const at = { line: 1, column: 1, length: 1 };
const device = (type: string, text: string): FenceDevice => ({ type, parameters: { text }, at });
const folder = mkdtempSync(join(tmpdir(), "fencer-"));
const path = process.env.PATH;

/** Stands where the real program would: writes down how it was called, and does as the test says. */
function program(name: string, body: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho "$0 $*" >${folder}/called\ncat >>${folder}/called\n${body}\n`);
  chmodSync(file, 0o755);
}

afterAll(() => rmSync(folder, { recursive: true }));

describe("how a fence device is called", () => {
  test.each([
    {
      what: "a device of cluster-glue, parameters in ha.cf",
      device: device("external/ipmi", "lb2 10.0.9.2 admin secret lan"),
      reset: {
        program: "stonith",
        args: "-t external/ipmi -p lb2 10.0.9.2 admin secret lan -T reset lb2",
        input: "",
      },
      status: { program: "stonith", args: "-t external/ipmi -p lb2 10.0.9.2 admin secret lan -S", input: "" },
    },
    {
      what: "a device of cluster-glue, parameters in a file",
      device: { type: "baytech", parameters: { file: "/etc/ha.d/baytech" }, at },
      reset: { program: "stonith", args: "-t baytech -F /etc/ha.d/baytech -T reset lb2", input: "" },
      status: { program: "stonith", args: "-t baytech -F /etc/ha.d/baytech -S", input: "" },
    },
    {
      what: "a fence agent that switches outlets: the node is the plug",
      device: device("fence_apc", "ipaddr=10.0.9.1 login=apc passwd=apc"),
      reset: {
        program: "fence_apc",
        args: "",
        input: "action=reboot\nipaddr=10.0.9.1\nlogin=apc\npasswd=apc\nplug=lb2\n",
      },
      status: {
        program: "fence_apc",
        args: "",
        input: "action=monitor\nipaddr=10.0.9.1\nlogin=apc\npasswd=apc\n",
      },
    },
    {
      what: "a fence agent that is told its plug",
      device: device("fence_apc", "ipaddr=10.0.9.1 port=7"),
      reset: { program: "fence_apc", args: "", input: "action=reboot\nipaddr=10.0.9.1\nport=7\n" },
      status: { program: "fence_apc", args: "", input: "action=monitor\nipaddr=10.0.9.1\nport=7\n" },
    },
  ])("$what", ({ device, reset, status }) => {
    const flat = (node?: string) => {
      const { program, args, input } = fenceCall(device, node);
      return { program, args: args.join(" "), input };
    };
    expect(flat("lb2")).toEqual(reset);
    expect(flat()).toEqual(status);
  });
});

describe("a fencing", () => {
  const clock = systemClock();
  const runForeign = foreignPrograms({ clock, asUnits: () => false, pipes: folder, refused: () => {} });
  const fencerOf = (of: FenceDevice) =>
    createFencer(of, { clock, runForeign, environment: { PATH: `${folder}:${path}` } });
  const fencer = fencerOf(device("fence_lab", "ip=10.0.9.1"));

  test("is confirmed by exit status 0, and by nothing else", async () => {
    program("fence_lab", "exit 0");
    await fencer.fence("lb2");
    expect(readFileSync(join(folder, "called"), "utf8")).toBe(
      `${folder}/fence_lab \naction=reboot\nip=10.0.9.1\nplug=lb2\n`,
    );
    program("fence_lab", "echo trying; echo 'Connection timed out' >&2; exit 1");
    await expect(fencer.fence("lb2")).rejects.toThrow("fence_lab: exit status 1: Connection timed out");
    program("fence_lab", "kill -9 $$");
    await expect(fencer.fence("lb2")).rejects.toThrow("fence_lab: SIGKILL");
  });

  test("by stonith is refused for a node that the device does not list", async () => {
    const glue = fencerOf(device("external/lab", "lb2"));
    program("stonith", 'case "$*" in *-l) echo lb2;; esac');
    await glue.fence("LB2");
    expect(readFileSync(join(folder, "called"), "utf8")).toContain("-T reset LB2");
    await expect(glue.fence("lb9")).rejects.toThrow("external/lab does not control lb9");
  });

  test("fails where the program is missing", async () => {
    const missing = fencerOf(device("fence_nowhere", "ip=10.0.9.1"));
    await expect(missing.fence("lb2")).rejects.toThrow("fence_nowhere cannot be run");
  });
});

describe("the watchdog device", () => {
  const told: string[] = [];
  const tell = { info: (line: string) => told.push(line), error: (line: string) => told.push(line) };

  test.each([
    { deadtime: seconds(30), means: 29 },
    { deadtime: seconds(2.5), means: 1 },
    { deadtime: seconds(1), means: 1 },
  ])("deadtime $deadtime ms: $means s", ({ deadtime, means }) => {
    expect(watchdogSeconds(deadtime)).toBe(means);
  });

  test("is fed and disarmed; one that comes too late is told", () => {
    const calls: string[] = [];
    const fake = { timeoutSeconds: 60, feed: () => calls.push("fed"), disarm: () => calls.push("disarmed") };
    const keeper = keepWatchdog("/dev/watchdog", seconds(10), tell, (path, asked) => {
      calls.push(`${path} ${asked}`);
      return fake;
    });
    keeper.feed();
    keeper.disarm();
    expect(calls).toEqual(["/dev/watchdog 9", "fed", "disarmed"]);
    expect(told.at(-1)).toBe("/dev/watchdog comes after 60 s, later than the deadtime of 10000 ms");
  });

  test("that cannot be opened is told and done without", () => {
    keepWatchdog(join(folder, "nowhere"), seconds(10), tell).feed();
    expect(told.at(-1)).toContain("no watchdog: ENOENT");
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant } from "@systole/machine";
import { describe, expect, test } from "vitest";
import { systemAccounts } from "../src/accounts.js";
import {
  createMetrics,
  type Program,
  readPidfile,
  removePidfile,
  runProgram,
  writePidfile,
} from "../src/index.js";
import { createServiceManager, watchdogPeriodMs } from "../src/service-manager.js";

describe("metrics", () => {
  test("print as OpenMetrics", () => {
    const metrics = createMetrics();
    const packets = metrics.counter("systole_heartbeats_received", "Datagrams heard.");
    packets.add({ node: "lb2", link: "eth1" });
    packets.add({ link: "eth1", node: "lb2" }, 2);
    const up = metrics.gauge("systole_link_up", 'Is it "up"?\n');
    up.set(1, { link: "eth1" });
    up.set(0, { link: "eth2" });
    up.forget({ link: "eth1" });
    expect(metrics.print()).toBe(
      [
        "# TYPE systole_heartbeats_received counter",
        "# HELP systole_heartbeats_received Datagrams heard.",
        'systole_heartbeats_received_total{link="eth1",node="lb2"} 3',
        "# TYPE systole_link_up gauge",
        '# HELP systole_link_up Is it \\"up\\"?\\n',
        'systole_link_up{link="eth2"} 0',
        "# EOF",
        "",
      ].join("\n"),
    );
  });

  test("are bounded", () => {
    const metrics = createMetrics();
    const counter = metrics.counter("x", "x");
    for (let i = 0; i < 10_002; i++) counter.add({ i: String(i) });
    expect(metrics.print()).toContain("systole_metrics_dropped_total 2");
  });
});

describe("pid files", () => {
  test.each([
    { style: "plain", text: "123\n" },
    { style: "aligned", text: "       123\n" },
  ] as const)("$style", ({ style, text }) => {
    const directory = mkdtempSync(join(tmpdir(), "systole-pid-"));
    const path = join(directory, "heartbeat.pid");
    writePidfile(path, 123, style);
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(readPidfile(path)).toBe(123);
    removePidfile(path, 124);
    expect(readPidfile(path)).toBe(123);
    removePidfile(path, 123);
    expect(readPidfile(path)).toBeUndefined();
    rmSync(directory, { recursive: true });
  });
});

describe("the service manager", () => {
  function open(environment: Record<string, string>) {
    const told: string[] = [];
    let due: (() => void) | undefined;
    const manager = createServiceManager({
      environment,
      pid: 7,
      clock: {
        now: () => instant(0),
        at: (when, run) => {
          told.push(`next at ${when}`);
          due = run;
          return () => {
            due = undefined;
          };
        },
        afterPending: () => () => {},
      },
      send: (path, bytes) =>
        void told.push(`${path}: ${Buffer.from(bytes).toString("utf8").replaceAll("\n", " ")}`),
      monotonicUs: () => 55n,
    });
    return { manager, told, tick: () => due?.() };
  }

  test("is told, and the watchdog is fed at half its limit from ready on", () => {
    const { manager, told, tick } = open({
      NOTIFY_SOCKET: "/run/n",
      WATCHDOG_USEC: "5000000",
      WATCHDOG_PID: "7",
    });
    manager.status("joining");
    manager.ready("2 nodes\nup");
    tick();
    manager.reloading();
    manager.reloaded();
    manager.stopping();
    expect(told).toEqual([
      "/run/n: STATUS=joining",
      "/run/n: READY=1 STATUS=2 nodes up",
      "/run/n: WATCHDOG=1",
      "next at 2500",
      "/run/n: WATCHDOG=1",
      "next at 2500",
      "/run/n: RELOADING=1 MONOTONIC_USEC=55",
      "/run/n: READY=1",
      "/run/n: STOPPING=1 STATUS=stopping",
    ]);
  });

  test.each([
    {
      name: "for another process",
      environment: { WATCHDOG_USEC: "5000000", WATCHDOG_PID: "8" },
      period: undefined,
    },
    { name: "for anybody", environment: { WATCHDOG_USEC: "5000000" }, period: 2500 },
    { name: "not a number", environment: { WATCHDOG_USEC: "soon" }, period: undefined },
    { name: "none", environment: {}, period: undefined },
  ])("watchdog $name", ({ environment, period }) => expect(watchdogPeriodMs(environment, 7)).toBe(period));
});

test.each([
  { name: "by primary group", uid: 5, gid: 90, member: true },
  { name: "by the list of members", uid: 1000, gid: 1000, member: true },
  { name: "a stranger", uid: 1001, gid: 1001, member: false },
])("who is in haadmin: $name", ({ uid, gid, member }) => {
  const directory = mkdtempSync(join(tmpdir(), "systole-accounts-"));
  writeFileSync(join(directory, "passwd"), "anna:x:1000:1000::/:/bin/sh\nbert:x:1001:1001::/:/bin/sh\n");
  writeFileSync(join(directory, "group"), "root:x:0:\nhaadmin:x:90:carl,anna\n");
  const accounts = systemAccounts(join(directory, "passwd"), join(directory, "group"));
  expect(accounts.isMember(uid, gid, "haadmin")).toBe(member);
  expect(accounts.groupId("haadmin")).toBe(90);
  expect(accounts.groupId("none")).toBeUndefined();
  rmSync(directory, { recursive: true });
});

describe("a command line", () => {
  const program: Program = {
    name: "notifier",
    version: "1.0",
    summary: "asks notifierd",
    commands: [
      {
        name: "queue",
        summary: "what waits",
        options: { all: { type: "boolean", short: "a", help: "done ones, too" } },
        run({ options, out }) {
          if (out.wantsJson) out.json([options.all === true]);
          else out.table(["ID", "TO"], [["1", options.all === true ? "all" : "ops"]]);
          return undefined;
        },
      },
      {
        ...{ name: "show", summary: "one letter", positionals: "ID", arity: { from: 1, to: 1 } },
        run() {
          throw new Error("no letter 9");
        },
      },
    ],
  };

  async function run(...args: string[]) {
    const said = { out: "", error: "" };
    const code = await runProgram(program, {
      ...{ args, color: false },
      stdout(text) {
        said.out += text;
      },
      stderr(text) {
        said.error += text;
      },
    });
    return { code, ...said };
  }

  test.each([
    { name: "a table", args: ["queue", "-a"], code: 0, out: "ID  TO\n1   all\n", error: "" },
    { name: "JSON", args: ["queue", "--json"], code: 0, out: "[\n  false\n]\n", error: "" },
    { name: "version", args: ["--version"], code: 0, out: "notifier 1.0\n", error: "" },
    {
      ...{ name: "a slip of the finger", args: ["qeue"], code: 2, out: "" },
      error: 'notifier: no command "qeue", did you mean "queue"?\nnotifier: see notifier --help\n',
    },
    {
      ...{ name: "an unknown option", args: ["queue", "--al"], code: 2, out: "" },
      error: "notifier: Unknown option '--al'\nnotifier: see notifier --help\n",
    },
    {
      ...{ name: "too little", args: ["show"], code: 2, out: "" },
      error: "notifier: show needs ID\nnotifier: see notifier --help\n",
    },
    {
      ...{ name: "too much", args: ["queue", "x"], code: 2, out: "" },
      error: 'notifier: too much: "x"\nnotifier: see notifier --help\n',
    },
    { name: "a failure", args: ["show", "9"], code: 1, out: "", error: "notifier: no letter 9\n" },
    {
      ...{ name: "help of a command", args: ["queue", "--help"], code: 0, error: "" },
      out: "Usage: notifier queue [OPTION]...\n\nwhat waits\n\n  -a, --all   done ones, too\n  --json      print JSON for programs\n  -h, --help  print this and exit\n",
    },
  ])("$name", async ({ args, code, out, error }) => {
    expect(await run(...args)).toEqual({ code, out, error });
  });
});

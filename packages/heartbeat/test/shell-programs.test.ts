import { ControlError } from "@systole/daemon";
import { describe, expect, test } from "vitest";
import { parseHaCf } from "../src/config/ha-cf.js";
import type { CoreEvent } from "../src/core/event.js";
import { createAnswers } from "../src/shell/answers.js";
import { clStatus } from "../src/shell/cl-status.js";
import { parseCommandLine } from "../src/shell/command-line.js";
import {
  fifoCommand,
  type HeartbeatStatus,
  heartbeatVerbs,
  standbySet,
  takeoverSet,
} from "../src/shell/commands.js";
import { dumpConfiguration } from "../src/shell/dump.js";
import { haLogFormat, logTargets, olderFormat } from "../src/shell/log-targets.js";
import { string } from "../src/wire/field.js";
import { surroundings } from "./surroundings.js";
import { settled, virtualClock } from "./virtual-clock.js";

const usual = {
  ...{ mode: "start", debug: 0, realtime: true, resources: true, dump: false, wiki: false },
  ignored: [],
};

describe("the command line of heartbeat", () => {
  test.each([
    { args: [], means: usual },
    { args: ["-f", "-d", "-d"], means: { ...usual, mode: "foreground", debug: 2 } },
    { args: ["-k"], means: { ...usual, mode: "stop" } },
    { args: ["-s", "-k"], means: { ...usual, mode: "stop" } },
    { args: ["-rl"], means: { ...usual, mode: "reload", realtime: false } },
    { args: ["-DW"], means: { ...usual, mode: "defaults", wiki: true } },
    { args: ["-Mv"], means: { ...usual, resources: false, dump: true } },
    { args: ["-R", "-C", "local"], means: { ...usual, mode: "re-exec" } },
    { args: ["--check"], means: { ...usual, mode: "validate" } },
    { args: ["-h", "-k"], means: { ...usual, mode: "help" } },
    { args: ["word"], means: { ...usual, ignored: ["word"] } },
    { args: ["-C", "local"], means: { problem: "-C only valid with -R", exitCode: 2 } },
    {
      args: ["-R", "-C", "some"],
      means: { problem: '-C: "some" is none of none local foreign all', exitCode: 1 },
    },
    { args: ["-rR"], means: { problem: "-r is mutually exclusive with -R", exitCode: 1 } },
    { args: ["-x"], means: { problem: "invalid option -- 'x'", exitCode: 2 } },
  ])("$args", ({ args, means }) => {
    expect(parseCommandLine(args)).toEqual(means);
  });
});

const node = (name: string, state: "active" | "dead", links: readonly string[]) => ({
  node: name,
  state,
  generation: 7,
  silentMs: 0,
  links,
  ours: true,
  hearsUs: true,
  agrees: true,
  otherKey: undefined,
  leaseMs: 8000,
});

const STATUS: HeartbeatStatus = {
  node: "lb1",
  life: "operational",
  leaving: false,
  generation: 7,
  holds: "local",
  nodes: [node("lb1", "active", []), node("lb2", "active", ["eth1"]), node("lb3", "dead", [])],
  pings: [
    { node: "192.0.2.1", state: "ping" },
    { node: "gateways", state: "dead" },
  ],
  groups: [],
  version: "0.1.0",
  lease: { kind: "address", length: 8000 },
  vips: [],
  media: [
    { medium: "bcast eth1", device: "eth1", ready: true },
    { medium: "bcast eth2", device: "eth2", ready: true },
  ],
  ownLinks: [],
  attributes: { lb2: { weight: 50, site: "cellar" } },
  dropped: {},
};

async function ask(args: readonly string[], status = async () => STATUS) {
  const out: string[] = [];
  const errors: string[] = [];
  const exit = await clStatus(args, {
    status,
    parameter: async (name) => (name === "keepalive" ? "500ms" : null),
    client: async (node, client) => (node === "lb1" ? (client === "ipfail" ? "online" : "offline") : null),
    complain: (text) => errors.push(`ERROR: ${text}`),
    out: (line) => out.push(line),
    error: (line) => errors.push(line),
  });
  return { exit, out: out.join("\n"), errors: errors.join("\n") };
}

describe("cl_status", () => {
  test.each([
    { line: "hbstatus", exit: 0, out: "Heartbeat is running on this machine." },
    { line: "listnodes", exit: 0, out: "gateways\n192.0.2.1\nlb3\nlb2\nlb1" },
    { line: "listnodes -n", exit: 0, out: "lb3\nlb2\nlb1" },
    { line: "listnodes -p", exit: 0, out: "gateways\n192.0.2.1" },
    {
      line: "listnodes -pv",
      exit: 0,
      out: "\ngateways\tdead\t(nodetype: ping)\n\tgateways\tdead\n\n192.0.2.1\tping\t(nodetype: ping)\n\t192.0.2.1\tup",
    },
    { line: "nodestatus lb2", exit: 0, out: "active" },
    { line: "nodestatus LB3", exit: 1, out: "dead" },
    { line: "nodestatus -m lb2", exit: 0, out: "The cluster node lb2 is active" },
    { line: "nodetype lb2", exit: 0, out: "normal" },
    { line: "nodetype -m 192.0.2.1", exit: 0, out: "The node 192.0.2.1's type: ping" },
    { line: "nodestatus 192.0.2.1", exit: 0, out: "ping" },
    { line: "nodestatus gateways", exit: 1, out: "dead" },
    { line: "nodeweight lb1", exit: 0, out: "100" },
    { line: "nodeweight lb2", exit: 0, out: "50" },
    { line: "nodesite -m lb2", exit: 0, out: "The site of the cluster node lb2 is cellar" },
    { line: "clientstatus lb1 ipfail", exit: 0, out: "online" },
    { line: "clientstatus lb1 nobody", exit: 1, out: "offline" },
    { line: "clientstatus lb2 ipfail 500", exit: 13, out: "" },
    { line: "clientstatus lb1", exit: 11, out: "" },
    { line: "listhblinks lb2", exit: 0, out: "\teth1\n\teth2" },
    { line: "listhblinks -v lb2", exit: 0, out: "\teth1\tup\n\teth2\tdead" },
    { line: "hblinkstatus lb2 eth1", exit: 0, out: "up" },
    { line: "hblinkstatus lb2 eth2", exit: 1, out: "dead" },
    { line: "hblinkstatus lb2 eth9", exit: 13, out: "" },
    { line: "hblinkstatus nobody eth1", exit: 13, out: "" },
    { line: "listhblinks nobody", exit: 13, out: "" },
    { line: "nodestatus -v lb2", exit: 11, out: "" },
    { line: "hbstatus -q", exit: 0, out: "Heartbeat is running on this machine." },
    { line: "rscstatus", exit: 0, out: "local" },
    { line: "rscstatus -m", exit: 0, out: "This node is holding local resources." },
    { line: "hbparameter -p keepalive", exit: 0, out: "500ms" },
    { line: "hbparameter -p nothing", exit: 1, out: "" },
    { line: "hbparameter -m -p keepalive", exit: 0, out: "Heartbeat parameter keepalive's value: 500ms" },
    { line: "hbparameter keepalive", exit: 11, out: "" },
    { line: "hbparameter -p", exit: 11, out: "" },
    { line: "nodestatus nobody", exit: 11, out: "" },
    { line: "nodestatus", exit: 11, out: "" },
    { line: "frobnicate", exit: 11, out: "" },
  ])("$line: exit $exit", async ({ line, exit, out }) => {
    const answer = await ask(line.split(" "));
    expect([answer.exit, answer.out]).toEqual([exit, out]);
  });

  test("says that heartbeat is not running, or did not answer in time", async () => {
    const absent = () => Promise.reject(new ControlError("unreachable", "nobody answers there"));
    expect(await ask(["hbstatus"], absent)).toMatchObject({
      exit: 1,
      out: "Heartbeat is stopped on this machine.",
    });
    expect(await ask(["rscstatus", "-q"], absent)).toMatchObject({
      exit: 1,
      errors: "ERROR: Cannot signon with heartbeat\nERROR: REASON: nobody answers there",
    });
    const slow = () => Promise.reject(new ControlError("time-limit", "no answer"));
    expect((await ask(["rscstatus"], slow)).exit).toBe(12);
  });
});

describe("a command", () => {
  test("waits for the core's answer: its reason, or its refusal", async () => {
    const answers = createAnswers(virtualClock());
    const fed: unknown[] = [];
    const verbs = heartbeatVerbs({
      feed: (event) => fed.push(event),
      answers,
      status: () => STATUS,
      parameter: () => undefined,
      stop: () => undefined,
      managed: true,
    });
    const caller = { pid: 1, uid: 0, gid: 0 };
    const accepted = verbs.standby!.run({ set: "failback" }, caller);
    const refused = verbs.takeover!.run({}, caller);
    expect(fed).toEqual([
      { type: "standby", set: "foreign", request: 1 },
      { type: "takeover", set: "all", request: 2 },
    ]);
    answers.answer(1, true, "giving 1 to lb2");
    answers.answer(2, false, "Other side is in flux");
    expect(await accepted).toBe("giving 1 to lb2");
    await expect(refused).rejects.toThrow("Other side is in flux");
    answers.answer(9, true, "nobody asked");
  });

  test("to restart is refused where nobody would start the next process", () => {
    const fed: CoreEvent[] = [];
    const feed = (event: CoreEvent) => fed.push(event);
    const answers = createAnswers(virtualClock());
    const rest = { answers, status: () => STATUS, parameter: () => undefined, stop: () => undefined };
    const root = { pid: 1, uid: 0, gid: 0 };
    const alone = heartbeatVerbs({ feed, ...rest, managed: false }).restart!;
    expect(() => alone.run({}, root)).toThrow("no service manager would start it again");
    void alone.run({ next: "caller" }, root);
    void heartbeatVerbs({ feed, ...rest, managed: true }).restart!.run({}, root);
    expect(fed.map(({ type }) => type)).toEqual(["restart", "restart"]);
  });

  test("that is not answered within 30 s is an error", async () => {
    const clock = virtualClock();
    const waiting = createAnswers(clock).ask(() => undefined);
    const failure = expect(waiting).rejects.toThrow("no answer from the cluster within 30 s");
    await clock.advance(30_000);
    await failure;
  });

  test.each([
    { word: undefined, standby: "all", takeover: "all" },
    { word: "local", standby: "local", takeover: "local" },
    { word: "failback", standby: "foreign", takeover: "local" },
  ])("$word: the giver's view is $standby, the taker's $takeover", ({ word, standby, takeover }) => {
    expect([standbySet(word), takeoverSet(word)]).toEqual([standby, takeover]);
  });

  test("with a set that nobody knows is refused", () => {
    expect(() => standbySet("everything")).toThrow('"everything": one of all, foreign, local, failback');
  });

  test("of the FIFO reaches the core; anything else is a line for the log", async () => {
    const fed: unknown[] = [];
    const warnings: string[] = [];
    const said: unknown[] = [];
    const answers = createAnswers(virtualClock());
    const world = {
      feed: (event: unknown) => fed.push(event),
      answers,
      warn: (line: string) => warnings.push(line),
      say: (message: unknown, dest?: string) => said.push([message, dest]),
    };
    fifoCommand([string("t", "ask_resources"), string("rsc_hold", "local"), string("info", "me")], world);
    fifoCommand([string("t", "hb_takeover"), string("rsc_hold", "none of it")], world);
    fifoCommand([string("t", "resource")], world);
    fifoCommand([string("t", "custom"), string("dest", "LB2"), string("foo", "bar")], world);
    answers.answer(1, false, "not now");
    await settled();
    expect(fed).toEqual([{ type: "standby", set: "local", request: 1 }]);
    expect(warnings.length).toBe(3);
    expect(said).toEqual([[{ type: "other", name: "custom", fields: [["foo", "bar"]] }, "lb2"]]);
  });
});

describe("the log", () => {
  test("has the form that scripts know", () => {
    const atMs = new Date(2026, 10, 3, 9, 8, 7).getTime();
    const entry = {
      atMs,
      level: "warn",
      name: "heartbeat",
      pid: 21,
      message: "Link lb2:eth1 dead.",
      fields: {},
    } as const;
    expect(haLogFormat("lb1")(entry)).toBe("Nov  3 09:08:07 lb1 heartbeat: [21]: WARN: Link lb2:eth1 dead.");
    expect(olderFormat(entry)).toBe("heartbeat[21]: 2026/11/03_09:08:07 WARN: Link lb2:eth1 dead.");
  });

  const nowhere = {
    logFile: undefined,
    debugFile: undefined,
    logFacility: undefined,
    syslogFormat: true,
    debug: 0,
  };
  test.each([
    { what: "in the foreground: stderr", haCf: {}, detached: false, kinds: ["stderr"] },
    {
      what: "in the background without a word in ha.cf: syslog",
      haCf: {},
      detached: true,
      kinds: ["syslog daemon"],
    },
    {
      what: "where ha.cf says",
      haCf: { logFile: "/log", logFacility: "local0" },
      detached: true,
      kinds: ["file", "syslog local0"],
    },
    {
      what: "logfacility none is none",
      haCf: { logFile: "/log", logFacility: "none" },
      detached: true,
      kinds: ["file"],
    },
  ])("goes $what", ({ haCf, detached, kinds }) => {
    // logTargets reads these four only
    const settings = { ...nowhere, ...haCf } as Parameters<typeof logTargets>[0];
    const { targets } = logTargets(settings, { node: "lb1", detached, moreDebug: 0 });
    expect(
      targets.map((target) => (target.kind === "syslog" ? `syslog ${target.facility}` : target.kind)),
    ).toEqual(kinds);
  });
});

test("heartbeat -v prints what it understood, in the order of the original", () => {
  const text =
    "keepalive 500ms\nrtprio 3\nnode lb1 lb2\nbcast eth1\nping 192.0.2.1\nlogfile /var/log/ha-log\n";
  const { value } = parseHaCf({ path: "ha.cf", text }, surroundings("lb1"));
  const lines = dumpConfiguration({ haCf: value! }, "lb1").split("\n");
  const names = [
    "cluster",
    "keepalive",
    "initdead",
    "warntime",
    "baud",
    "udpport",
    "logfile",
    "auto_failback",
    "rtprio",
  ];
  expect(lines.map((line) => line.split("\t")[0]!).filter((name) => names.includes(name))).toEqual(names);
  expect(lines).toContain("keepalive\t500ms\t#\tkeepalive time");
  expect(lines.slice(-9)).toEqual([
    "node lb1",
    "node lb2",
    "node 192.0.2.1",
    "#",
    "#\tCommunications media:",
    "#",
    "bcast eth1",
    "ping 192.0.2.1",
    `#${"-".repeat(51)}`,
  ]);
});

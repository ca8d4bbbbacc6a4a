import { ControlError } from "@systole/daemon";
import { describe, expect, test } from "vitest";
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
import { haLogFormat, logTargets, olderFormat } from "../src/shell/log-targets.js";
import { string } from "../src/wire/field.js";
import { settled, virtualClock } from "./virtual-clock.js";

describe("the command line of heartbeat", () => {
  test.each([
    { args: [], means: { mode: "start", debug: 0, realtime: true } },
    { args: ["-f", "-d", "-d"], means: { mode: "foreground", debug: 2, realtime: true } },
    { args: ["-k"], means: { mode: "stop", debug: 0, realtime: true } },
    { args: ["-s"], means: { mode: "status", debug: 0, realtime: true } },
    { args: ["-rl"], means: { mode: "reload", debug: 0, realtime: false } },
    { args: ["-h", "-k"], means: { mode: "help", debug: 0, realtime: true } },
    { args: ["-k", "-s"], means: "-f, -k, -s, -r, -v and -V exclude each other" },
    { args: ["-x"], means: "Unknown option '-x'" },
    { args: ["word"], means: expect.stringContaining("word") },
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
  leaseMs: 8000,
});

const STATUS: HeartbeatStatus = {
  node: "lb1",
  life: "operational",
  leaving: false,
  generation: 7,
  holds: "local",
  nodes: [node("lb1", "active", []), node("lb2", "active", ["eth1"]), node("lb3", "dead", [])],
  pings: [],
  groups: [],
  version: "0.1.0",
  lease: { kind: "address", length: 8000 },
  vips: [],
  media: [
    { medium: "bcast eth1", device: "eth1", ready: true },
    { medium: "bcast eth2", device: "eth2", ready: true },
  ],
  dropped: {},
};

async function ask(args: readonly string[], status = async () => STATUS) {
  const out: string[] = [];
  const errors: string[] = [];
  const exit = await clStatus(args, {
    status,
    parameter: async (name) => (name === "keepalive" ? "500ms" : null),
    out: (line) => out.push(line),
    error: (line) => errors.push(line),
  });
  return { exit, out: out.join("\n"), errors: errors.join("\n") };
}

describe("cl_status", () => {
  test.each([
    { line: "hbstatus", exit: 0, out: "Heartbeat is running on this machine." },
    { line: "listnodes", exit: 0, out: "lb3\nlb2\nlb1" },
    { line: "nodestatus lb2", exit: 0, out: "active" },
    { line: "nodestatus LB3", exit: 1, out: "dead" },
    { line: "nodestatus -m lb2", exit: 0, out: "The cluster node lb2 is active." },
    { line: "nodetype lb2", exit: 0, out: "normal" },
    { line: "listhblinks lb2", exit: 0, out: "\teth1\n\teth2" },
    { line: "listhblinks -v lb2", exit: 0, out: "\teth1\tup\n\teth2\tdead" },
    { line: "hblinkstatus lb2 eth1", exit: 0, out: "up" },
    { line: "hblinkstatus lb2 eth2", exit: 1, out: "dead" },
    { line: "hblinkstatus lb2 eth9", exit: 13, out: "" },
    { line: "rscstatus", exit: 0, out: "local" },
    { line: "rscstatus -m", exit: 0, out: "This node is holding local resources." },
    { line: "hbparameter -p keepalive", exit: 0, out: "500ms" },
    { line: "hbparameter -p nothing", exit: 1, out: "" },
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
    expect(await ask(["rscstatus"], absent)).toMatchObject({
      exit: 1,
      errors: "ERROR: Cannot signon with heartbeat\nREASON: nobody answers there",
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
    const answers = createAnswers(virtualClock());
    const world = {
      feed: (event: unknown) => fed.push(event),
      answers,
      warn: (line: string) => warnings.push(line),
    };
    fifoCommand([string("t", "ask_resources"), string("rsc_hold", "local"), string("info", "me")], world);
    fifoCommand([string("t", "hb_takeover"), string("rsc_hold", "none of it")], world);
    fifoCommand([string("t", "resource")], world);
    answers.answer(1, false, "not now");
    await settled();
    expect(fed).toEqual([{ type: "standby", set: "local", request: 1 }]);
    expect(warnings.length).toBe(3);
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

import type { Fact } from "@systole/bus";
import { fakeKernel } from "@systole/kernel/fake";
import { instant, milliseconds, seconds } from "@systole/machine";
import { parseIp } from "@systole/wire";
import { describe, expect, test } from "vitest";
import type { CoreAction } from "../src/core/action.js";
import type { CoreEvent } from "../src/core/event.js";
import type { Lease } from "../src/core/lease.js";
import type { OwnFacts } from "../src/core/message.js";
import type { Runner, RunnerGroup, RunnerReport } from "../src/resources/runner.js";
import { settlePast } from "../src/shell/adoption.js";
import { createPerformer } from "../src/shell/performer.js";
import { settled, virtualClock } from "./virtual-clock.js";

const GROUP: RunnerGroup = {
  key: "web",
  resources: [
    { text: "web", script: "web", args: [] },
    { text: "IPaddr2::192.0.2.10/24/eth0", script: "IPaddr2", args: ["192.0.2.10/24/eth0"] },
  ],
};
const DONE: RunnerReport = {
  steps: [{ step: "web", ms: 3 }],
  totalMs: 3,
  degraded: ["conntrack: slow"],
  failed: undefined,
};

interface Reports {
  readonly start?: RunnerReport | undefined;
  readonly stop?: RunnerReport;
  readonly restart?: RunnerReport | undefined;
}

function fakeRunner(calls: string[], reports: Reports = {}): Runner {
  const { start = DONE, stop = DONE } = reports;
  const told = (what: string, key: string) => calls.push(`${what} ${key}`);
  return {
    async start({ key }) {
      told("start", key);
      return "start" in reports ? reports.start : start;
    },
    async stop({ key }) {
      told("stop", key);
      return stop;
    },
    async change() {
      return DONE;
    },
    async ask({ key }) {
      told("ask", key);
      return [{ resource: "web", state: "stopped", optional: false }];
    },
    async restart({ key }, down) {
      told(`restart ${down.join(" ")} of`, key);
      return "restart" in reports ? reports.restart : DONE;
    },
    each: (keys, what) => told(what, keys.join(" ")),
  };
}

function performing(reports: Reports = {}) {
  const clock = virtualClock();
  const calls: string[] = [];
  const fed: CoreEvent[] = [];
  const facts: Fact[] = [];
  const perform = createPerformer({
    clock,
    transmitter: {
      send: ({ message }) => calls.push(`send ${message.type}`),
      resend: (sequence) => calls.push(`resend ${sequence}`),
    },
    runner: fakeRunner(calls, reports),
    lease: {
      together: (run) => run(),
      extend: ({ length }) => calls.push(`lease of ${length} ms`),
    },
    fencer: () => undefined,
    lastWord: {
      sent(groups, handed) {
        const on = handed === undefined ? "" : ` for ${handed.lease} of ${handed.deadtime} ms`;
        calls.push(`last word ${groups.join(" ")}${on}`);
      },
    },
    handedOn: () => calls.push("handed on"),
    group: (key) => (key === GROUP.key ? GROUP : undefined),
    feed: (event) => fed.push(event),
    storeGeneration: async (generation) => void calls.push(`store ${generation}`),
    publish: (_severity, fact) => facts.push(fact),
    log: ({ kind }) => calls.push(`log ${kind}`),
    askForVips: async (groups) => void calls.push(`ask for ${groups.join(" ")}`),
    deliver: (from, { name }) => calls.push(`deliver ${name} of ${from}`),
    stopFailed: (resource) => calls.push(`stop failed ${resource}`),
    ping: () => calls.push("ping"),
    answer: (request, accepted) => calls.push(`answer ${request} ${accepted}`),
    finished: () => calls.push("finished"),
    background: (_what, work) => void work,
  });
  return { clock, calls, fed, facts, perform };
}

const STATUS = {
  type: "send",
  generation: 7,
  sequence: 1,
  message: { type: "status", state: "active", deadtime: milliseconds(3000), protocol: 1 },
} as const satisfies CoreAction;

describe("the performer", () => {
  test("leaves in its last word what it claims: before a VIP of it comes up, and no longer than it may", () => {
    const { calls, perform } = performing();
    const claims: OwnFacts["claims"] = [
      { group: "web", state: "starting" },
      { group: "db", state: "running" },
      { group: "mail", state: "stopping" },
      { group: "ftp", state: "given", to: { node: "lb2", generation: 4 } },
    ];
    const ours = { heard: [], claims, leaving: false };
    perform({ ...STATUS, message: { ...STATUS.message, ours } });
    perform(STATUS);
    expect(calls).toEqual(["send status", "last word web db", "send status", "last word "]);
  });

  test("does not renew when it was frozen between the decision and the act", async () => {
    const { clock, calls, perform } = performing();
    await clock.advance(51);
    perform({ type: "renew", groups: ["web"], until: instant(50) });
    expect(calls).toEqual([]);
  });

  test("claims nothing that others have taken while it was frozen between the decision and the act, and speaks on", async () => {
    const { clock, calls, fed, perform } = performing();
    const ours = { heard: [], claims: [{ group: "web", state: "running" }], leaving: false } as const;
    const claiming = { ...STATUS, message: { ...STATUS.message, ours }, until: instant(3000) };
    await clock.advance(2999);
    perform(claiming);
    expect(calls.splice(0)).toEqual(["send status", "last word web"]);
    await clock.advance(1);
    perform(claiming);
    expect(calls.splice(0)).toEqual([]);
    expect(fed.length).toBe(1); // nothing was sent
    perform(STATUS);
    expect(calls).toEqual(["send status", "last word "]);
  });

  test("hands on: the longer lease, the word of it, the end; frozen before that, only the end", async () => {
    const { clock, calls, perform } = performing();
    const lease = { kind: "guard", length: milliseconds(9690) } as const;
    const deadtime = milliseconds(10_000);
    perform({ type: "hand-on", groups: ["web"], lease, deadtime, until: instant(50) });
    expect(calls.splice(0)).toEqual([
      "lease of 9690 ms",
      "renew web",
      "last word web for 9690 of 10000 ms",
      "handed on",
    ]);
    await clock.advance(51);
    perform({ type: "hand-on", groups: ["web"], lease, deadtime, until: instant(50) });
    expect(calls).toEqual(["handed on"]);
  });

  test("feeds the generation only when it is stored", async () => {
    const { calls, fed, perform } = performing();
    perform({ type: "persist-generation", generation: 8 });
    expect(fed).toEqual([]);
    await settled();
    expect([calls, fed]).toEqual([["store 8"], [{ type: "generation-stored", generation: 8 }]]);
  });

  test.each<{
    what: string;
    action: CoreAction;
    reports?: Reports;
    event: unknown[];
  }>([
    {
      what: "a group that started",
      action: { type: "start", group: "web" },
      event: [{ type: "started", group: "web", steps: DONE.steps, degraded: DONE.degraded }],
    },
    {
      what: "a group that did not start",
      action: { type: "start", group: "web" },
      reports: { start: { ...DONE, failed: { resource: "web", problem: "no disk" } } },
      event: [{ type: "start-failed", group: "web", resource: "web", problem: "no disk", steps: DONE.steps }],
    },
    {
      what: "a start that a stop overtook says nothing",
      action: { type: "start", group: "web" },
      reports: { start: undefined },
      event: [],
    },
    {
      what: "the status of a group",
      action: { type: "ask-status", group: "web", round: 4 },
      event: [
        {
          ...{ type: "status-found", group: "web", round: 4 },
          findings: [{ resource: "web", state: "stopped", optional: false }],
        },
      ],
    },
    {
      what: "the status of a group that nobody knows",
      action: { type: "ask-status", group: "gone", round: 4 },
      event: [{ type: "status-found", group: "gone", round: 4, findings: [] }],
    },
    {
      what: "a resource that was started again",
      action: { type: "restart-resources", group: "web", round: 4, resources: ["web"] },
      event: [{ type: "resources-restarted", group: "web", round: 4, failed: undefined }],
    },
    {
      what: "a resource that was not",
      action: { type: "restart-resources", group: "web", round: 4, resources: ["web"] },
      reports: { restart: { ...DONE, failed: { resource: "web", problem: "no disk" } } },
      event: [
        {
          ...{ type: "resources-restarted", group: "web", round: 4 },
          failed: { resource: "web", problem: "no disk" },
        },
      ],
    },
    {
      what: "a restart that a stop overtook says nothing",
      action: { type: "restart-resources", group: "web", round: 4, resources: ["web"] },
      reports: { restart: undefined },
      event: [],
    },
    {
      what: "a group that stopped",
      action: { type: "stop", group: "web" },
      event: [{ type: "stopped", group: "web" }],
    },
    {
      what: "a group that did not stop",
      action: { type: "stop", group: "web" },
      reports: { stop: { ...DONE, failed: { resource: "web", problem: "busy" } } },
      event: [{ type: "stop-failed", group: "web", resource: "web", problem: "busy" }],
    },
    {
      what: "a group that nobody knows any more is stopped",
      action: { type: "stop", group: "old" },
      event: [{ type: "stopped", group: "old" }],
    },
    {
      what: "a fence that does not exist",
      action: { type: "fence", node: "lb2" },
      event: [{ type: "fenced", node: "lb2", ok: false, problem: "no fence device is configured" }],
    },
  ])("$what", async ({ action, reports, event }) => {
    const { fed, perform } = performing(reports);
    perform(action);
    await settled();
    expect(fed).toEqual(event);
  });
});

describe("what a former process left behind", () => {
  const vip = { address: parseIp("192.0.2.10")!, prefixLength: 24, device: "eth0" };
  const LEASE: Lease = { kind: "address", length: seconds(8) };

  async function past(options: {
    vipIsUp: boolean;
    silence?: number;
    groups?: string[];
    lease?: Lease | undefined;
  }) {
    const kernel = fakeKernel();
    if (options.vipIsUp) kernel.addresses.holdNow(vip, 8);
    const calls: string[] = [];
    const { silence, groups = ["web"] } = options;
    const lastWord = silence === undefined ? undefined : { groups, silence: milliseconds(silence) };
    const adopted = await settlePast([GROUP], lastWord, "lease" in options ? options.lease : LEASE, {
      clock: virtualClock(),
      addresses: kernel.addresses,
      runner: fakeRunner(calls),
      log: () => undefined,
    });
    return { adopted, calls, up: kernel.addresses.listNow().length };
  }

  test.each([
    { what: "nothing", vipIsUp: false, means: { adopted: [], calls: [], up: 0 } },
    {
      what: "a VIP inside the lease: kept",
      vipIsUp: true,
      silence: 7000,
      means: { adopted: ["web"], calls: [], up: 1 },
    },
    {
      what: "a VIP too late for the lease: dropped",
      vipIsUp: true,
      silence: 7600,
      means: { adopted: [], calls: ["stop web"], up: 0 },
    },
    {
      what: "a VIP that the kernel has ended: the rest is stopped",
      vipIsUp: false,
      silence: 100,
      means: { adopted: [], calls: ["stop web"], up: 0 },
    },
    {
      what: "a VIP of a group that it had given up: dropped",
      vipIsUp: true,
      silence: 100,
      groups: [],
      means: { adopted: [], calls: ["stop web"], up: 0 },
    },
    {
      what: "a VIP of somebody before the last boot: dropped",
      vipIsUp: true,
      means: { adopted: [], calls: ["stop web"], up: 0 },
    },
    {
      what: "a VIP without a lease: dropped",
      vipIsUp: true,
      silence: 100,
      lease: undefined,
      means: { adopted: [], calls: ["stop web"], up: 0 },
    },
  ])("$what", async ({ means, ...options }) => {
    // `lease: undefined` says that there is none; without the word it is LEASE
    expect(await past(options as Parameters<typeof past>[0])).toEqual(means);
  });
});

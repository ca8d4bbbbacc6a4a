/** The core as a whole, where neither the simulation nor the recorded dialogues lead it. */
import { type Instant, instant, milliseconds, seconds } from "@systole/machine";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CoreAction } from "../../src/core/action.js";
import { clusterMachine, holdVerdict } from "../../src/core/cluster.js";
import type { CoreEvent } from "../../src/core/event.js";
import type { Message, OwnFacts } from "../../src/core/message.js";
import type { ClusterSettings } from "../../src/core/settings.js";
import { type Boot, booted, type ClusterState } from "../../src/core/state.js";
import { viewOf } from "../../src/core/view.js";
import { CLASSIC } from "./classic.js";

const VIP = "IPaddr2::192.0.2.10/32/eth0";

const settings: ClusterSettings = {
  ...CLASSIC,
  groups: [{ key: VIP, preferred: "lb1", resources: [VIP] }],
  lease: { kind: "address", length: seconds(3) },
};

/** A core in the test's hands: fed by name, its actions collected; the generation is stored at once. */
function core(changes: Partial<ClusterSettings> = {}, adopted: readonly string[] = []) {
  const machine = clusterMachine();
  let now = instant(0);
  let state: ClusterState = booted({ ...settings, ...changes }, { storedGeneration: 6, adopted }, now);
  let actions: CoreAction[] = [];
  let peerSequence = 0;

  function feed(event: CoreEvent | { type: "tick" }): void {
    const step = machine.step(state, event, now);
    state = step.state;
    actions.push(...step.actions);
    for (const action of step.actions) {
      if (action.type === "persist-generation")
        feed({ type: "generation-stored", generation: action.generation });
      if (action.type === "send" && action.message.type === "status")
        feed({ type: "sent", generation: action.generation, at: now });
    }
  }

  return {
    feed,
    /** Ticks at every deadline on the way. Fails if the deadlines do not move on. */
    runUntil(ms: number): void {
      for (let ticks = 0; ; ticks++) {
        const due = machine.nextDeadline(state);
        if (due === undefined || due > ms) break;
        if (ticks > 10_000) throw new Error(`a deadline that stays: ${due} at ${now}`);
        if (due > now) now = due;
        feed({ type: "tick" });
      }
      now = instant(Math.max(now, ms));
    },
    /** Time passes, and nothing runs. */
    freezeUntil(ms: number): void {
      now = instant(ms);
    },
    hear(message: Message, header: { generation?: number; sequence?: number } = {}): void {
      peerSequence = header.sequence ?? peerSequence + 1;
      const generation = header.generation ?? 3;
      const place = { from: "lb1", generation, sequence: peerSequence };
      feed({ type: "message", medium: "eth0", header: place, message });
    },
    /** The peer's status, with all of ours heard. */
    hearStatus(ours: Partial<OwnFacts> = {}): void {
      const heard = [{ node: "lb2", generation: state.generation, sequence: state.sent.last }];
      const facts = { heard, claims: [], leaving: false, ...ours };
      const timing = { deadtime: seconds(5), protocol: 1 };
      this.hear({ type: "status", state: "active", ...timing, ours: facts });
    },
    taken(): CoreAction[] {
      const before = actions;
      actions = [];
      return before;
    },
    now: (): Instant => now,
    state: () => state,
  };
}

const kinds = (actions: readonly CoreAction[], ...wanted: CoreAction["type"][]): string[] =>
  actions.flatMap((action) => (wanted.includes(action.type) ? [action.type] : []));

test("nothing is sent before the generation is on the disk", () => {
  const machine = clusterMachine();
  const first = machine.step(
    booted(settings, { storedGeneration: 6, adopted: [] }, instant(0)),
    { type: "tick" },
    instant(0),
  );
  expect(first.actions).toEqual([{ type: "persist-generation", generation: 7 }]);
  const heard = machine.step(first.state, { type: "standby", set: "all", request: 1 }, instant(5));
  expect(kinds(heard.actions, "send")).toEqual([]);
  const stored = machine.step(heard.state, { type: "generation-stored", generation: 7 }, instant(9));
  expect(stored.actions.find((action) => action.type === "send")).toMatchObject({
    generation: 7,
    sequence: 1,
  });
});

test("a dead peer with a fence device: the group waits until the device has confirmed", () => {
  const node = core({ fencing: true });
  node.runUntil(9999);
  expect(kinds(node.taken(), "fence", "start")).toEqual([]);
  node.runUntil(10_000);
  expect(kinds(node.taken(), "fence", "start")).toEqual(["fence"]);
  node.feed({ type: "fenced", node: "lb1", ok: false, problem: "no route to the power switch" });
  node.runUntil(15_000);
  expect(kinds(node.taken(), "fence", "start")).toEqual(["fence"]);
  node.feed({ type: "fenced", node: "lb1", ok: true });
  expect(kinds(node.taken(), "fence", "start")).toEqual(["start"]);
});

test("a person's word stands for the device's, but only while a fencing is waited for", () => {
  const node = core({ fencing: true });
  const confirm = (request: number) => node.feed({ type: "confirm-dead", node: "lb1", request });
  confirm(1);
  node.runUntil(10_000);
  node.feed({ type: "fenced", node: "lb1", ok: false, problem: "no route to the power switch" });
  expect(kinds(node.taken(), "start")).toEqual([]);
  confirm(2);
  const actions = node.taken();
  expect(kinds(actions, "start")).toEqual(["start"]);
  node.feed({ type: "fenced", node: "lb1", ok: false });
  confirm(3);
  const answers = [...actions, ...node.taken()].filter((action) => action.type === "answer");
  expect(answers.map(({ request, accepted }) => [request, accepted])).toEqual([
    [2, true],
    [3, false],
  ]);
});

test("a peer that said it holds nothing needs no fence when it falls silent", () => {
  const node = core({ fencing: true });
  node.hearStatus();
  node.runUntil(20_000);
  expect(kinds(node.taken(), "fence", "start")).toEqual(["start"]);
});

test("after a gap of more than half the deadtime, within the lease, VIPs are announced again", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.runUntil(11_000);
  node.taken();
  node.freezeUntil(13_400);
  node.feed({ type: "tick" });
  expect(kinds(node.taken(), "announce")).toEqual([]);
  node.freezeUntil(13_400 + 1000 + 1600);
  node.feed({ type: "tick" });
  expect(kinds(node.taken(), "announce", "persist-generation")).toEqual(["announce"]);
});

test("a peer that is heard again before it was fenced keeps its group", () => {
  const node = core({ fencing: true });
  node.runUntil(10_000);
  node.hearStatus({ claims: [{ group: VIP, state: "running" }] });
  node.feed({ type: "fenced", node: "lb1", ok: true });
  expect(kinds(node.taken(), "start")).toEqual([]);
});

test("a renewal carries a limit, and comes right after the status", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.taken();
  node.runUntil(11_000);
  const relevant = node.taken().filter((action) => action.type === "send" || action.type === "renew");
  expect(relevant.slice(0, 2)).toMatchObject([
    { type: "send", message: { type: "status" } },
    { type: "renew", groups: [VIP] },
  ]);
});

test("silent for one lease: VIPs go first, then a new generation, then a word to the peers", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.taken();
  node.freezeUntil(13_001);
  node.feed({ type: "tick" });
  expect(kinds(node.taken(), "drop-vips", "stop", "persist-generation", "send")).toEqual([
    ...["drop-vips", "stop", "persist-generation"],
    ...["send", "send"],
  ]);
  expect(node.state().generation).toBe(8);
  expect(holdVerdict(node.state(), VIP, node.now())).toBe("refused");
});

test("one ms less than the lease is no new life, but leases are renewed only with the next status", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.runUntil(10_050);
  node.taken();
  const lastSentAt = node.state().lastSentAt ?? 0;
  node.freezeUntil(lastSentAt + 2999);
  node.feed({ type: "tick" });
  expect(kinds(node.taken(), "send", "renew", "persist-generation")).toEqual(["send"]);
  node.runUntil(lastSentAt + 2999 + 50);
  expect(kinds(node.taken(), "send", "renew")).toEqual(["send", "renew"]);
});

test("frozen between deciding a status and sending it: the silence counts to the moment of sending", () => {
  const machine = clusterMachine();
  const boot = { storedGeneration: 6, adopted: [VIP], lastWordAt: instant(0) };
  const asked = machine.step(booted(settings, boot, instant(0)), { type: "tick" }, instant(0));
  const decided = machine.step(asked.state, { type: "generation-stored", generation: 7 }, instant(1));
  expect(kinds(decided.actions, "send")).toEqual(["send", "send"]);
  const inTime = { type: "sent", generation: 7, at: instant(2999) } as const;
  expect(machine.step(decided.state, inTime, instant(2999)).state).toMatchObject({
    generation: 7,
    lastSentAt: 2999,
  });
  const tooLate = machine.step(decided.state, { ...inTime, at: instant(3000) }, instant(3000));
  expect(tooLate.state).toMatchObject({ life: "storing", generation: 8 });
  expect(kinds(tooLate.actions, "drop-vips", "renew")).toEqual(["drop-vips"]);
});

test("a status that claims something is void when its sender must start over; one that claims nothing never is", () => {
  const node = core();
  node.runUntil(9_500);
  expect(untils(node.taken())).toEqual(new Set([undefined]));
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.taken();
  node.runUntil(11_000);
  expect(untils(node.taken())).toEqual(new Set([13_000]));
});

test("what was adopted may be claimed as long as the word of the process before counts", () => {
  const machine = clusterMachine();
  const stored = { type: "generation-stored", generation: 7 } as const;
  const said = (boot: Partial<Boot>) => {
    const whole = { storedGeneration: 6, adopted: [VIP], lastWordAt: instant(-500), ...boot };
    const asked = machine.step(booted(settings, whole, instant(0)), { type: "tick" }, instant(0));
    return untils(machine.step(asked.state, stored, instant(1)).actions);
  };
  expect(said({})).toEqual(new Set([2500]));
  const inherited = { deadtime: seconds(10), until: instant(7500) };
  expect(said({ inherited })).toEqual(new Set([7500]));
});

const untils = (actions: readonly CoreAction[]) =>
  new Set(
    actions.flatMap((action) =>
      action.type === "send" && action.message.type === "status" ? [action.until] : [],
    ),
  );

test("a status of a former life does not count as a word of this one", () => {
  const node = core();
  node.runUntil(10_000);
  const { lastSentAt } = node.state();
  node.feed({ type: "sent", generation: 6, at: instant(10_500) });
  expect(node.state().lastSentAt).toBe(lastSentAt);
});

test("a VIP is put up only in the turn of a heartbeat", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "holding", group: VIP });
  expect(holdVerdict(node.state(), VIP, node.now())).toBe("hold");
  expect(holdVerdict(node.state(), VIP, instant(node.now() + 51))).toBe("ask-again");
});

test("adopted, but frozen before the first word: the silence of the process before counts, the VIP goes", () => {
  const machine = clusterMachine();
  const boot = { storedGeneration: 6, adopted: [VIP], lastWordAt: instant(-500) };
  const asked = machine.step(booted(settings, boot, instant(0)), { type: "tick" }, instant(0));
  expect(asked.actions).toEqual([{ type: "persist-generation", generation: 7 }]);
  const stored = { type: "generation-stored", generation: 7 } as const;
  const inTime = machine.step(asked.state, stored, instant(2499));
  expect(kinds(inTime.actions, "drop-vips", "start")).toEqual(["start"]);
  const late = machine.step(asked.state, stored, instant(2500));
  expect(kinds(late.actions, "drop-vips", "start", "persist-generation")).toEqual([
    "drop-vips",
    "persist-generation",
  ]);
  expect(late.state).toMatchObject({ life: "storing", generation: 8 });
});

test("a VIP that was adopted is started again at once, without waiting for anybody", () => {
  const node = core({}, [VIP]);
  node.runUntil(0);
  expect(kinds(node.taken(), "start")).toEqual(["start"]);
  expect(viewOf(node.state(), node.now()).groups[0]?.owner).toBe("lb2");
});

test("a clean stop: released, goodbye, and after one keepalive gone", () => {
  const node = core({ autoFailback: "off" });
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.hearStatus();
  node.taken();
  node.feed({ type: "stop" });
  expect(kinds(node.taken(), "stop", "finished")).toEqual(["stop"]);
  node.feed({ type: "stopped", group: VIP });
  const words = node.taken().flatMap((action) => (action.type === "send" ? [action.message.type] : []));
  expect(words).toContain("shutdone");
  node.runUntil(10_999);
  expect(kinds(node.taken(), "finished")).toEqual([]);
  node.runUntil(11_001);
  expect(kinds(node.taken(), "finished")).toEqual(["finished"]);
});

test("what could not be stopped is not given to anybody, and there is no goodbye", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.taken();
  node.feed({ type: "stop" });
  node.feed({ type: "stop-failed", group: VIP, resource: VIP, problem: "it hangs" });
  node.runUntil(12_000);
  const actions = node.taken();
  expect(actions.filter((action) => action.type === "send" && action.message.type === "shutdone")).toEqual(
    [],
  );
  expect(kinds(actions, "finished")).toEqual(["finished"]);
});

test("after a reload new groups are taken and removed ones are stopped and forgotten", () => {
  const node = core();
  node.runUntil(10_000);
  node.feed({ type: "started", group: VIP, steps: [], degraded: [] });
  node.taken();
  const groups = [{ key: "db", preferred: "lb2", resources: ["db"] }];
  node.feed({ type: "configured", settings: { ...settings, groups } });
  expect(node.taken().filter((action) => action.type === "start" || action.type === "stop")).toMatchObject([
    { type: "stop", group: VIP },
    { type: "start", group: "db" },
  ]);
  node.feed({ type: "stopped", group: VIP });
  expect([...node.state().groups.keys()]).toEqual(["db"]);
});

/** Anything an authentic but mad peer, a user or a resource may do. */
function anything(): fc.Arbitrary<CoreEvent | { type: "wait"; ms: number }> {
  const group = fc.constantFrom(VIP, "unknown");
  const set = fc.constantFrom("none", "local", "foreign", "all" as const);
  const place = fc.record({
    from: fc.constantFrom("lb1", "lb2", "stranger"),
    generation: fc.integer({ min: 1, max: 8 }),
    sequence: fc.integer({ min: -1, max: 1000 }),
    dest: fc.constantFrom("lb1", "lb2"),
  });
  const ours = fc.record({
    heard: fc.array(
      fc.record({
        node: fc.constant("lb2"),
        generation: fc.integer({ min: 5, max: 9 }),
        sequence: fc.nat(50),
      }),
    ),
    claims: fc.array(
      fc.record({
        group,
        state: fc.constantFrom("starting", "running", "stopping", "given" as const),
        to: fc.record({ node: fc.constantFrom("lb1", "lb2"), generation: fc.integer({ min: 5, max: 9 }) }),
      }),
    ),
    leaving: fc.boolean(),
  });
  const deadtime = fc.integer({ min: 1, max: 60_000 }).map(milliseconds);
  const state = fc.constantFrom("init", "up", "active" as const);
  const message: fc.Arbitrary<Message> = fc.oneof(
    fc.record({ type: fc.constant("status" as const), state, deadtime, protocol: fc.constant(1), ours }),
    fc.record({ type: fc.constant("status" as const), state, deadtime, protocol: fc.constant(1) }),
    fc.constantFrom<Message>(
      { type: "starting" },
      { type: "reqnodes" },
      { type: "shutdone" },
      { type: "other", name: "x", fields: [] },
    ),
    fc.record({
      type: fc.constant("repnodes" as const),
      nodes: fc.constant(["lb1"]),
      deleted: fc.constant(["lb2"]),
    }),
    fc.record({ type: fc.constant("resource" as const), holds: set, stable: fc.boolean() }),
    fc.record({
      type: fc.constant("ask_resources" as const),
      set,
      info: fc.constantFrom("me", "other", "done", "not" as const),
    }),
    fc.record({ type: fc.constant("hb_takeover" as const), set }),
    fc.record({
      type: fc.constant("NS_rexmit" as const),
      first: fc.integer({ min: -9, max: 2 ** 40 }),
      last: fc.maxSafeInteger(),
    }),
    fc.record({ type: fc.constant("NS_nak_rexmit" as const), first: fc.integer(), info: fc.string() }),
  );
  const unnumbered = place.map(({ sequence, ...rest }) => (sequence < 0 ? rest : { ...rest, sequence }));
  const heard = fc.record({
    type: fc.constant("message" as const),
    medium: fc.constant("eth0"),
    header: unnumbered,
    message,
  });
  const done = fc
    .constantFrom("started", "stopped", "holding" as const)
    .chain((type) =>
      fc.record({ type: fc.constant(type), group, steps: fc.constant([]), degraded: fc.constant([]) }),
    );
  return fc.oneof(
    { weight: 6, arbitrary: heard },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 12_000 }) }),
    },
    { weight: 2, arbitrary: done },
    fc.record({ type: fc.constantFrom("standby", "takeover" as const), set, request: fc.constant(1) }),
    fc.record({ type: fc.constant("fenced" as const), node: fc.constantFrom("lb1", "x"), ok: fc.boolean() }),
    fc.record({
      type: fc.constantFrom("start-failed", "stop-failed" as const),
      group,
      resource: group,
      problem: fc.string(),
      steps: fc.constant([]),
    }),
    fc.constant({ type: "stop" as const }),
  );
}

test("whatever happens: no exception, deadlines move on, what is remembered is bounded", () => {
  fc.assert(
    fc.property(fc.array(anything(), { maxLength: 40 }), fc.boolean(), (events, fencing) => {
      const node = core({ fencing });
      let now = 0;
      for (const event of events) {
        if (event.type === "wait") now += event.ms;
        else node.feed(event);
        node.runUntil(now);
        viewOf(node.state(), node.now());
      }
      expect(node.state().peers.size).toBe(1);
      expect(node.state().peers.get("lb1")!.reception.missing.length).toBeLessThanOrEqual(500);
      expect(node.state().sent.statuses.length).toBeLessThanOrEqual(64);
    }),
    { numRuns: 300 },
  );
});

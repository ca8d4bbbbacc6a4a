import { instant } from "@systole/machine";
import { hex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileFilter } from "../src/core/filter.js";
import { BORN, ENDED } from "../src/core/flow-batch.js";
import { Session } from "../src/core/session.js";
import { entryLine } from "../src/entry-line.js";
import { A, batchOf, connection, flowText, options, Pair } from "./pair.js";
import { datagramVectors, framesOfSender } from "./vectors.js";

const texts = (...flows: ReturnType<typeof connection>[]) => flows.map(flowText).sort();

test("a flow of the active director is in the peer's cache a few milliseconds later, with its last state", () => {
  const pair = new Pair();
  pair.run(2000);
  pair.a.kernel.traffic(connection(1, 1));
  pair.a.kernel.traffic(connection(1, 3));
  pair.a.kernel.traffic(connection(2, 1));
  pair.run(5);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1, 3), connection(2, 1)));
  pair.a.kernel.end(connection(1));
  pair.run(5);
  expect(pair.b.peerFlows()).toEqual(texts(connection(2, 1)));
});

test("flows that were there before either daemon started are told, too", () => {
  const pair = new Pair();
  pair.a.kernel.traffic(connection(1));
  pair.run(3000);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1)));
});

test("commit writes the peer's flows before it answers; destroyed ones are not among them", () => {
  const pair = new Pair();
  pair.run(2000);
  for (const n of [1, 2, 3]) pair.a.kernel.traffic(connection(n));
  pair.a.kernel.end(connection(2));
  pair.run(50);
  pair.a.on = false;
  const ticket = pair.b.command({ verb: "commit", limitMs: 5000 });
  pair.run(5);
  expect(pair.b.answers.get(ticket)).toMatchObject({ done: true, summary: { written: 2, failed: 0 } });
  expect(pair.b.kernelFlows()).toEqual(texts(connection(1), connection(3)));
});

test("a commit that takes longer than its limit is answered as not done, and goes on", () => {
  const pair = new Pair();
  pair.run(2000);
  for (let n = 0; n < 1100; n++) pair.a.kernel.traffic(connection(n));
  pair.run(100);
  const ticket = pair.b.command({ verb: "commit", limitMs: 0 });
  pair.run(10);
  expect(pair.b.answers.get(ticket)).toMatchObject({ done: false });
  expect(pair.b.kernelFlows().length).toBe(1100);
});

test("after activate the old peer's flows are ours, and a peer that comes back is told", () => {
  const pair = new Pair();
  pair.run(2000);
  pair.a.kernel.traffic(connection(1));
  pair.run(50);
  pair.a.on = false;
  pair.b.command({ verb: "activate", limitMs: 5000 });
  pair.run(5000);
  expect(pair.b.peerFlows()).toEqual([]);
  pair.b.kernel.traffic(connection(2));
  pair.a.restart(900_000); // its clock was set back: lower numbers than before
  void pair.a.kernel.flush();
  pair.run(3000);
  expect(pair.a.peerFlows()).toEqual(texts(connection(1), connection(2)));
});

test("activate right after commit does not write again what traffic has changed meanwhile", () => {
  const pair = new Pair();
  pair.run(2000);
  pair.a.kernel.traffic(connection(1, 3));
  pair.run(50);
  pair.b.command({ verb: "commit", limitMs: 5000 });
  pair.run(5);
  pair.b.kernel.traffic(connection(1, 4));
  pair.b.command({ verb: "activate", limitMs: 5000 });
  pair.run(50);
  expect(pair.b.kernelFlows()).toEqual(texts(connection(1, 4)));
});

test("what was committed is not sent back to the peer as news", () => {
  const pair = new Pair();
  pair.run(2000);
  pair.a.kernel.traffic(connection(1));
  pair.run(2000);
  pair.b.command({ verb: "commit", limitMs: 5000 });
  pair.run(50);
  expect(pair.a.peerFlows()).toEqual([]);
});

test("a large commit is deaf to births, and then finds what was born meanwhile: that is news, what it wrote is not", () => {
  const pair = new Pair({ resendLimit: 16_384 });
  const many = Array.from({ length: 5000 }, (_, n) => connection(n));
  pair.run(2000);
  for (const flow of many) pair.a.kernel.traffic(flow);
  pair.run(2000);
  const ticket = pair.b.command({ verb: "commit", limitMs: 60_000 });
  pair.run(2);
  expect(pair.b.hearsBirths).toBe(false);
  pair.b.kernel.traffic(connection(6000));
  pair.run(3000);
  expect(pair.b.answers.get(ticket)).toMatchObject({ done: true, summary: { written: 5000 } });
  expect(pair.b.hearsBirths).toBe(true);
  expect(pair.b.session.local.size).toBe(5001);
  expect(pair.a.peerFlows()).toEqual(texts(connection(6000)));
  pair.b.kernel.traffic(connection(7, 4));
  pair.run(50);
  expect(pair.a.peerFlows()).toEqual(texts(connection(7, 4), connection(6000)));
  const listens: boolean[] = [];
  pair.b.onBirths = (heard) => listens.push(heard);
  pair.b.command({ verb: "commit", limitMs: 60_000 });
  pair.run(3000);
  expect(listens).toEqual([]); // nearly nothing to write: nothing to be deaf for
});

test("a deactivated node goes on listening, and purges its own flows PurgeTimeout later", () => {
  const pair = new Pair();
  pair.run(2000);
  pair.a.kernel.traffic(connection(1));
  pair.run(50);
  pair.a.command({ verb: "deactivate" });
  pair.b.command({ verb: "activate", limitMs: 5000 });
  pair.run(59_000);
  expect(pair.a.kernelFlows()).toEqual(texts(connection(1)));
  pair.b.kernel.traffic(connection(2));
  pair.run(10_000);
  expect(pair.a.kernelFlows()).toEqual([]);
  expect(pair.a.peerFlows()).toEqual(texts(connection(1), connection(2)));
  expect(pair.b.peerFlows()).toEqual([]);
});

test("to deactivate again while on standby plans no second purge", () => {
  const pair = new Pair();
  pair.run(2000);
  pair.a.command({ verb: "deactivate" });
  pair.run(61_000);
  pair.a.kernel.traffic(connection(1));
  pair.a.command({ verb: "deactivate" });
  pair.run(70_000);
  expect(pair.a.kernelFlows()).toEqual(texts(connection(1)));
});

test("an activate within PurgeTimeout calls the purge off", () => {
  const pair = new Pair();
  pair.a.kernel.traffic(connection(1));
  pair.run(2000);
  pair.a.command({ verb: "deactivate" });
  pair.run(30_000);
  pair.a.command({ verb: "activate", limitMs: 5000 });
  pair.run(60_000);
  expect(pair.a.kernelFlows()).toEqual(texts(connection(1)));
});

test("a peer is lost after 3 s of silence and established again by its first word", () => {
  const pair = new Pair();
  pair.run(5000);
  pair.a.on = false;
  pair.run(3500);
  pair.a.on = true;
  pair.run(2000);
  const kinds = pair.b.reports.map(({ kind }) => kind).filter((kind) => kind.startsWith("peer-"));
  expect(kinds).toEqual(["peer-established", "peer-lost", "peer-established"]);
});

test("the kernel dropped events: a dump finds what came and what went", () => {
  const pair = new Pair();
  pair.a.kernel.traffic(connection(1));
  pair.a.kernel.traffic(connection(2));
  pair.run(3000);
  const { session } = pair.a;
  pair.a.on = false; // deaf for a while
  pair.a.kernel.end(connection(1));
  pair.a.kernel.traffic(connection(3));
  pair.run(1);
  pair.a.on = true;
  pair.a.feed({ type: "overrun" });
  pair.run(3000);
  expect(session).toBe(pair.a.session);
  expect(pair.b.peerFlows()).toEqual(texts(connection(2), connection(3)));
});

test("a flow that never told its end is found by reading the table again, within five minutes", () => {
  const pair = new Pair();
  for (const n of [1, 2]) pair.a.kernel.traffic(connection(n));
  pair.run(3000);
  pair.a.on = false; // as if nobody had listened when it was born
  pair.a.kernel.end(connection(1));
  pair.run(1);
  pair.a.on = true;
  pair.run(290_000);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1), connection(2)));
  pair.run(15_000);
  expect(pair.b.peerFlows()).toEqual(texts(connection(2)));
  const [told] = pair.a.reports.filter((report) => report.kind === "kernel-resynced" && report.routine);
  expect(told).toMatchObject({ flows: 1, ended: 1 });
});

test("a table that takes long to read is read less often: half a percent of the time", () => {
  const pair = new Pair();
  const { session } = pair.a;
  session.step({ type: "tick" }, instant(0));
  session.step({ type: "dumped", expectations: [], more: false }, instant(6000));
  expect(session.follower.deadline).toBe(6000 + 200 * 6000);
});

test("a flow that ends while the dump runs is not brought back by it", () => {
  const pair = new Pair();
  pair.run(2000);
  const { session } = pair.a;
  session.follower.resync(pair.now, false);
  session.step({ type: "kernel", batch: batchOf(ENDED, connection(1)) }, pair.now);
  session.step({ type: "dumped", batch: batchOf(BORN, connection(1)), more: true }, pair.now);
  session.step({ type: "dumped", expectations: [], more: false }, pair.now);
  pair.run(2000);
  expect(session.local.size).toBe(0);
  expect(pair.b.peerFlows()).toEqual([]);
});

test("what a restarted peer no longer has is swept when its bulk is complete", () => {
  const pair = new Pair();
  for (const n of [1, 2, 3]) pair.a.kernel.traffic(connection(n));
  pair.run(3000);
  pair.a.on = false;
  pair.a.kernel.end(connection(2));
  pair.run(10);
  pair.a.restart(3_000_000);
  pair.run(5000);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1), connection(3)));
});

test("a restarted node tells all its flows, also those that the peer has itself", () => {
  const pair = new Pair();
  for (const n of [1, 2, 3]) {
    pair.a.kernel.traffic(connection(n));
    pair.b.kernel.traffic(connection(n));
  }
  pair.run(3000);
  pair.a.on = false;
  pair.run(10);
  pair.a.restart(3_000_000);
  pair.run(5000);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1), connection(2), connection(3)));
});

test("strangers are dropped before they are read", () => {
  const pair = new Pair();
  const [vector] = datagramVectors().filter(({ scenario }) => scenario === "ftfw-udp-basic4");
  for (const { payload } of vector!.frames) {
    pair.b.feed({ type: "datagram", from: "192.0.2.66" as typeof A, bytes: hex(payload) });
  }
  expect(pair.b.peerFlows()).toEqual([]);
  expect(pair.b.reports.filter(({ kind }) => kind === "stranger").length).toBe(1);
});

test("a full cache refuses new flows, says so once, and keeps what it has", () => {
  const pair = new Pair({ cacheLimit: 2 });
  pair.run(2000);
  for (const n of [1, 2, 3, 4]) pair.a.kernel.traffic(connection(n));
  pair.run(50);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1), connection(2)));
  expect(pair.a.reports.filter(({ kind }) => kind === "cache-full").length).toBe(1);
});

test("a flow that leaves the accepted states is destroyed at the peer", () => {
  const passes = compileFilter({ states: { policy: "accept", numbers: new Set([3]) } }, []);
  const pair = new Pair({ passes });
  pair.run(2000);
  pair.a.kernel.traffic(connection(1, 1));
  pair.a.kernel.traffic(connection(2, 3));
  pair.run(50);
  expect(pair.b.peerFlows()).toEqual(texts(connection(2, 3)));
  pair.a.kernel.traffic(connection(2, 7));
  pair.run(50);
  expect(pair.b.peerFlows()).toEqual([]);
});

test("NOTRACK sends once and asks nothing", () => {
  const pair = new Pair({ mode: "notrack" });
  pair.run(2000);
  pair.a.kernel.traffic(connection(1));
  pair.run(50);
  expect(pair.b.peerFlows()).toEqual(texts(connection(1)));
  expect(pair.a.session.outbox.unacknowledged).toBe(0);
  pair.a.kernel.end(connection(1));
  pair.run(50);
  expect(pair.b.peerFlows()).toEqual([]);
});

test("FTFW: whatever is lost in either direction, two quiet seconds later the peer has exactly our flows", () => {
  const act = fc.record({
    n: fc.integer({ min: 0, max: 40 }),
    what: fc.constantFrom("traffic", "traffic", "end", "wait"),
    state: fc.integer({ min: 1, max: 7 }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 150 }), fc.infiniteStream(fc.nat(9)), (acts, dice) => {
      const pair = new Pair();
      pair.run(2500);
      pair.loses = () => (dice.next().value ?? 9) < 2;
      for (const { n, what, state } of acts) {
        if (what === "traffic") pair.a.kernel.traffic(connection(n, state));
        else if (what === "end") pair.a.kernel.end(connection(n));
        else pair.run(n);
      }
      pair.loses = () => false;
      pair.run(6000);
      expect(pair.b.peerFlows()).toEqual(pair.a.kernelFlows());
      expect(pair.a.session.outbox.unacknowledged).toBeLessThan(3);
    }),
    { numRuns: 60 },
  );
});

test("no datagrams, however made, harm the session", () => {
  const pair = new Pair();
  pair.run(1000);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      pair.b.feed({ type: "datagram", from: A, bytes });
      pair.b.feed({ type: "tick" });
    }),
  );
});

const replayed = datagramVectors().filter(
  ({ config, scenario }) =>
    config.mode !== "ALARM" && config.channel !== "tcp" && scenario !== "notrack-udp-nocache", // that one has no cache
);

test.each(replayed)(
  "$scenario: replayed into us, our peer cache is conntrackd's external cache",
  (vector) => {
    const mode = vector.config.mode === "FTFW" ? "ftfw" : "notrack";
    const session = new Session(options(A, { mode, ackWindow: 300 }), instant(0));
    for (const { t, payload } of framesOfSender(vector)) {
      session.step({ type: "datagram", from: A, bytes: hex(payload) }, instant(Math.max(0, t) * 1000));
    }
    const cache = session.receiver.peers.get(A)?.cache;
    const lines: string[] = [];
    for (let id = cache?.next(0) ?? -1; id !== -1; id = cache!.next(id + 1)) {
      lines.push(entryLine(cache!.flow(id), false, 0).replace(/ \[active since 0s\]$/, ""));
    }
    const expected = (vector.final["b.external"] ?? []).filter((line) => !line.startsWith("proto="));
    expect(lines.sort()).toEqual([...expected].sort());
  },
);

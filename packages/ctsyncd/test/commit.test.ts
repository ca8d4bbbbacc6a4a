import { instant } from "@systole/machine";
import type { Flow } from "@systole/node-netlink";
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { Commit, type CommitStep, timeoutForCommit } from "../src/core/commit.js";
import { ExpectationCache } from "../src/core/expectation-cache.js";
import { compileFilter } from "../src/core/filter.js";
import { type FlowBatch, LIBERAL } from "../src/core/flow-batch.js";
import { PeerCache } from "../src/core/peer-cache.js";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../src/wire/attribute.js";
import { CT_DEL, CT_NEW, CT_UPD } from "../src/wire/message.js";
import { batchOf, body, connection, flowsOf } from "./pair.js";

const OPTIONS = { timeoutSeconds: undefined, windowTracking: false };
const index = new AttributeIndex(FLOW_ATTRIBUTES);
const scanned = (flow: Flow) => index.scan(body(flow));
const udp = (status: number, timeoutSeconds: number): Flow => ({
  ...connection(1),
  original: { ...connection(1).original, protocol: 17 },
  status,
  timeoutSeconds,
});

test.each([
  { name: "a closing flow: what is left of its timeout", flow: connection(1, 4), age: 20, seconds: 100 },
  { name: "older than its timeout: 60 s, as conntrackd", flow: connection(1, 4), age: 300, seconds: 60 },
  {
    name: "exactly as old: 1 s, not the 0 that the kernel refuses",
    flow: connection(1, 4),
    age: 120,
    seconds: 1,
  },
  {
    name: "an established TCP flow: 60 s at least",
    flow: { ...connection(1), timeoutSeconds: 90 },
    age: 70,
    seconds: 60,
  },
  { name: "UDP seen in both directions: 30 s at least", flow: udp(0x0a, 30), age: 25, seconds: 30 },
  { name: "UDP seen in one: what is left", flow: udp(0x08, 30), age: 25, seconds: 5 },
])("timeout of $name", ({ flow, age, seconds }) => {
  expect(timeoutForCommit(scanned(flow), age, OPTIONS)).toBe(seconds);
});

test("no timeout came: 60 s; CommitTimeout overrides everything", () => {
  const { timeoutSeconds: _, ...without } = connection(1, 4);
  expect(timeoutForCommit(scanned(without), 5, OPTIONS)).toBe(60);
  expect(timeoutForCommit(scanned(connection(1)), 5, { ...OPTIONS, timeoutSeconds: 180 })).toBe(180);
});

type Written = Extract<CommitStep, { readonly type: "write" }>;
const KINDS = ["create", "update", "remove"];

/** A commit over one cache, its batches as lists of client ports by what is done with them. */
function batches(
  cache: PeerCache,
  {
    there = [],
    between = () => {},
  }: { there?: FlowBatch[]; between?: (commit: Commit, turn: number) => void } = {},
): string[] {
  const commit = new Commit([{ cache, expectations: new ExpectationCache(1) }], OPTIONS, instant(0), 1);
  const said: string[] = [];
  expect(commit.next(instant(0), 0).type).toBe("survey");
  for (const batch of there) commit.surveyed(batch);
  for (let turn = 0; ; turn++) {
    const step = commit.next(instant(turn), 0);
    if (step.type === "finished") return [...said, `unchanged ${step.summary.unchanged}`];
    const { batch } = step as Written; // there are no expectations
    const ports = flowsOf(batch).map(({ kind, flow }) => `${KINDS[kind]} ${flow.original.sourcePort}`);
    said.push(ports.join(", "));
    commit.answered({ written: batch.count, updated: 0, failed: 0 });
    between(commit, turn);
  }
}

const related = (n: number): Flow => ({ ...connection(n), master: connection(1).original });

function cacheOf(...flows: Flow[]): PeerCache {
  return filled(new PeerCache(10), flows);
}

function filled(cache: PeerCache, flows: readonly Flow[]): PeerCache {
  for (const flow of flows) put(cache, CT_NEW, flow);
  return cache;
}

function put(cache: PeerCache, type: number, flow: Flow): void {
  const bytes = body(flow);
  cache.apply(type, bytes, 0, bytes.length, 0);
}

test("masters come before the flows they foretold, in batches of their own", () => {
  const cache = cacheOf(related(5), connection(1), related(6));
  expect(batches(cache)).toEqual(["create 20001", "create 20005, create 20006", "unchanged 0"]);
});

test("a flow that the peer destroys after its batch is removed again, one before it is not written", () => {
  let running: Commit | undefined;
  const destroyed = (from: PeerCache, id: number) => running?.destroyed(from, id);
  const cache = filled(new PeerCache(10, destroyed), [connection(1), related(5)]);
  const between = (commit: Commit, turn: number) => {
    running = commit;
    if (turn !== 0) return;
    for (const flow of [connection(1), related(5)]) put(cache, CT_DEL, flow);
  };
  expect(batches(cache, { between })).toEqual(["create 20001", "remove 20001", "unchanged 0"]);
});

const moved: Flow = {
  ...connection(4),
  reply: { ...connection(4).reply, source: parseIp("10.60.2.9")! },
};

test.each([
  { name: "not there: created", there: [], says: ["create 20004", "unchanged 0"] },
  { name: "there and equal: left alone", there: [batchOf(LIBERAL, connection(4))], says: ["unchanged 1"] },
  {
    name: "there with another timeout: left alone",
    there: [batchOf(LIBERAL, { ...connection(4), timeoutSeconds: 5 })],
    says: ["unchanged 1"],
  },
  {
    name: "there, but windows of long ago are judged by: changed",
    there: [batchOf(0, connection(4))],
    says: ["update 20004", "unchanged 0"],
  },
  {
    name: "there in another state: changed",
    there: [batchOf(LIBERAL, connection(4, 2))],
    says: ["update 20004", "unchanged 0"],
  },
  {
    name: "there with another mark: changed",
    there: [batchOf(LIBERAL, connection(4, 3, 7))],
    wanted: connection(4, 3, 8),
    says: ["update 20004", "unchanged 0"],
  },
  {
    name: "there, translated otherwise: made anew",
    there: [batchOf(LIBERAL, moved)],
    says: ["create 20004", "unchanged 0"],
  },
])("a flow that is $name", ({ there, wanted = connection(4), says }) => {
  expect(batches(cacheOf(wanted), { there })).toEqual(says);
});

test("a flow that the peer changed after the survey is written, whatever the survey found", () => {
  const cache = cacheOf(connection(1), related(5));
  const between = (_: Commit, turn: number) => {
    if (turn === 0) put(cache, CT_UPD, related(5));
  };
  const there = [batchOf(LIBERAL, related(5))];
  expect(batches(cache, { there, between })).toEqual(["create 20001", "create 20005", "unchanged 0"]);
});

const address = (text: string) => parseIp(text)!;

test.each([
  { name: "nothing is said: all pass", filter: {}, passes: true },
  {
    name: "protocol accepted",
    filter: { protocols: { policy: "accept", numbers: new Set([6]) } },
    passes: true,
  },
  {
    name: "another protocol accepted",
    filter: { protocols: { policy: "accept", numbers: new Set([17]) } },
    passes: false,
  },
  {
    name: "the client's network ignored",
    filter: { addresses: { policy: "ignore", networks: [{ address: address("10.60.0.0"), prefix: 16 }] } },
    passes: false,
  },
  {
    name: "the real server accepted: the real ends count, not the VIP",
    filter: { addresses: { policy: "accept", networks: [{ address: address("10.60.2.2"), prefix: 32 }] } },
    passes: true,
  },
  {
    name: "the VIP accepted: it is no real end",
    filter: { addresses: { policy: "accept", networks: [{ address: address("10.60.1.1"), prefix: 32 }] } },
    passes: false,
  },
  { name: "state ignored", filter: { states: { policy: "ignore", numbers: new Set([3]) } }, passes: false },
] as const)("filter, $name", ({ filter, passes }) => {
  expect(compileFilter(filter, [])(scanned(connection(1)))).toBe(passes);
});

test("the director's own flows never pass", () => {
  expect(compileFilter({}, [address("10.60.2.2")])(scanned(connection(1)))).toBe(false);
});

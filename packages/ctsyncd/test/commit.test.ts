import { instant } from "@systole/machine";
import type { Flow } from "@systole/node-netlink";
import { parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { Commit, prepareForCommit } from "../src/core/commit.js";
import { compileFilter } from "../src/core/filter.js";
import { PeerCache } from "../src/core/peer-cache.js";
import { encodeFlow } from "../src/wire/flow.js";
import { CT_DEL, CT_NEW } from "../src/wire/message.js";
import { connection } from "./pair.js";

const OPTIONS = { timeoutSeconds: undefined, windowTracking: false };
const body = (flow: Flow) => encodeFlow(flow, { windowTracking: false, timeout: true });
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
  expect(prepareForCommit(flow, age, OPTIONS).timeoutSeconds).toBe(seconds);
});

test("no timeout came: 60 s; CommitTimeout overrides everything", () => {
  const { timeoutSeconds: _, ...without } = connection(1, 4);
  expect(prepareForCommit(without, 5, OPTIONS).timeoutSeconds).toBe(60);
  expect(prepareForCommit(connection(1), 5, { ...OPTIONS, timeoutSeconds: 180 }).timeoutSeconds).toBe(180);
});

test("EXPECTED and offload do not go into the kernel; TCP is judged liberally", () => {
  const flow = prepareForCommit({ ...connection(1), status: 0xc00f }, 0, OPTIONS);
  expect(flow.status).toBe(0x0e);
  expect(flow.tcp?.flags).toEqual({ original: 8, reply: 8 });
});

/** A commit over one cache, its batches as lists of client ports. */
function batches(cache: PeerCache, between: (commit: Commit, turn: number) => void = () => {}): string[] {
  const commit = new Commit([cache], OPTIONS, instant(0));
  const said: string[] = [];
  for (let turn = 0; ; turn++) {
    const step = commit.next(instant(turn), 0);
    if (step.type === "finished") return said;
    said.push(`${step.type} ${step.flows.map(({ original }) => original.sourcePort).join(",")}`);
    commit.answered({ written: step.flows.length, updated: 0, failed: 0 });
    between(commit, turn);
  }
}

const related = (n: number): Flow => ({ ...connection(n), master: connection(1).original });

test("masters come before the flows they foretold, in batches of their own", () => {
  const cache = new PeerCache(10);
  for (const flow of [related(5), connection(1), related(6)]) cache.apply(CT_NEW, body(flow), 0);
  expect(batches(cache)).toEqual(["write 20001", "write 20005,20006"]);
});

test("a flow that the peer destroys after its batch is removed again, one before it is not written", () => {
  const cache = new PeerCache(10);
  for (const flow of [connection(1), related(5)]) cache.apply(CT_NEW, body(flow), 0);
  const destroy = (commit: Commit, turn: number) => {
    if (turn !== 0) return;
    for (const flow of [connection(1), related(5)]) {
      const gone = cache.apply(CT_DEL, body(flow), 0)!;
      commit.destroyed(cache, gone.id, gone.flow);
    }
  };
  expect(batches(cache, destroy)).toEqual(["write 20001", "remove 20001"]);
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
  expect(compileFilter(filter, [])(connection(1))).toBe(passes);
});

test("the director's own flows never pass", () => {
  expect(compileFilter({}, [address("10.60.2.2")])(connection(1))).toBe(false);
});

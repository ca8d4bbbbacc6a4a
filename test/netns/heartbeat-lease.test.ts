/**
 * The promise of the VIP lease: a heartbeat that is frozen or killed on the owner never makes two owners.
 *
 * Twenty runs of each, on four clusters at once; an outside watcher samples both kernels every 10 ms.
 */
import { expect, test } from "vitest";
import type { LabNode } from "../lab/node.js";
import { elapse, until } from "../lab/until.js";
import { type Pair, VIP, withPair } from "./heartbeat-pair.js";
import { type Observed, watchOwnership } from "./ownership-watch.js";

/** Lengths of the fault in milliseconds, around lease (2 s) and deadtime (3 s), on both sides of each. */
const LENGTHS = [
  300, 900, 1500, 1900, 2000, 2100, 2300, 2500, 2700, 2900, 3000, 3050, 3100, 3200, 3400, 3700, 4000, 4500,
  5000, 6000,
];

const CLUSTERS = 4;

interface Run {
  readonly lengthMs: number;
  readonly owner: string;
  readonly observed: Observed;
}

/** One fault of so long on the owner, and back to a cluster where both nodes are well. */
type Fault = (pair: Pair, owner: LabNode, lengthMs: number, run: number) => Promise<void>;

const freeze: Fault = async (pair, owner, lengthMs) => {
  pair.signal(owner, "SIGSTOP");
  await elapse(lengthMs);
  pair.signal(owner, "SIGCONT");
};

const kill: Fault = async (pair, owner, lengthMs, run) => {
  pair.signal(owner, "SIGKILL");
  await elapse(lengthMs);
  await pair.start(owner, `life-${run}`);
};

async function runOn(pair: Pair, fault: Fault, lengths: readonly number[]): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const [run, lengthMs] of lengths.entries()) {
    const owner = pair.nodes.find(({ name }) => name === pair.owners()[0]);
    if (owner === undefined) throw new Error("nobody has the VIP before the fault");
    const watch = await watchOwnership(pair.nodes, VIP);
    await fault(pair, owner, lengthMs, run);
    await until("both nodes to be well again", () => pair.isWell(), { limitMs: 45_000, everyMs: 100 });
    await elapse(600);
    runs.push({ lengthMs, owner: owner.name, observed: await watch.stop() });
  }
  return runs;
}

test.each([
  { what: "SIGSTOP", fault: freeze },
  { what: "SIGKILL", fault: kill },
])(
  "$what of heartbeat on the owner, 20 times: never two owners",
  async ({ what, fault }) => {
    const shares = Array.from({ length: CLUSTERS }, (_, cluster) =>
      LENGTHS.filter((_length, index) => index % CLUSTERS === cluster),
    );
    const runs: Run[] = [];
    await Promise.all(
      shares.map((lengths) =>
        withPair({}, async (pair) => void runs.push(...(await runOn(pair, fault, lengths)))),
      ),
    );
    const samples = runs.reduce((sum, { observed }) => sum + observed.samples, 0);
    const blink = Math.max(...runs.map(({ observed }) => observed.longestBlinkMs));
    const gap = Math.max(...runs.map(({ observed }) => observed.longestGapMs));
    console.log(
      `${what}: ${runs.length} runs, ${samples} samples, longest without a look ${blink} ms, longest without an owner ${gap} ms`,
    );
    expect(runs.length).toBe(20);
    expect(
      runs.flatMap(({ observed, lengthMs }) => observed.twoOwners.map((both) => `${lengthMs} ms: ${both}`)),
    ).toEqual([]);
    expect(samples).toBeGreaterThan(5000);
  },
  400_000,
);

test("with the lease switched off a frozen owner keeps its VIP: the watcher sees two owners", async () => {
  await withPair({ haCf: "#% viplease off\n" }, async (pair) => {
    const [first] = pair.nodes;
    const watch = await watchOwnership(pair.nodes, VIP);
    pair.signal(first, "SIGSTOP");
    await until("the other node to take over, too", () => pair.owners().length === 2);
    await elapse(100);
    expect((await watch.stop()).twoOwners.length).toBeGreaterThan(0);
    pair.signal(first, "SIGCONT");
    await until("one of them to yield", () => pair.owners().length === 1);
  });
});

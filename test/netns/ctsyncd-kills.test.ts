/**
 * SIGKILL of either ctsyncd at random instants while flows come, change and go: after each, the standby knows exactly
 * the flows that the active director has, and commits exactly these; nothing grows.
 *
 * 12 kills here; `npm run kills` has 100 (SYSTOLE_SYNC_KILLS), and another seed each time.
 */
import { controlClient } from "@systole/daemon";
import { afterAll, beforeAll, expect, test } from "vitest";
import { churnProgram } from "../lab/churn/churn.js";
import { alive, type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { configuration, kernelLines, program } from "./ctsyncd-pair.js";

const kills = Number(process.env.SYSTOLE_SYNC_KILLS ?? 12);
const seed = process.env.SYSTOLE_SEED === "random" ? Date.now() % 1_000_000 : 1;
const RATE = 3000;
/** Flows that are in each of the three ages at a time. */
const LAG = 200;
const PATIENCE = { limitMs: 90_000, everyMs: 200 };

let cluster: Cluster;
const pids = new Map<string, number>();
const active = () => cluster.node("director1");
const standby = () => cluster.node("director2");

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ reals: 0 }) });
  for (const node of [active(), standby()]) await start(node);
  // From then on flows report their end whoever listened when they began: see shell/kernel-events.ts.
  for (const node of [active(), standby()]) {
    const answers = async () => (await asked(node, "status")) !== undefined;
    await until(`ctsyncd on ${node.name} to answer`, answers, PATIENCE);
  }
}, 120_000);
afterAll(() => cluster.close());

/** A sequence of numbers that look like chance and are the same each time. */
function chance(): (below: number) => number {
  let state = seed + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

async function start(node: LabNode): Promise<void> {
  node.put("/etc/conntrackd/conntrackd.conf", configuration(node, "udp"));
  pids.set(node.name, await node.daemon("ctsyncd", program("ctsyncd")));
}

async function kill(node: LabNode): Promise<void> {
  const pid = pids.get(node.name)!; // it was started
  signalTo(pid, "SIGKILL");
  await until(`ctsyncd on ${node.name} to be gone`, () => !alive(pid));
}

/** One request to a ctsyncd; undefined while it does not answer. */
async function asked(
  node: LabNode,
  verb: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown> | undefined> {
  try {
    const client = controlClient(node.path("/run/systole/ctsyncd/control"));
    // A ctsyncd answers each of the verbs used here with an object.
    return (await client.call(verb, args, { limitMs: 30_000 })) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** The flows of the generator among lines, by client and port. */
const keysOf = (lines: readonly string[]): readonly string[] =>
  lines
    .map((line) => /src=(10\.64\.\S+) dst=\S+ sport=(\d+)/.exec(line))
    .flatMap((found) => (found === null ? [] : [`${found[1]}:${found[2]}`]))
    .sort();

const kernel = async (node: LabNode) => keysOf(await kernelLines(node));

async function known(node: LabNode): Promise<readonly string[] | undefined> {
  const answer = await asked(node, "list", { cache: "peer", about: "flows", xml: false });
  return answer === undefined ? undefined : keysOf((answer as { lines: string[] }).lines);
}

/** What to look at when they do not agree. */
async function difference(there: readonly string[]): Promise<string> {
  const here = await known(standby());
  const lacks = there.filter((key) => here?.includes(key) === false);
  const stale = here?.filter((key) => !there.includes(key)) ?? [];
  const ends = [active(), standby()].map(async (node) => {
    const log = node.log("ctsyncd").split("\n").slice(-12).join("\n");
    return `${node.name}: ${JSON.stringify(await asked(node, "status"))}\n${log}`;
  });
  return `it has ${here?.length}, lacks ${lacks.length}, ${stale.length} are stale\n${(await Promise.all(ends)).join("\n")}`;
}

/** The generator works until it is killed: so many flows are left in the middle of their life. */
async function traffic(round: number, ms: number, meanwhile: () => Promise<void>): Promise<void> {
  const words = [String(RATE), "600", String(round * 1_000_000), String(LAG)];
  const generator = await active().spawn([churnProgram(), "run", ...words]);
  try {
    await meanwhile();
    await elapse(ms);
  } finally {
    generator.send("SIGKILL");
    await generator.exited;
  }
}

test(`${kills} kills under traffic: the standby has what the active has, and commits nothing else`, {
  timeout: 60_000 + kills * 120_000,
}, async () => {
  const random = chance();
  for (let round = 0; round < kills; round++) {
    const victim = random(2) === 0 ? active() : standby();
    const place = `round ${round} of seed ${seed}, ${victim.name} was killed`;
    await active().run(["conntrack", "-F"]); // hundreds end at once, perhaps while nobody listens
    await traffic(round, 400 + random(600), async () => {
      await elapse(random(1200));
      await kill(victim);
      await elapse(random(800));
      await start(victim);
    });
    const there = await kernel(active());
    expect(there.length, place).toBeGreaterThan(LAG);
    const equal = async () => JSON.stringify(await known(standby())) === JSON.stringify(there);
    await until(`the standby to know the ${there.length} flows (${place})`, equal, PATIENCE).catch(
      async (error: unknown) => {
        throw new Error(`${error}\n${await difference(there)}`);
      },
    );
    expect(await asked(standby(), "commit", { limitMs: 25_000 }), place).toMatchObject({ done: true });
    expect(await kernel(standby()), place).toEqual(there);
    await standby().run(["conntrack", "-F"]);
  }
  await active().run(["conntrack", "-F"]);
  for (const node of [active(), standby()]) {
    const idle = async () => {
      const { queue, local, peers } = ((await asked(node, "status")) ?? {}) as Partial<Idle>;
      if (queue === undefined || local === undefined || peers === undefined) return false;
      return queue.waiting === 0 && queue.unacknowledged <= 2 && local.flows === 0 && peers[0]?.flows === 0;
    };
    await until(`${node.name} to have forgotten everything`, idle, PATIENCE);
  }
});

/** What a status says of memory. */
interface Idle {
  readonly queue: { readonly waiting: number; readonly unacknowledged: number };
  readonly local: { readonly flows: number };
  readonly peers: readonly { readonly flows: number }[];
}

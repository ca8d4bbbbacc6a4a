/**
 * What does it cost to tell a peer of every connection, and how long does a takeover take? A pair of ctsyncd beside a
 * pair of conntrackd, one after the other in the same minutes, on the same two network namespaces.
 *
 * conntrack.ts [events] [commit] [ctsyncd|conntrackd]... [--flows N]...: default everything, with 100,000 and 500,000
 * flows. Events are made by a program of C (test/lab/churn/churn.c), by netlink.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { churnProgram } from "../lab/churn/churn.js";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import {
  COMMIT,
  type Contender,
  contenders,
  cpuNs,
  FLUSH_EXTERNAL,
  privateBytes,
  REQUEST_RESYNC,
  type Syncer,
} from "./conntrack/contenders.js";
import { raiseTableLimit } from "./conntrack/table-limit.js";

const PATIENCE = { limitMs: 120_000, everyMs: 50 };

interface Pair {
  readonly from: LabNode;
  readonly to: LabNode;
  readonly sender: Syncer;
  readonly receiver: Syncer;
}

async function withPair<Result>(
  contender: Contender,
  work: (pair: Pair) => Promise<Result>,
): Promise<Result> {
  const cluster: Cluster = await makeCluster({ topology: ultraMonkey({ reals: 0 }) });
  try {
    const [from, to] = [cluster.node("director1"), cluster.node("director2")];
    const sender = await contender.start(from);
    const receiver = await contender.start(to);
    await elapse(3000); // they have greeted each other
    return await work({ from, to, sender, receiver });
  } finally {
    await cluster.close();
  }
}

/** Runs the generator. @returns requests made and refused, and how long it took. */
async function churn(node: LabNode, words: readonly string[]) {
  const { stdout } = await node.run([program, ...words]);
  const [made = 0, refused = 0, ns = 0] = stdout.trim().split(" ").map(Number);
  return { made, refused, seconds: ns / 1e9 };
}

/** All that one knows the other knows. */
async function settled({ sender, receiver }: Pair, flows: number): Promise<void> {
  await until(
    `${flows} flows on both sides`,
    async () => (await sender.flows()).internal === flows && (await receiver.flows()).external === flows,
    PATIENCE,
  );
}

const BACKGROUND = 50_000;

/** A rate of events for some seconds on top of some flows that stay: microseconds of processor time per event. */
async function events(contender: Contender, rate: number, seconds: number) {
  return withPair(contender, async (pair) => {
    const { from, sender, receiver } = pair;
    await churn(from, ["fill", String(BACKGROUND)]);
    await settled(pair, BACKGROUND);
    await churn(from, ["run", "20000", "2", "3000000"]); // what is compiled at run time is compiled now
    await settled(pair, BACKGROUND);
    const before = [cpuNs(sender.pid), cpuNs(receiver.pid)] as const;
    const {
      made,
      refused,
      seconds: took,
    } = await churn(from, ["run", String(rate), String(seconds), "6000000"]);
    const after = [cpuNs(sender.pid), cpuNs(receiver.pid)] as const;
    let complete = true;
    await settled(pair, BACKGROUND).catch(() => {
      complete = false;
    });
    return {
      "events/s": Math.round(made / took),
      refused,
      "sender us": (after[0] - before[0]) / made / 1000,
      "receiver us": (after[1] - before[1]) / made / 1000,
      overruns: await sender.overruns(),
      complete,
    };
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Where the memory of a flow begins to count: code that runs is compiled by then, and buffers have their size. */
const FIRST_FLOWS = 20_000;

/** Fills one side; resynchronises, commits and commits again at the other. */
async function commit(contender: Contender, flows: number) {
  return withPair(contender, async (pair) => {
    const { from, to, sender, receiver } = pair;
    const filled = async (count: number) => {
      await churn(from, ["fill", String(count)]);
      await settled(pair, count);
      await elapse(2000); // everything is acknowledged
      return [privateBytes(sender.pid), privateBytes(receiver.pid)] as const;
    };
    const few = await filled(FIRST_FLOWS);
    const all = await filled(flows);
    await receiver.ask(FLUSH_EXTERNAL);
    const resync = await timed(async () => {
      await receiver.ask(REQUEST_RESYNC);
      await settled(pair, flows);
    });
    process.kill(sender.pid, "SIGKILL"); // a takeover: the other one is gone
    const [cpu, first] = [cpuNs(receiver.pid), await timed(() => receiver.ask(COMMIT))];
    const counted = async () =>
      Number((await to.sh("cat /proc/sys/net/netfilter/nf_conntrack_count")).stdout);
    const written = await counted();
    const second = await timed(() => receiver.ask(COMMIT));
    return {
      "sender bytes/flow": (all[0] - few[0]) / (flows - FIRST_FLOWS),
      "receiver bytes/flow": (all[1] - few[1]) / (flows - FIRST_FLOWS),
      "sender MB": all[0] / 1e6,
      "receiver MB": all[1] / 1e6,
      "resync s": resync,
      "commit s": first,
      "second commit s": second,
      "cpu s of both commits": (cpuNs(receiver.pid) - cpu) / 1e9,
      complete: written === flows && (await counted()) === flows,
    };
  });
}

type Row = Readonly<Record<string, number | boolean>>;

const shown = (value: number | boolean): string =>
  typeof value === "boolean"
    ? value
      ? "yes"
      : "NO"
    : Number.isInteger(value)
      ? String(value)
      : value.toFixed(value < 100 ? 2 : 0);

/** The same trial for each, and how ours compares with theirs. */
async function compare(title: string, trial: (contender: Contender) => Promise<Row>): Promise<void> {
  const rows = new Map<string, Row>();
  for (const contender of wanted) {
    try {
      rows.set(contender.name, await trial(contender));
    } catch (error) {
      process.stdout.write(`${contender.name}: ${error}\n`);
    }
  }
  const [theirs, ours] = [rows.get("conntrackd"), rows.get("ctsyncd")];
  const columns = Object.keys(ours ?? theirs ?? {});
  process.stdout.write(
    `\n${title}; load of the machine ${loadavg()[0]!.toFixed(1)}\n\n| | ${columns.join(" | ")} |\n`,
  );
  process.stdout.write(`|---${"|---".repeat(columns.length)}|\n`);
  const line = (name: string, cells: readonly string[]) =>
    process.stdout.write(`| ${name} | ${cells.join(" | ")} |\n`);
  for (const [name, row] of rows)
    line(
      name,
      columns.map((column) => shown(row[column]!)),
    );
  if (theirs === undefined || ours === undefined) return;
  const ratio = (column: string) => {
    const [mine, other] = [ours[column], theirs[column]];
    const compared = typeof mine === "number" && typeof other === "number" && other > 0;
    return compared && / (us|s|bytes\/flow)$/.test(column) ? (mine / other).toFixed(2) : "";
  };
  line("ours/theirs", columns.map(ratio));
  results.push({ title, load: loadavg()[0]!, theirs, ours });
}

mkdirSync(".cache/bench", { recursive: true });
const program = churnProgram();
const words = process.argv.slice(2);
const results: unknown[] = [];
const named = contenders.filter(({ name }) => words.includes(name));
const wanted = named.length > 0 ? named : contenders;
const sizes = words.filter((word) => /^\d+$/.test(word)).map(Number);
const both = !words.includes("events") && !words.includes("commit");
const restoreTableLimit = raiseTableLimit(1_048_576);
try {
  if (both || words.includes("events")) {
    for (const [rate, seconds] of [
      [100_000, 5],
      [60_000, 5],
      [10_000, 10],
    ] as const) {
      if (sizes.length > 0 && both === false && !sizes.includes(rate)) continue;
      await compare(`${rate} events/s for ${seconds} s`, (contender) => events(contender, rate, seconds));
    }
  }
  if (both || words.includes("commit")) {
    for (const flows of sizes.length > 0 ? sizes : [100_000, 500_000])
      await compare(`${flows} flows`, (contender) => commit(contender, flows));
  }
} finally {
  await restoreTableLimit();
}
writeFileSync(".cache/bench/conntrack.json", JSON.stringify(results, undefined, 2));

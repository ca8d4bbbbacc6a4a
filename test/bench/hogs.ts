/**
 * How often is a live owner called dead on a starved machine? Four busy loops, or two for each processor; ours, real
 * keepalived and real heartbeat at the times of the shipped ha.cf, side by side. An onlooker on the service network asks
 * every ten milliseconds who has the VIP.
 *
 * hogs.ts [MINUTES] [--only NAME,...]: an hour unless told otherwise. Starves everything else on the machine.
 */
import { availableParallelism, loadavg } from "node:os";
import { startHogs } from "../lab/hogs.js";
import { answeredTwice, ownersIn, watchAnswers } from "../lab/probe.js";
import { elapse } from "../lab/until.js";
import { type Bench, openBench } from "./failover/bench.js";
import { SHIPPED, VIP } from "./failover/contender.js";
import { contendersWith } from "./failover/contenders.js";
import { benchOptions } from "./failover/options.js";

const WATCHED_AT_ONCE_MS = 30_000;
const { runs: minutes, only } = benchOptions(60, "");
const hogCount = 2 * availableParallelism();

interface Seen {
  /** Of who answers. */
  changes: number;
  doubles: number;
  silentMs: number;
  owner: string | undefined;
}

/** Watches one cluster until then, a part at a time, so that what was seen does not pile up. */
async function watch({ onlooker }: Bench, until: number): Promise<Seen> {
  const seen: Seen = { changes: 0, doubles: 0, silentMs: 0, owner: undefined };
  while (performance.now() < until) {
    const probe = await watchAnswers(onlooker, VIP);
    await elapse(Math.min(WATCHED_AT_ONCE_MS, Math.max(1000, until - performance.now())));
    const saw = await probe.stop();
    const owners = ownersIn(saw);
    const all = seen.owner === undefined || owners[0] === seen.owner ? owners : [seen.owner, ...owners];
    seen.changes += Math.max(0, all.length - 1);
    seen.owner = owners.at(-1) ?? seen.owner;
    seen.doubles += answeredTwice(saw).length;
    for (const [index, [, , at]] of saw.answers.entries())
      seen.silentMs = Math.max(seen.silentMs, at - (saw.answers[index - 1]?.[2] ?? at));
  }
  return seen;
}

const count = (bench: Bench, word: string): number =>
  bench.directors.reduce((sum, node) => {
    const { log } = bench.contender;
    return sum + (node.has(log) ? node.read(log).split(word).length - 1 : 0);
  }, 0);

const benches = await Promise.all(contendersWith(SHIPPED, only).map(openBench));
try {
  const hogs = await startHogs(benches[0]!.cluster, hogCount); // there is one at least
  const until = performance.now() + minutes * 60_000;
  const seen = await Promise.all(benches.map((bench) => watch(bench, until)));
  const load = loadavg().map((number) => number.toFixed(1));
  const ended = hogs.filter((hog) => hog.ended).length;
  if (ended > 0) throw new Error(`${ended} of the hogs ended before the time was over`);
  console.log(
    `${minutes} minutes, ${hogCount} hogs on ${availableParallelism()} processors, load ${load.join(" ")}\n`,
  );
  console.log(
    "| | changes of the owner | questions answered by two | longest without an answer, ms | late heartbeats |",
  );
  console.log("| --- | --- | --- | --- | --- |");
  for (const [index, bench] of benches.entries()) {
    const { changes, doubles, silentMs } = seen[index]!; // one for each bench
    const late = bench.contender.name.startsWith("keepalived") ? "-" : count(bench, "Late heartbeat");
    console.log(`| ${bench.contender.name} | ${changes} | ${doubles} | ${silentMs.toFixed(0)} | ${late} |`);
  }
} finally {
  for (const { cluster } of benches) await cluster.close();
}
process.exit(0);

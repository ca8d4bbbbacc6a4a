/**
 * 100 times SIGSTOP and 100 times SIGKILL of the owner's daemon, at the times of the shipped ha.cf: how often do two answer for
 * the VIP, and for how long? An onlooker on the service network asks every ten milliseconds who has it. Ours, real
 * keepalived and real heartbeat; faults of all lengths around the lease and the deadtime.
 *
 * owners.ts [RUNS] [--only NAME,...] [--events freeze,kill] [--lanes N] [--minutes N] [--results FILE] [--table] [--fresh]
 * As failover.ts: what a former call has measured counts.
 */
import { SHIPPED } from "./failover/contender.js";
import { contendersWith } from "./failover/contenders.js";
import { type Job, lane } from "./failover/lanes.js";
import { benchOptions } from "./failover/options.js";
import { DAEMON_FAULTS, type DaemonFault, type Doubles, playDaemonFault } from "./failover/owners.js";
import { Results, spread } from "./failover/results.js";

interface Run extends Doubles {
  readonly contender: string;
  readonly fault: DaemonFault;
}

const options = benchOptions(100, ".cache/bench/owners.jsonl");
const results = new Results<Run>(options.results);
if (options.fresh) results.forget();
const faults = DAEMON_FAULTS.filter((fault) => options.events?.includes(fault) ?? true);
const contenders = contendersWith(SHIPPED, options.only);

const runsOf = (contender: string, fault: DaemonFault) =>
  results.all.filter((run) => run.contender === contender && run.fault === fault);

/** Freezes and kills in turn. */
function jobsOf(contender: string): () => Job | undefined {
  const begun = new Map(faults.map((fault) => [fault, runsOf(contender, fault).length]));
  return () => {
    const fault = faults.toSorted((a, b) => begun.get(a)! - begun.get(b)!)[0]; // all are in there
    if (fault === undefined || begun.get(fault)! >= options.runs) return undefined;
    const number = begun.get(fault)!;
    begun.set(fault, number + 1);
    return {
      what: `${fault} ${number}`,
      async run(bench) {
        const doubles = await playDaemonFault(bench, fault, number);
        results.add({ contender, fault, ...doubles });
        console.error(`${contender} ${fault} ${doubles.lengthMs} ms: answered twice ${doubles.doubles}`);
      },
    };
  };
}

if (!options.tableOnly) {
  await Promise.all(
    contenders.flatMap((contender) => {
      const next = jobsOf(contender.name);
      const lanes = options.lanes * contender.clusters;
      return Array.from({ length: lanes }, () => lane(contender, next, options.until));
    }),
  );
}

console.log(
  "Two owners: runs in which a question was answered by both, and for how many milliseconds, from the first to the",
);
console.log("last of these questions: median (least-most) of those runs.\n");
console.log(
  "| | of the owner's daemon | runs | with two owners | for ms | questions | longest between two, ms |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const { name } of contenders) {
  for (const fault of faults) {
    const runs = runsOf(name, fault);
    const bad = runs.filter(({ doubles }) => doubles > 0);
    const asked = runs.reduce((sum, run) => sum + run.asked, 0);
    const blink = Math.max(0, ...runs.map(({ blinkMs }) => blinkMs)).toFixed(0);
    const doubled = spread(bad.map(({ twoOwnersMs }) => twoOwnersMs));
    console.log(`| ${name} | ${fault} | ${runs.length} | ${bad.length} | ${doubled} | ${asked} | ${blink} |`);
  }
}
console.log(`\n${results.circumstances}`);
process.exit(0);

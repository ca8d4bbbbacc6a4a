/**
 * How long is a client without its VIP, and for how long have two directors answered for it? Ours, real keepalived and real
 * heartbeat, in the same namespaces and minutes: with each pair of times the three run at once, each in a cluster of its own.
 *
 * failover.ts [RUNS] [--only NAME,...] [--events NAME,...] [--times 50/250,...] [--lanes N] [--minutes N]
 *             [--results FILE] [--table] [--fresh]
 * 9 runs of each event. What a former call has measured counts: one that ended after `--minutes` is gone on with. `--table`
 * only prints; `--fresh` forgets the former calls. NAME is the beginning of a contender's name.
 */
import type { Measured } from "./failover/bench.js";
import { nameOf, TIMES } from "./failover/contender.js";
import { contendersWith } from "./failover/contenders.js";
import { EVENTS, type EventName, play } from "./failover/events.js";
import { type Job, lane } from "./failover/lanes.js";
import { benchOptions } from "./failover/options.js";
import { Results, spread } from "./failover/results.js";

interface Run extends Measured {
  readonly contender: string;
  readonly times: string;
  readonly event: EventName;
}

const options = benchOptions(9, ".cache/bench/failover.jsonl");
const results = new Results<Run>(options.results);
if (options.fresh) results.forget();
const events = EVENTS.filter((event) => options.events?.includes(event) ?? true);
const chosen = TIMES.filter((times) => options.times?.includes(nameOf(times)) ?? true);

const runsOf = (contender: string, times: string, event: EventName) =>
  results.all.filter((run) => run.contender === contender && run.times === times && run.event === event);

/** The event that was played least so far, so that whenever the time is over all were played about as often. */
function jobsOf(contender: string, times: string): () => Job | undefined {
  const begun = new Map(events.map((event) => [event, runsOf(contender, times, event).length]));
  return () => {
    const event = events.toSorted((a, b) => begun.get(a)! - begun.get(b)!)[0]; // all are in there
    if (event === undefined || begun.get(event)! >= options.runs) return undefined;
    begun.set(event, begun.get(event)! + 1);
    return {
      what: `${times} ${event}`,
      async run(bench) {
        const measured = await play(bench, event);
        results.add({ contender, times, event, ...measured });
        const { outageMs, twoOwnersMs, decisionToGarpMs } = measured;
        const figures = [outageMs, twoOwnersMs, decisionToGarpMs].map((ms) => ms?.toFixed(1)).join(", ");
        console.error(`${contender} ${times} ${event}: ${figures}`);
      },
    };
  };
}

for (const times of options.tableOnly ? [] : chosen) {
  const lanes = contendersWith(times, options.only).flatMap((contender) => {
    const next = jobsOf(contender.name, nameOf(times));
    return Array.from({ length: options.lanes * contender.clusters }, () =>
      lane(contender, next, options.until),
    );
  });
  await Promise.all(lanes);
}

console.log(
  "Milliseconds, median (least-most). Outage: of a client that asks every millisecond. Two owners: from the",
);
console.log(
  "first to the last question that both answered (heal: after the heal). Decision to GARP: both seen on the",
);
console.log("network.\n");
console.log("| times | event | | runs | outage | two owners | decision to GARP |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const times of chosen) {
  for (const event of events) {
    for (const { name } of contendersWith(times, options.only)) {
      const runs = runsOf(name, nameOf(times), event);
      const columns = [
        ...[nameOf(times), event, name, String(runs.length)],
        spread(runs.map(({ outageMs }) => outageMs)),
        spread(runs.map(({ twoOwnersMs }) => twoOwnersMs)),
        spread(
          runs.map(({ decisionToGarpMs }) => decisionToGarpMs),
          1,
        ),
      ];
      console.log(`| ${columns.join(" | ")} |`);
    }
  }
}
const blink = Math.max(0, ...results.all.map(({ blinkMs }) => blinkMs)).toFixed(0);
console.log(`\n${results.circumstances}; the longest time in which a client did not ask: ${blink} ms`);
process.exit(0);

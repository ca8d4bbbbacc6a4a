/**
 * How long is a client without its VIP, and for how long have two directors answered for it? Ours, real heartbeat and
 * real keepalived, in the same namespaces and minutes.
 *
 * failover.ts [RUNS] [--only NAME,...] [--events NAME,...] [--lanes N]: 9 runs of each event; a client asks every
 * millisecond, an onlooker asks every ten who has the address. NAME is the beginning of a contender's name.
 */
import { loadavg } from "node:os";
import { type Contender, heartbeat, keepalived, systole } from "./failover/contender.js";
import { EVENTS, type EventName, type Measured, openBench, play } from "./failover/events.js";

const contenders: readonly Contender[] = [
  systole("200ms", "1"),
  systole("50ms", "250ms"),
  systole("20ms", "100ms"),
  keepalived,
  heartbeat,
];

const words = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = words.indexOf(`--${name}`);
  return at === -1 ? undefined : words[at + 1];
};
const runs = Number(
  words.find((word) => /^\d+$/.test(word) && words[words.indexOf(word) - 1] !== "--lanes") ?? "9",
);
const lanes = Number(option("lanes") ?? "1");
const only = option("only")?.split(",");
const events = EVENTS.filter((event) => option("events")?.split(",").includes(event) ?? true);
const chosen = contenders.filter(({ name }) => only?.some((word) => name.startsWith(word)) ?? true);

type Results = Map<EventName, Measured[]>;

/** One cluster; the lanes of a contender share the runs. A run that fails is told and left out. */
async function lane(contender: Contender, share: number, results: Results): Promise<void> {
  const bench = await openBench(contender);
  try {
    for (let run = 0; run < share; run++) {
      for (const event of events) {
        const measured = await play(bench, event);
        results.set(event, [...(results.get(event) ?? []), measured]);
        console.error(
          `${contender.name} ${event}: outage ${measured.outageMs.toFixed(0)}, two ${measured.twoOwnersMs.toFixed(0)}`,
        );
      }
    }
  } catch (error) {
    console.error(`${contender.name}: ${String(error)}`);
  } finally {
    await bench.cluster.close();
  }
}

const sorted = (numbers: readonly number[]) => numbers.map(Math.round).toSorted((a, b) => a - b);
const spread = (numbers: readonly number[]): string => {
  const all = sorted(numbers);
  return all.length === 0 ? "-" : `${all[Math.floor(all.length / 2)]} (${all[0]}-${all.at(-1)})`;
};

console.log("client outage and time with two owners in ms: median (min-max)\n");
console.log("| | event | runs | outage | two owners |\n| --- | --- | --- | --- | --- |");
for (const contender of chosen) {
  const results: Results = new Map();
  const shares = Array.from({ length: lanes }, (_, index) => Math.ceil((runs - index) / lanes));
  await Promise.all(shares.filter((share) => share > 0).map((share) => lane(contender, share, results)));
  for (const event of events) {
    const all = results.get(event) ?? [];
    const outages = spread(all.map(({ outageMs }) => outageMs));
    const doubles = spread(all.map(({ twoOwnersMs }) => twoOwnersMs));
    console.log(`| ${contender.name} | ${event} | ${all.length} | ${outages} | ${doubles} |`);
  }
}
console.log(
  `\nload of the machine: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(" ")}`,
);
process.exit(0);

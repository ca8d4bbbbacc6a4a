/** What a process and its children cost, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface Cost {
  /** Of the processes that are there, and of their children that are not any more. */
  readonly cpuSeconds: number;
  readonly rssMb: number;
  readonly pssMb: number;
}

/** USER_HZ, the same on every machine that Debian runs on. */
const TICKS_PER_SECOND = 100;

export function costOf(pid: number): Cost {
  const costs = family(pid).map(costOfOne);
  const sum = (key: keyof Cost) => costs.reduce((total, cost) => total + cost[key], 0);
  return { cpuSeconds: sum("cpuSeconds"), rssMb: sum("rssMb"), pssMb: sum("pssMb") };
}

export function family(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

function costOfOne(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Behind the name in parentheses: utime, stime, cutime, cstime are words 12 to 15.
  const words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((total, index) => total + Number(words[index]), 0);
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0) / 1024;
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssMb: megabytes("Rss"), pssMb: megabytes("Pss") };
}

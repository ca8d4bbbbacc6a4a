/** Busy loops: each takes all of a processor that it is given. */
import { readdirSync } from "node:fs";
import { setPriority } from "node:os";
import type { Cluster } from "./cluster.js";
import { type Running, start } from "./process.js";

/** The lowest priority: what else this machine does goes first. */
export const LOWEST = 19;

/** Starts so many in the laboratory, at that nice value. They end with it, or when stopped. */
export function startHogs(cluster: Cluster, count: number, nice: number): Promise<readonly Running[]> {
  const enter = ["nsenter", "-t", String(cluster.pid), "-p", "--", "setpriv", "--pdeathsig", "KILL", "--"];
  const hog = [...enter, "nice", "-n", String(nice), "bash", "-c", "while :; do :; done"];
  return Promise.all(Array.from({ length: count }, () => start(hog, { depth: 1 })));
}

/** Gives all threads of a process that nice value. Real-time threads stay what they are. */
export function reniceAll(pid: number, nice: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), nice);
}

/** Busy loops: each takes all of a processor that it is given. */
import type { Cluster } from "./cluster.js";
import { type Running, start } from "./process.js";

/** Starts so many in the laboratory, at normal priority. They end with it, or when stopped. */
export function startHogs(cluster: Cluster, count: number): Promise<readonly Running[]> {
  const enter = ["nsenter", "-t", String(cluster.pid), "-p", "--", "setpriv", "--pdeathsig", "KILL", "--"];
  const hog = [...enter, "bash", "-c", "while :; do :; done"];
  return Promise.all(Array.from({ length: count }, () => start(hog, { depth: 1 })));
}

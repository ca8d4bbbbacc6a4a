/** Looks from outside, every 10 ms, which nodes have an address in their kernel. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { LabNode } from "../lab/node.js";

export interface Observed {
  readonly samples: number;
  /** Moments at which more than one node had it: milliseconds since the watch began, and who. */
  readonly twoOwners: readonly string[];
  /** The longest time in which no node had it. */
  readonly longestGapMs: number;
  /** The longest time in which nobody looked. */
  readonly longestBlinkMs: number;
}

export interface OwnershipWatch {
  stop(): Promise<Observed>;
}

/** The nodes must stay switched on meanwhile: one that boots again has another kernel. */
export async function watchOwnership(nodes: readonly LabNode[], address: string): Promise<OwnershipWatch> {
  const workerData = { nodes: nodes.map(({ name, pid }) => ({ name, pid })), address };
  const worker = new Worker(new URL("ownership-watcher.mjs", import.meta.url), { workerData });
  await once(worker, "message");
  return {
    async stop() {
      const answer = once(worker, "message");
      worker.postMessage("stop");
      const [observed] = await answer;
      // the watcher beside this file answers with exactly this
      return observed as Observed;
    },
  };
}

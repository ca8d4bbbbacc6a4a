/** Several clusters at once, each with runs to do, until there are none or the time is over. */
import { type Bench, openBench } from "./bench.js";
import type { Contender } from "./contender.js";

export interface Job {
  readonly what: string;
  run(bench: Bench): Promise<void>;
}

/** A cluster that fails is made anew that often; then its lane is given up. */
const CLUSTERS_PER_LANE = 4;

/**
 * One lane: takes jobs of a contender until `next` has none for it or `until` (of `performance.now`) has come. A job that
 * fails is told and left out, and the next one gets a fresh cluster.
 */
export async function lane(contender: Contender, next: () => Job | undefined, until: number): Promise<void> {
  for (let attempt = 0; attempt < CLUSTERS_PER_LANE; attempt++) {
    let job = performance.now() < until ? next() : undefined;
    if (job === undefined) return;
    let bench: Bench | undefined;
    try {
      bench = await openBench(contender);
      for (; job !== undefined; job = performance.now() < until ? next() : undefined) await job.run(bench);
      return;
    } catch (error) {
      console.error(`${contender.name} ${job?.what}: ${String(error)}`);
    } finally {
      await bench?.cluster.close();
    }
  }
  console.error(`${contender.name}: given up after ${CLUSTERS_PER_LANE} clusters`);
}

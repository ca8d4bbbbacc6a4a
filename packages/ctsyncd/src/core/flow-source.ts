/** Where a session's flows come from: with a copy of our kernel's table (KernelFollower), or without (Bypass). */
import type { Instant } from "@systole/machine";
import type { Expectation } from "../wire/expectation.js";
import type { FlowBatch } from "./flow-batch.js";

export interface SourceCounters {
  events: number;
  filtered: number;
  overruns: number;
  resyncs: number;
}

export interface FlowSource {
  readonly counters: SourceCounters;
  readonly deadline: Instant | undefined;
  tick(now: Instant): void;
  /** Reads our kernel's table as soon as possible; `bulk`: tells the peers everything afterwards. */
  resync(now: Instant, bulk: boolean): void;
  /** The kernel dropped events. */
  overrun(now: Instant): void;
  events(batch: FlowBatch, second: number): void;
  expectation(kind: number, own: boolean, expectation: Expectation, second: number): void;
  /** A part of the dump. */
  dumped(batch: FlowBatch, second: number): void;
  dumpComplete(expectations: readonly Expectation[], now: Instant, second: number): void;
  dumpFailed(problem: string, now: Instant): void;
}

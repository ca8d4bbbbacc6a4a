/** Carries out what the session orders, and feeds back what came of it. */
import type { EventLog } from "@systole/bus";
import type { FlowTable } from "@systole/kernel";
import type { Clock } from "@systole/machine";
import type { Logger } from "pino";
import type { BatchResult } from "../core/commit.js";
import type { Passes } from "../core/filter.js";
import type { FlowBatch } from "../core/flow-batch.js";
import type { Answer, SessionAction, SessionEvent } from "../core/session.types.js";
import type { FlowEncoding } from "../wire/flow.js";
import type { RestoreOptions } from "../wire/flow-to-kernel.js";
import { flowWriter, type WriteResult } from "./flow-writer.js";
import { collectRemovals, expect, type KernelFeedCounters, readTable } from "./kernel-feed.js";
import { tell } from "./reports.js";

export interface PerformerOptions {
  readonly table: FlowTable;
  readonly send: (datagram: Uint8Array) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  readonly answered: (ticket: number, answer: Answer) => void;
  readonly feed: (event: SessionEvent) => void;
  readonly background: (what: string, work: Promise<unknown>) => void;
  readonly encoding: FlowEncoding;
  readonly restore: RestoreOptions;
  readonly passes: Passes;
  /** ExpectationSync is on. */
  readonly expectations: boolean;
  readonly unreadable: KernelFeedCounters;
}

/** Returns the function that performs one action. */
export function createPerformer(options: PerformerOptions): (action: SessionAction) => void {
  const { table, answered, feed, background } = options;
  const write = flowWriter(table, options.restore);

  /** After what is readable was read: the events of one batch are out of the kernel's buffer before the next. */
  const later = async (batch: FlowBatch): Promise<WriteResult> => {
    await pending(options.clock);
    return write(batch);
  };
  const done = (result: BatchResult) => feed({ type: "batch-done", result });

  return (action) => {
    switch (action.type) {
      case "send":
        return options.send(action.datagram);
      case "dump":
        return background("reading the conntrack table", dump(options));
      case "births":
        return table.hearBirths(action.heard);
      case "survey":
        return background("surveying the conntrack table", survey(options));
      case "write":
        return background("writing flows", later(action.batch).then(countRemovals).then(done));
      case "expect":
        return background("writing expectations", expect(table, action.expectations).then(done));
      case "inject":
        return background(
          "injecting flows",
          later(action.batch).then((result) => feed({ type: "inject-done", result })),
        );
      case "inject-expectations":
        return background(
          "injecting expectations",
          expect(table, action.expectations).then((result) => feed({ type: "inject-done", result })),
        );
      case "remove-all":
        return background("removing flows", removeAll(options, later));
      case "answer":
        return answered(action.ticket, action.answer);
      case "report":
        return tell(options, action.report);
    }
  };
}

/** In a batch of removals what was removed counts as written. */
const countRemovals = ({ removed, ...result }: WriteResult): BatchResult => ({
  ...result,
  written: result.written + removed,
});

const pending = (clock: Clock) => new Promise<void>((resolve) => void clock.afterPending(resolve));

const problemOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function dump(options: PerformerOptions): Promise<void> {
  const { table, encoding, unreadable, feed } = options;
  try {
    await readTable(table, encoding, unreadable, (batch) => feed({ type: "dumped", batch, more: true }));
    const expectations = options.expectations ? await table.dumpExpectations() : [];
    feed({ type: "dumped", expectations, more: false });
  } catch (error) {
    feed({ type: "dump-failed", problem: problemOf(error) });
  }
}

/** A survey that fails finds nothing: then every flow is written, as if none was there. */
async function survey({ table, encoding, unreadable, feed }: PerformerOptions): Promise<void> {
  let error: string | undefined;
  try {
    await readTable(table, encoding, unreadable, (batch) => feed({ type: "surveyed", batch }));
  } catch (failure) {
    error = problemOf(failure);
  }
  const result = { written: 0, updated: 0, failed: 0, ...(error !== undefined && { error }) };
  feed({ type: "batch-done", result });
}

async function removeAll(
  { table, encoding, passes, feed }: PerformerOptions,
  later: (batch: FlowBatch) => Promise<WriteResult>,
): Promise<void> {
  let [flows, failed] = [0, 0];
  try {
    for (const batch of await collectRemovals(table, encoding, passes)) {
      const result = await later(batch);
      flows += result.removed;
      failed += result.failed;
    }
  } catch {
    failed += 1; // the table could not be read
  }
  feed({ type: "removed-all", flows, failed });
}

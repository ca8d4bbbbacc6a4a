/** What our kernel tells of its flows, from netlink messages to batches of bodies for the session. */
import type { FlowTable } from "@systole/kernel";
import type { Expectation } from "@systole/node-netlink";
import { DecodeError } from "@systole/wire";
import type { Passes } from "../core/filter.js";
import { BORN, FlowBatch, LIBERAL, OWN, REMOVE } from "../core/flow-batch.js";
import type { SessionEvent } from "../core/session.types.js";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import type { FlowEncoding } from "../wire/flow.js";
import { FlowFromKernel } from "../wire/flow-from-kernel.js";

type Feed = (event: SessionEvent) => void;

/** Of events and dumps: messages that could not be read. */
export interface KernelFeedCounters {
  malformed: number;
}

/** Adds a flow to a batch; one that cannot be read is of a kind that is newer than we are: it is left alone. */
function collector(encoding: FlowEncoding, counters: KernelFeedCounters) {
  const translate = new FlowFromKernel(encoding);
  return (batch: FlowBatch, kind: number, bytes: Uint8Array, from: number, to: number): void => {
    try {
      const end = translate.write(bytes, from, to, batch.room(), batch.end);
      batch.add(translate.liberal ? kind | LIBERAL : kind, end);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counters.malformed += 1;
    }
  };
}

/**
 * Feeds events from now on, a wake-up's at a time.
 *
 * A batch is used again as soon as `feed` has returned: nobody may feed from within an action of the session.
 */
export function followKernel(
  table: FlowTable,
  encoding: FlowEncoding,
  counters: KernelFeedCounters,
  feed: Feed,
): () => void {
  const batch = new FlowBatch();
  const collect = collector(encoding, counters);
  const hand = () => {
    if (batch.count > 0) feed({ type: "kernel", batch });
    batch.clear();
  };
  return table.watch({
    flow: (kind, own, bytes, from, to) => collect(batch, own ? kind | OWN : kind, bytes, from, to),
    expectation(kind, own, expectation) {
      hand(); // its master comes first
      feed({ type: "expectation", kind, own, expectation });
    },
    settled: hand,
    overrun: () => feed({ type: "overrun" }),
  });
}

/** Reads the whole table part by part. @throws NetlinkError */
export async function readTable(
  table: FlowTable,
  encoding: FlowEncoding,
  counters: KernelFeedCounters,
  part: (batch: FlowBatch) => void,
): Promise<void> {
  const batch = new FlowBatch();
  const collect = collector(encoding, counters);
  await table.dump(
    (bytes, from, to) => collect(batch, BORN, bytes, from, to),
    () => {
      if (batch.count > 0) part(batch);
      batch.clear();
    },
  );
}

/** Every flow of the table that passes, as batches of removals. @throws NetlinkError */
export async function collectRemovals(
  table: FlowTable,
  encoding: FlowEncoding,
  passes: Passes,
): Promise<readonly FlowBatch[]> {
  const body = new AttributeIndex(FLOW_ATTRIBUTES);
  const batches: FlowBatch[] = [];
  await readTable(table, encoding, { malformed: 0 }, (batch) => {
    const removals = new FlowBatch();
    for (let index = 0; index < batch.count; index++) {
      const [from, to] = [batch.from(index), batch.to(index)];
      if (passes(body.scan(batch.bytes, from, to))) removals.copy(REMOVE, batch.bytes, from, to);
    }
    batches.push(removals);
  });
  return batches;
}

/** Adds expectations to the kernel. @returns how many there were, and the first refusal. */
export async function expect(table: FlowTable, expectations: readonly Expectation[]) {
  const outcomes = await table.expect(expectations.map(({ id: _, ...expectation }) => expectation));
  // One that is there already is as good as written.
  const refusals = outcomes.filter((error) => error !== undefined && !error.message.includes("EEXIST"));
  const [first] = refusals;
  const written = outcomes.length - refusals.length;
  return {
    written,
    updated: 0,
    removed: 0,
    failed: refusals.length,
    ...(first !== undefined && { error: first.message }),
  };
}

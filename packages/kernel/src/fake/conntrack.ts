/** Connection tracking in memory. Time-outs of flows do not run: a test ends a flow with `end`. */
import type { Flow } from "@systole/node-netlink";
import type { CommitResult, Conntrack, FlowEvent } from "../conntrack.js";
import { flowKey, flowsDiffer, inCommitOrder, tupleKey } from "../flow-order.js";
import { kernelError } from "../kernel-error.js";
import { type FakeContext, listeners, perform } from "./act.js";

export interface FakeConntrack extends Conntrack {
  /** `dump`, at once. @throws KernelError */
  dumpNow(): readonly Flow[];
  /** `commit`, at once. */
  commitNow(flows: readonly Flow[]): CommitResult;
  /** Traffic makes this flow, or changes it. */
  traffic(flow: Flow): void;
  /** The flow ends: closed or timed out. */
  end(flow: Flow): void;
  /** The kernel dropped events: every watcher hears of the overrun. */
  overrun(): void;
}

export function fakeConntrack(context: FakeContext): FakeConntrack {
  const flows = new Map<string, Flow>();
  const events = listeners<[FlowEvent]>();
  const overruns = listeners<[]>();
  let lastId = 0;

  function put(flow: Flow, own: boolean): void {
    const key = flowKey(flow);
    const before = flows.get(key);
    const entry = { ...before, ...flow, id: before?.id ?? ++lastId };
    flows.set(key, entry);
    events.tell({ kind: before === undefined ? "new" : "update", flow: entry, own });
  }

  function end(flow: Flow, own: boolean): boolean {
    const entry = flows.get(flowKey(flow));
    if (entry === undefined) return false;
    flows.delete(flowKey(flow));
    events.tell({ kind: "destroy", flow: entry, own });
    return true;
  }

  function dumpNow(): readonly Flow[] {
    perform(context, { type: "dump-flows" }, "dump the flows");
    return [...flows.values()];
  }

  /** A flow that needs its master is refused while the master is not there. */
  function commitOne(flow: Flow): "written" | "updated" {
    const before = flows.get(flowKey(flow));
    if (before !== undefined && !flowsDiffer(flow, before)) return "updated";
    perform(context, { type: "commit-flow", flow }, `commit ${flowKey(flow)}`, () => {
      const orphan = before === undefined && flow.master !== undefined && !hasMaster(flow.master);
      if (orphan) return "ENOENT";
      put(flow, true);
      return undefined;
    });
    return before === undefined ? "written" : "updated";
  }

  const hasMaster = (master: NonNullable<Flow["master"]>) =>
    [...flows.values()].some((flow) => tupleKey(flow.original) === tupleKey(master));

  function commitNow(wanted: readonly Flow[]): CommitResult {
    const result = { written: 0, updated: 0, failed: 0 };
    let firstError: Error | undefined;
    for (const flow of inCommitOrder(wanted)) {
      try {
        result[commitOne(flow)]++;
      } catch (error) {
        result.failed++;
        firstError ??= kernelError(`commit ${flowKey(flow)}`, error);
      }
    }
    return { ...result, firstError };
  }

  return {
    dumpNow,
    commitNow,
    traffic: (flow) => put(flow, false),
    end: (flow) => void end(flow, false),
    overrun: () => overruns.tell(),
    async dump() {
      return dumpNow();
    },
    async commit(wanted) {
      return commitNow(wanted);
    },
    watch(listener, overrun) {
      const stops = [events.add(listener), overruns.add(overrun)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    async remove(flow) {
      perform(context, { type: "remove-flow", flow }, `remove ${flowKey(flow)}`, () =>
        end(flow, true) ? undefined : "ENOENT",
      );
    },
    async flush() {
      perform(context, { type: "flush-flows" }, "flush the flows");
      for (const flow of [...flows.values()]) end(flow, true);
    },
  };
}

/** Connection tracking over ctnetlink: sockets of their own for events, for reading and for writing. */
import {
  decodeConntrackEvent,
  deleteFlow,
  dumpFlows,
  type Flow,
  flowAnswer,
  flushFlows,
  getFlow,
  listenToEvents,
  NetlinkConnection,
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_NEW,
  NFNLGRP_CONNTRACK_UPDATE,
  newFlow,
  updateFlow,
} from "@systole/node-netlink";
import { NETLINK_NETFILTER } from "@systole/sys";
import { DecodeError } from "@systole/wire";
import type { CommitResult, Conntrack } from "../conntrack.js";
import { flowKey, flowsDiffer, inCommitOrder, tupleKey } from "../flow-order.js";
import { errorCode, kernelError } from "../kernel-error.js";
import { flowToCreate, flowToUpdate, withoutHelper } from "./flow-request.js";
import type { Sockets } from "./sockets.js";

export interface LinuxConntrack extends Conntrack {
  close(): void;
}

const FLOW_GROUPS = [NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY];

/** Up to so many flows are looked up one by one; for more, one dump is cheaper. */
const FEW_FLOWS = 64;
/** Requests that are made at once: bounds the memory of a commit. */
const CHUNK = 4096;

export function linuxConntrack(sockets: Sockets, eventBufferBytes: number): LinuxConntrack {
  const reading = sockets.connect(NETLINK_NETFILTER);
  const socket = sockets.events({ protocol: NETLINK_NETFILTER });
  const writing = new NetlinkConnection(socket);
  const stops = new Set<() => void>();

  const dump = () => reading.dump(dumpFlows(), flowAnswer);

  /** Those of `flows` that the kernel has, by `flowKey`. */
  async function present(flows: readonly Flow[]): Promise<ReadonlyMap<string, Flow>> {
    if (flows.length > FEW_FLOWS) return new Map((await dump()).map((flow) => [flowKey(flow), flow]));
    const found = await Promise.all(flows.map(find));
    return new Map(found.flatMap((flow) => (flow === undefined ? [] : [[flowKey(flow), flow] as const])));
  }

  async function find({ original, zone }: Flow): Promise<Flow | undefined> {
    try {
      const [flow] = await reading.request(getFlow(original, zone), flowAnswer);
      return flow;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Creates first: at a takeover nearly all are missing, and only the others need to be looked at. */
  async function commitChunk(flows: readonly Flow[], result: Tally): Promise<void> {
    const there = await create(flows, result);
    const actual = await present(there);
    const different: (readonly [Flow, Flow])[] = [];
    for (const flow of there) {
      const before = actual.get(flowKey(flow));
      if (before === undefined) tally(result, "written", flow, await replace(flow));
      else if (flowsDiffer(flow, before)) different.push([flow, before]);
      else result.updated++;
    }
    await update(different, result);
  }

  /** What was translated elsewhere cannot be changed: such a flow is made anew. */
  async function update(pairs: readonly (readonly [Flow, Flow])[], result: Tally): Promise<void> {
    const moved = pairs.filter(([flow, there]) => tupleKey(flow.reply) !== tupleKey(there.reply));
    const stay = pairs.filter((pair) => !moved.includes(pair));
    const outcomes = await writing.requestAll(
      stay.map(([flow, there]) => updateFlow(flowToUpdate(flow, there))),
    );
    for (const [index, [flow]] of stay.entries()) tally(result, "updated", flow, outcomes[index]);
    for (const [flow] of moved) tally(result, "updated", flow, await replace(flow));
  }

  /** @returns those that could not be created because something is there: the flow itself, or another in its way. */
  async function create(flows: readonly Flow[], result: Tally): Promise<readonly Flow[]> {
    const outcomes = await writing.requestAll(flows.map((flow) => newFlow(flowToCreate(flow))));
    const there: Flow[] = [];
    for (const [index, flow] of flows.entries()) {
      const error = outcomes[index];
      if (errorCode(error) === "EEXIST") there.push(flow);
      else tally(result, "written", flow, await createAgain(flow, error));
    }
    return there;
  }

  /** A second try where one may help: the helper is not loaded here. */
  async function createAgain(flow: Flow, error: Error | undefined): Promise<Error | undefined> {
    if (error === undefined || flow.helper === undefined) return error;
    const [outcome] = await writing.requestAll([newFlow(flowToCreate(withoutHelper(flow)))]);
    return outcome;
  }

  async function replace(flow: Flow): Promise<Error | undefined> {
    const [, outcome] = await writing.requestAll([
      deleteFlow(flow.original, flow.zone),
      newFlow(flowToCreate(flow)),
    ]);
    return outcome;
  }

  return {
    async dump() {
      try {
        return await dump();
      } catch (error) {
        throw kernelError("dump the flows", error);
      }
    },
    watch(listener, overrun) {
      const events = sockets.events({
        protocol: NETLINK_NETFILTER,
        groups: FLOW_GROUPS,
        receiveBufferBytes: eventBufferBytes,
      });
      const stop = listenToEvents(
        events,
        (message) => {
          const event = decoded(message);
          if (event?.subject !== "flow") return;
          listener({ kind: event.kind, flow: event.flow, own: event.origin === socket.portId });
        },
        overrun,
      );
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    async commit(flows) {
      const result: Tally = { written: 0, updated: 0, failed: 0, firstError: undefined };
      for (const generation of byGeneration(flows))
        for (let from = 0; from < generation.length; from += CHUNK)
          await commitChunk(generation.slice(from, from + CHUNK), result);
      return result;
    },
    async remove(flow) {
      try {
        await writing.request(deleteFlow(flow.original, flow.zone));
      } catch (error) {
        throw kernelError(`remove ${flowKey(flow)}`, error);
      }
    },
    async flush() {
      try {
        await writing.request(flushFlows());
      } catch (error) {
        throw kernelError("flush the flows", error);
      }
    },
    close() {
      for (const stop of stops) stop();
      stops.clear();
      writing.close();
    },
  };
}

type Tally = { -readonly [Field in keyof CommitResult]: CommitResult[Field] };

function tally(result: Tally, done: "written" | "updated", flow: Flow, error: Error | undefined): void {
  if (error === undefined) result[done]++;
  else {
    result.failed++;
    result.firstError ??= kernelError(`commit ${flowKey(flow)}`, error);
  }
}

/** Masters, then those that they expected: the kernel asks for the master of each. */
function byGeneration(flows: readonly Flow[]): readonly (readonly Flow[])[] {
  const ordered = inCommitOrder(flows);
  const masters = ordered.findIndex(({ master }) => master !== undefined);
  return masters === -1 ? [ordered] : [ordered.slice(0, masters), ordered.slice(masters)];
}

/** An event that cannot be read is of a kind that is newer than we are: it is left alone. */
function decoded(message: Parameters<typeof decodeConntrackEvent>[0]) {
  try {
    return decodeConntrackEvent(message);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

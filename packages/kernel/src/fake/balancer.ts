/** A data plane in memory: ip_vs's table and its refusals; no packets, but counters that a test sets. */
import { type Endpoint, formatEndpoint } from "@systole/wire";
import {
  type Balancer,
  type BalancerChange,
  type BalancerTable,
  type ChangeResult,
  type RealServerCounters,
  serviceKey,
  type VirtualServiceId,
} from "../balancer.js";
import { kernelError } from "../kernel-error.js";
import { nftablesLimitations } from "../limitations.js";
import { applyChange, describeChange, type ServiceTable } from "../service-table.js";
import { type FakeContext, perform } from "./act.js";

export interface FakeBalancer extends Balancer {
  /** `read`, at once. @throws KernelError only if the test refuses `read-table`. */
  readNow(): BalancerTable;
  /** `apply`, at once. */
  applyNow(changes: readonly BalancerChange[]): readonly ChangeResult[];
  /** What `read` will say of this real server; what is left out stays as it is. */
  count(id: VirtualServiceId, real: Endpoint, counters: Partial<RealServerCounters>): void;
}

const nothing: RealServerCounters = {
  activeConnections: 0,
  inactiveConnections: 0,
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
};

export function fakeBalancer(context: FakeContext, kind: Balancer["kind"]): FakeBalancer {
  const table: ServiceTable = new Map();
  const counted = new Map<string, RealServerCounters>();
  const counterKey = (service: string, real: string) => `${service} ${real}`;

  function readNow(): BalancerTable {
    perform(context, { type: "read-table" }, "read the table");
    return [...table].map(([key, { service, reals }]) => ({
      service,
      reals: [...reals].map(([real, definition]) => ({
        ...definition,
        counters: counted.get(counterKey(key, real)) ?? nothing,
      })),
    }));
  }

  function applyOne(change: BalancerChange): ChangeResult {
    try {
      perform(context, { type: "balance", change }, describeChange(change), () => applyChange(table, change));
      forgetCounters(change);
      return { change, error: undefined };
    } catch (error) {
      return { change, error: kernelError(describeChange(change), error) };
    }
  }

  function forgetCounters(change: BalancerChange): void {
    if (change.type === "remove-real")
      counted.delete(counterKey(serviceKey(change.id), formatEndpoint(change.real)));
    if (change.type !== "remove-service") return;
    const prefix = counterKey(serviceKey(change.id), "");
    for (const key of counted.keys()) if (key.startsWith(prefix)) counted.delete(key);
  }

  return {
    kind,
    limitations: kind === "ip_vs" ? () => [] : nftablesLimitations,
    readNow,
    applyNow: (changes) => changes.map(applyOne),
    count(id, real, counters) {
      const key = counterKey(serviceKey(id), formatEndpoint(real));
      counted.set(key, { ...(counted.get(key) ?? nothing), ...counters });
    },
    async read() {
      return readNow();
    },
    async apply(changes) {
      return changes.map(applyOne);
    },
  };
}

/**
 * A table of virtual services and what the kernel refuses to do with it: the rules of ip_vs, in one place.
 *
 * The fake is this table; the nftables data plane checks its changes here before it writes rules. So all three data
 * planes answer the same change with the same errno (platform.md section 4, "Errors").
 */
import { type Endpoint, familyOf, formatEndpoint } from "@systole/wire";
import {
  type BalancerChange,
  type RealServer,
  serviceKey,
  type VirtualService,
  type VirtualServiceId,
} from "./balancer.js";

/** The schedulers of the kernel, 6.1 to 7.2. */
export const SCHEDULERS: ReadonlySet<string> = new Set([
  "rr",
  "wrr",
  "lc",
  "wlc",
  "lblc",
  "lblcr",
  "sh",
  "dh",
  "sed",
  "nq",
  "fo",
  "ovf",
  "mh",
  "twos",
]);

/** A virtual service and its real servers, in the order of their arrival, by `formatEndpoint`. */
export interface ServiceEntry {
  readonly service: VirtualService;
  readonly reals: ReadonlyMap<string, RealServer>;
}

/** By `serviceKey`. Values are never changed in place, so that a copy of the map is a snapshot. */
export type ServiceTable = Map<string, ServiceEntry>;

/**
 * Makes one change in the table.
 * @returns the errno name if the kernel would refuse it (then nothing is changed), else undefined.
 */
export function applyChange(table: ServiceTable, change: BalancerChange): string | undefined {
  switch (change.type) {
    case "add-service":
      if (table.has(serviceKey(change.service.id))) return "EEXIST";
      return putService(table, change.service, new Map());
    case "change-service": {
      const entry = table.get(serviceKey(change.service.id));
      return entry === undefined ? "ESRCH" : putService(table, change.service, entry.reals);
    }
    case "remove-service":
      return table.delete(serviceKey(change.id)) ? undefined : "ESRCH";
    case "add-real":
      return withReals(table, change.id, (reals) => {
        const key = formatEndpoint(change.real.endpoint);
        const problem = realProblem(change.id, change.real);
        if (problem !== undefined) return problem;
        if (reals.has(key)) return "EEXIST";
        reals.set(key, change.real);
        return undefined;
      });
    case "change-real":
      return withReals(table, change.id, (reals) => {
        const key = formatEndpoint(change.real.endpoint);
        const problem = realProblem(change.id, change.real);
        if (problem !== undefined) return problem;
        if (!reals.has(key)) return "ENOENT";
        reals.set(key, change.real);
        return undefined;
      });
    case "remove-real":
      return withReals(table, change.id, (reals) =>
        reals.delete(formatEndpoint(change.real)) ? undefined : "ENOENT",
      );
  }
}

/** The change in words, for errors: `add real server 10.0.0.11:80 to tcp 192.0.2.10:80`. */
export function describeChange(change: BalancerChange): string {
  switch (change.type) {
    case "add-service":
      return `add virtual service ${serviceKey(change.service.id)}`;
    case "change-service":
      return `change virtual service ${serviceKey(change.service.id)}`;
    case "remove-service":
      return `remove virtual service ${serviceKey(change.id)}`;
    case "add-real":
      return `add real server ${formatEndpoint(change.real.endpoint)} to ${serviceKey(change.id)}`;
    case "change-real":
      return `change real server ${formatEndpoint(change.real.endpoint)} of ${serviceKey(change.id)}`;
    case "remove-real":
      return `remove real server ${formatEndpoint(change.real)} from ${serviceKey(change.id)}`;
  }
}

/** AF of a virtual service. */
export const familyOfService = (id: VirtualServiceId) =>
  id.kind === "fwmark" ? id.family : familyOf(id.address);

/** Two endpoints are one real server. */
export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && a.port === b.port;

function putService(table: ServiceTable, service: VirtualService, reals: ServiceEntry["reals"]) {
  const problem = serviceProblem(service);
  if (problem === undefined) table.set(serviceKey(service.id), { service, reals });
  return problem;
}

function withReals(
  table: ServiceTable,
  id: VirtualServiceId,
  change: (reals: Map<string, RealServer>) => string | undefined,
): string | undefined {
  const entry = table.get(serviceKey(id));
  if (entry === undefined) return "ESRCH";
  const reals = new Map(entry.reals);
  const problem = change(reals);
  if (problem === undefined) table.set(serviceKey(id), { service: entry.service, reals });
  return problem;
}

function serviceProblem({
  id,
  scheduler,
  persistence,
  persistenceEngine,
}: VirtualService): string | undefined {
  if (!SCHEDULERS.has(scheduler)) return "ENOENT";
  if (persistenceEngine !== undefined && persistenceEngine !== "sip") return "ENOENT";
  if (id.kind === "fwmark" && id.fwmark === 0) return "EINVAL";
  if (persistence === undefined) return undefined;
  const most = familyOfService(id) === "inet" ? 32 : 128;
  return persistence.prefixLength < 1 || persistence.prefixLength > most ? "EINVAL" : undefined;
}

function realProblem(id: VirtualServiceId, real: RealServer): string | undefined {
  if (real.weight < 0 || real.lowerThreshold > real.upperThreshold) return "ERANGE";
  const mixed = familyOf(real.endpoint.address) !== familyOfService(id);
  return mixed && real.forwarding !== "ipip" ? "EINVAL" : undefined;
}

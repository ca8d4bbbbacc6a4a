/** How many flows of connection tracking belong to each real server. Pure. */

import type { Flow } from "@systole/node-netlink";
import { formatEndpoint, type IpAddress } from "@systole/wire";
import { serviceKey } from "../balancer.js";
import type { ServiceTable } from "../service-table.js";

export interface ConnectionCount {
  readonly active: number;
  readonly inactive: number;
}

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
const TCP_CONNTRACK_ESTABLISHED = 3;

/** By `connectionKey`. Active is an established TCP connection, as ipvsadm counts; everything else is inactive. */
export function countConnections(
  flows: readonly Flow[],
  table: ServiceTable,
): ReadonlyMap<string, ConnectionCount> {
  const services = servicesByAddress(table);
  const counts = new Map<string, { active: number; inactive: number }>();
  for (const flow of flows) {
    const key = realServerOf(flow, services, table);
    if (key === undefined) continue;
    const count = counts.get(key) ?? { active: 0, inactive: 0 };
    if (flow.tcp?.state === TCP_CONNTRACK_ESTABLISHED) count.active++;
    else count.inactive++;
    counts.set(key, count);
  }
  return counts;
}

export const connectionKey = (service: string, real: string): string => `${service} ${real}`;

const place = (protocol: number, address: IpAddress, port: number) => `${protocol} ${address} ${port}`;

/** Services by address, protocol and port; those by firewall mark cannot be told from a flow. */
function servicesByAddress(table: ServiceTable): ReadonlyMap<string, string> {
  return new Map(
    [...table].flatMap(
      ([
        key,
        {
          service: { id },
        },
      ]) =>
        id.kind === "address" ? [[place(PROTOCOLS[id.protocol], id.address, id.port), key] as const] : [],
    ),
  );
}

function realServerOf(
  { original, reply }: Flow,
  services: ReadonlyMap<string, string>,
  table: ServiceTable,
): string | undefined {
  const { protocol, destination, destinationPort = 0 } = original;
  const key =
    services.get(place(protocol, destination, destinationPort)) ??
    services.get(place(protocol, destination, 0));
  const keys = key === undefined ? fwmarkServices(table) : [key];
  for (const service of keys) {
    const reals = table.get(service)!.reals; // the key came from this table
    for (const port of [reply.sourcePort ?? 0, 0]) {
      const real = formatEndpoint({ address: reply.source, port });
      if (reals.has(real)) return connectionKey(service, real);
    }
  }
  return undefined;
}

const fwmarkServices = (table: ServiceTable): readonly string[] =>
  [...table].flatMap(([, { service }]) => (service.id.kind === "fwmark" ? [serviceKey(service.id)] : []));

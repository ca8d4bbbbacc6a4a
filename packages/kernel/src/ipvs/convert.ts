/** Our words for a virtual service and a real server, and ip_vs's numbers for them. Pure. */
import {
  IP_VS_SVC_F_ONEPACKET,
  IP_VS_SVC_F_PERSISTENT,
  type IpvsDestination,
  type IpvsService,
  type IpvsServiceId,
} from "@systole/node-netlink";
import type {
  Protocol,
  RealServer,
  RealServerCounters,
  VirtualService,
  VirtualServiceId,
} from "../balancer.js";
import { familyOfService } from "../service-table.js";

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const satisfies Record<Protocol, number>;
const PROTOCOL_NAMES = new Map<number, Protocol>([
  [6, "tcp"],
  [17, "udp"],
  [132, "sctp"],
]);

/** By IP_VS_CONN_F_*. */
const FORWARDINGS = ["masq", "local", "ipip", "gate", "bypass"] as const;
/** By IP_VS_CONN_F_TUNNEL_TYPE_*. */
const TUNNELS = ["ipip", "gue", "gre"] as const;

/** Our bits 1, 2, 4 are IP_VS_SVC_F_SCHED1 to 3. */
const SCHEDULER_FLAGS_SHIFT = 3;
const SCHEDULER_FLAGS_MASK = 7;

export const toId = (id: VirtualServiceId): IpvsServiceId =>
  id.kind === "fwmark" ? id : { ...id, protocol: PROTOCOLS[id.protocol] };

export function toService(service: VirtualService): IpvsService {
  const { persistence, persistenceEngine } = service;
  return {
    id: toId(service.id),
    scheduler: service.scheduler,
    flags:
      (persistence === undefined ? 0 : IP_VS_SVC_F_PERSISTENT) |
      (service.onePacket ? IP_VS_SVC_F_ONEPACKET : 0) |
      ((service.schedulerFlags & SCHEDULER_FLAGS_MASK) << SCHEDULER_FLAGS_SHIFT),
    timeoutSeconds: persistence?.timeoutSeconds ?? 0,
    prefixLength: persistence?.prefixLength ?? (familyOfService(service.id) === "inet" ? 32 : 128),
    persistenceEngine,
  };
}

export function fromService(service: IpvsService): VirtualService {
  const { flags, timeoutSeconds, prefixLength } = service;
  const isPersistent = (flags & IP_VS_SVC_F_PERSISTENT) !== 0;
  return {
    id: fromId(service.id),
    scheduler: service.scheduler,
    schedulerFlags: (flags >> SCHEDULER_FLAGS_SHIFT) & SCHEDULER_FLAGS_MASK,
    persistence: isPersistent ? { timeoutSeconds, prefixLength } : undefined,
    persistenceEngine: service.persistenceEngine,
    onePacket: (flags & IP_VS_SVC_F_ONEPACKET) !== 0,
  };
}

/** ip_vs knows no protocol but these three. */
const fromId = (id: IpvsServiceId): VirtualServiceId =>
  id.kind === "fwmark" ? id : { ...id, protocol: PROTOCOL_NAMES.get(id.protocol) ?? "tcp" };

export function toDestination(real: RealServer): IpvsDestination {
  const { endpoint, weight, upperThreshold, lowerThreshold, tunnel } = real;
  return {
    endpoint,
    forwarding: FORWARDINGS.indexOf(real.forwarding),
    weight,
    upperThreshold,
    lowerThreshold,
    tunnel: tunnel && { ...tunnel, type: TUNNELS.indexOf(tunnel.type) },
  };
}

export function fromDestination(
  destination: IpvsDestination,
): RealServer & { readonly counters: RealServerCounters } {
  const { endpoint, weight, upperThreshold, lowerThreshold, tunnel, connections, stats } = destination;
  const forwarding = FORWARDINGS[destination.forwarding] ?? "masq"; // two bits and a half: all five are named
  const type = TUNNELS[tunnel?.type ?? 0] ?? "ipip";
  return {
    endpoint,
    forwarding,
    weight,
    upperThreshold,
    lowerThreshold,
    // The kernel tells a tunnel of type ipip for every real server; only another one was asked for.
    ...(tunnel && type !== "ipip" ? { tunnel: { type, port: tunnel.port, flags: tunnel.flags } } : {}),
    counters: {
      activeConnections: connections?.active ?? 0,
      inactiveConnections: connections?.inactive ?? 0,
      connections: stats?.connections ?? 0n,
      inPackets: stats?.inPackets ?? 0n,
      outPackets: stats?.outPackets ?? 0n,
      inBytes: stats?.inBytes ?? 0n,
      outBytes: stats?.outBytes ?? 0n,
    },
  };
}

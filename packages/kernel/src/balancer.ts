/**
 * A data plane: virtual services, real servers, weights.
 *
 * Two implementations: `ipvs.ts` (the kernel's ip_vs, the default) and `nftables.ts` (for kernels without it). A reader
 * of the table never sees which one it was, but for what `limitations` says.
 */
import type { Endpoint, Family, IpAddress } from "@systole/wire";

export type Protocol = "tcp" | "udp" | "sctp";

/** Which packets: an address, port and protocol, or a firewall mark of one family. */
export type VirtualServiceId =
  | {
      readonly kind: "address";
      readonly protocol: Protocol;
      readonly address: IpAddress;
      readonly port: number;
    }
  | { readonly kind: "fwmark"; readonly fwmark: number; readonly family: Family };

export interface Persistence {
  /** Whole seconds, at least 1. */
  readonly timeoutSeconds: number;
  /** Prefix length of the client address that counts as one client: 32 or 128 for each address alone. */
  readonly prefixLength: number;
}

export interface VirtualService {
  readonly id: VirtualServiceId;
  /** As ipvsadm names it: `wlc`, `rr`, ... */
  readonly scheduler: string;
  /** `flag-1`, `flag-2`, `flag-3` as bits 1, 2, 4 (`sh-fallback` is 1, `sh-port` is 2; for mh alike). */
  readonly schedulerFlags: number;
  readonly persistence: Persistence | undefined;
  readonly persistenceEngine: string | undefined;
  readonly onePacket: boolean;
}

export type Forwarding = "gate" | "masq" | "ipip";

export interface RealServer {
  readonly endpoint: Endpoint;
  readonly forwarding: Forwarding | "local" | "bypass";
  /** 0 to 65535; 0 quiesces. */
  readonly weight: number;
  /** Connections above which no new one is sent here; 0 is no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly tunnel?: { readonly type: "ipip" | "gue" | "gre"; readonly port: number; readonly flags: number };
}

/** What the kernel counts for one real server. */
export interface RealServerCounters {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
}

export interface TableEntry {
  readonly service: VirtualService;
  readonly reals: readonly (RealServer & { readonly counters: RealServerCounters })[];
}

export type BalancerTable = readonly TableEntry[];

/** One step from the actual table to the wanted one. Never a flush. */
export type BalancerChange =
  | { readonly type: "add-service"; readonly service: VirtualService }
  | { readonly type: "change-service"; readonly service: VirtualService }
  | { readonly type: "remove-service"; readonly id: VirtualServiceId }
  | { readonly type: "add-real"; readonly id: VirtualServiceId; readonly real: RealServer }
  | { readonly type: "change-real"; readonly id: VirtualServiceId; readonly real: RealServer }
  | { readonly type: "remove-real"; readonly id: VirtualServiceId; readonly real: Endpoint };

/** Something this data plane cannot do, and what it does instead. */
export interface Limitation {
  /** What was asked for: `scheduler wlc`, `one-packet`. */
  readonly asked: string;
  /** What is used instead, as a sentence without a full stop: `wrr is used instead`. */
  readonly instead: string;
}

/** The outcome of one change: applied, or refused with the kernel's words. */
export interface ChangeResult {
  readonly change: BalancerChange;
  readonly error: Error | undefined;
}

export interface Balancer {
  readonly kind: "ip_vs" | "nftables";
  /** What of this service and its real servers this data plane cannot do; empty if all of it. */
  limitations(service: VirtualService, reals: readonly RealServer[]): readonly Limitation[];
  /**
   * The whole table of this network namespace, also what is not ours.
   * @param options.counters false where nobody looks at them: then all may be 0, and nftables need not read the flows.
   */
  read(options?: { readonly counters?: boolean }): Promise<BalancerTable>;
  /**
   * Applies the changes in order. One refused change does not keep the others from being tried; each outcome is told.
   * @throws KernelError if the data plane cannot be reached at all.
   */
  apply(changes: readonly BalancerChange[]): Promise<readonly ChangeResult[]>;
}

/** A key for maps: `tcp 192.0.2.10:80`, `fwmark 5 inet`. */
export function serviceKey(id: VirtualServiceId): string {
  if (id.kind === "fwmark") return `fwmark ${id.fwmark} ${id.family}`;
  const address = id.address.includes(":") ? `[${id.address}]` : id.address;
  return `${id.protocol} ${address}:${id.port}`;
}

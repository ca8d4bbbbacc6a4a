/** What IPVS counts for a service or a real server: the nests STATS (32 bits) and STATS64. */
import type { Attributes, AttributeWriter } from "../attribute.js";
import {
  IPVS_STATS_ATTR_CONNS,
  IPVS_STATS_ATTR_CPS,
  IPVS_STATS_ATTR_INBPS,
  IPVS_STATS_ATTR_INBYTES,
  IPVS_STATS_ATTR_INPKTS,
  IPVS_STATS_ATTR_INPPS,
  IPVS_STATS_ATTR_OUTBPS,
  IPVS_STATS_ATTR_OUTBYTES,
  IPVS_STATS_ATTR_OUTPKTS,
  IPVS_STATS_ATTR_OUTPPS,
} from "./constants.js";

/** Totals since the service was added or zeroed, and rates per second as the kernel estimates them. */
export interface IpvsStats {
  readonly connections: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  readonly connectionsPerSecond: bigint;
  readonly inPacketsPerSecond: bigint;
  readonly outPacketsPerSecond: bigint;
  readonly inBytesPerSecond: bigint;
  readonly outBytesPerSecond: bigint;
}

const FIELDS = [
  ["connections", IPVS_STATS_ATTR_CONNS],
  ["inPackets", IPVS_STATS_ATTR_INPKTS],
  ["outPackets", IPVS_STATS_ATTR_OUTPKTS],
  ["inBytes", IPVS_STATS_ATTR_INBYTES],
  ["outBytes", IPVS_STATS_ATTR_OUTBYTES],
  ["connectionsPerSecond", IPVS_STATS_ATTR_CPS],
  ["inPacketsPerSecond", IPVS_STATS_ATTR_INPPS],
  ["outPacketsPerSecond", IPVS_STATS_ATTR_OUTPPS],
  ["inBytesPerSecond", IPVS_STATS_ATTR_INBPS],
  ["outBytesPerSecond", IPVS_STATS_ATTR_OUTBPS],
] as const satisfies readonly (readonly [keyof IpvsStats, number])[];

const WIDE_IN_BOTH: readonly number[] = [IPVS_STATS_ATTR_INBYTES, IPVS_STATS_ATTR_OUTBYTES];

/** From STATS64 where the kernel has it (since 4.0), else from STATS; undefined if there is neither. */
export function decodeStats(
  wide: Attributes | undefined,
  narrow: Attributes | undefined,
): IpvsStats | undefined {
  if (wide !== undefined) return stats((type) => wide.u64host(type));
  if (narrow === undefined) return undefined;
  return stats((type) => {
    if (WIDE_IN_BOTH.includes(type)) return narrow.u64host(type);
    const value = narrow.u32host(type);
    return value === undefined ? undefined : BigInt(value);
  });
}

function stats(read: (type: number) => bigint | undefined): IpvsStats {
  const entries = FIELDS.map(([name, type]) => [name, read(type) ?? 0n] as const);
  return Object.fromEntries(entries) as unknown as IpvsStats; // FIELDS names every field of IpvsStats
}

/** The nest STATS64, as the kernel would say it; for fakes and tests. */
export function writeStats(attributes: AttributeWriter, type: number, counted: IpvsStats): void {
  attributes.nest(type, (nest) => {
    for (const [name, field] of FIELDS) nest.u64host(field, counted[name]);
  });
}

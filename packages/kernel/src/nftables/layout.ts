/**
 * Which chain and which mark belongs to which virtual service and real server. Pure.
 *
 * Both are hashes of what they name, so that two directors with one configuration use the same: a connection mark
 * that ctsyncd carried over means the same real server there.
 */
import { crc32, formatEndpoint } from "@systole/wire";
import { type RealServer, serviceKey, type VirtualService } from "../balancer.js";
import type { ServiceTable } from "../service-table.js";

export interface PlacedReal {
  readonly real: RealServer;
  /** Packet and connection mark: MARK_BASE and 24 bits. Part of the names of its chain and counters. */
  readonly mark: number;
}

export interface PlacedService {
  readonly service: VirtualService;
  /** 32 bits; part of the names of its chains and maps. */
  readonly number: number;
  readonly reals: readonly PlacedReal[];
}

export type Layout = readonly PlacedService[];

/** Names of objects that a layout needs in one table. Each chain of a real server has a counter of its name. */
export interface NeededObjects {
  readonly chains: readonly string[];
  readonly maps: readonly string[];
}

/** Marks from here to 0x53ffffff are ours. */
export const MARK_BASE = 0x53000000;

/** Places every service of the table; what was placed before keeps its names. */
export function layOut(table: ServiceTable, before: Layout): Layout {
  const numbers = new Map(before.map(({ service, number }) => [serviceKey(service.id), number]));
  const marks = new Map(
    before.flatMap(({ service, reals }) =>
      reals.map(({ real, mark }) => [realName(service, real), mark] as const),
    ),
  );
  const usedNumbers = new Set(numbers.values());
  const usedMarks = new Set(marks.values());
  return [...table].map(([key, { service, reals }]) => ({
    service,
    number: numbers.get(key) ?? free(hash(key), usedNumbers, 0, 0xffff_ffff),
    reals: [...reals.values()].map((real) => {
      const name = realName(service, real);
      return { real, mark: marks.get(name) ?? free(hash(name) & 0xff_ffff, usedMarks, MARK_BASE, 0xff_ffff) };
    }),
  }));
}

/** The table that a layout holds. */
export function tableOf(layout: Layout): ServiceTable {
  return new Map(
    layout.map(({ service, reals }) => [
      serviceKey(service.id),
      { service, reals: new Map(reals.map(({ real }) => [formatEndpoint(real.endpoint), real])) },
    ]),
  );
}

/** Names of chains, counters and maps. */
export const names = {
  /** Chooses a real server of the service. */
  service: ({ number }: PlacedService) => `s_${hex(number)}`,
  /** Sends to the real server; also its counter. */
  real: ({ mark }: PlacedReal) => `r_${hex(mark)}`,
  /** Starts a flow to a `gate` real server; also its counter. */
  fresh: ({ mark }: PlacedReal) => `n_${hex(mark)}`,
  /** Clients of a persistent service. */
  clients: ({ number }: PlacedService) => `p_${hex(number)}`,
  /** Flows of a service with `gate`. */
  flows: ({ number }: PlacedService) => `f_${hex(number)}`,
  /** Ingress of an interface: its name in hexadecimal, because it may hold any character. */
  ingress: (device: string) => `i_${Buffer.from(device).toString("hex")}`,
};

export const hex = (number: number): string => number.toString(16).padStart(8, "0");

const realName = (service: VirtualService, real: RealServer) =>
  `${serviceKey(service.id)} ${formatEndpoint(real.endpoint)}`;

const hash = (text: string): number => crc32(new TextEncoder().encode(text));

/** The wanted number, or the next one that nobody has. */
function free(wanted: number, used: Set<number>, base: number, most: number): number {
  let offset = wanted;
  while (used.has(base + offset)) offset = offset === most ? 0 : offset + 1;
  used.add(base + offset);
  return base + offset;
}

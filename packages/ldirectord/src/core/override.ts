/**
 * What an operator asked for one real server: it stands above the configuration, through reloads and restarts, until
 * `ready` or until its time is over.
 *
 *   drain     no new connections, those that are there go on; checks go on
 *   maint     as if it were down, and nobody is told what its checks say meanwhile
 *   weight    another weight than the configured one while it is up; 0 is as drain
 *
 * A real server that takes no traffic by this does not keep the fallback out. The order stays also while the
 * configuration has no such real server: one that comes back with the next reload comes back drained.
 */
import { earliest, type Instant } from "@systole/machine";

export type OperatorOrder =
  | { readonly kind: "drain" | "maint" }
  | { readonly kind: "weight"; readonly weight: number };

export interface Override {
  readonly order: OperatorOrder;
  /** Who asked, as they called themselves. */
  readonly by: string;
  readonly why: string | undefined;
  /** Wall clock, milliseconds since 1970: for people and for the file. */
  readonly sinceMs: number;
  readonly untilMs: number | undefined;
  /** The same end on the monotonic clock of this process. */
  readonly until: Instant | undefined;
}

/** By service key and real key. */
export type Overrides = ReadonlyMap<string, ReadonlyMap<string, Override>>;

export interface Target {
  readonly service: string;
  readonly real: string;
}

/** No more than so many orders are kept; a further one is refused by the shell. */
export const MOST_OVERRIDES = 65_536;

export const countOverrides = (overrides: Overrides): number =>
  [...overrides.values()].reduce((sum, { size }) => sum + size, 0);

/** The earliest end of an order. */
export const nextExpiry = (overrides: Overrides): Instant | undefined =>
  earliest([...overrides.values()].flatMap((reals) => [...reals.values()].map(({ until }) => until)));

/** The order that stands for this real server. */
export const overrideOf = (overrides: Overrides, service: string, real: string): Override | undefined =>
  overrides.get(service)?.get(real);

/** Up, and not taken out by hand. */
export const takesTraffic = (up: boolean, override: Override | undefined): boolean =>
  up && (override === undefined || (override.order.kind === "weight" && override.order.weight > 0));

export const isInMaintenance = (override: Override | undefined): boolean => override?.order.kind === "maint";

/**
 * From what is to be brought in line to a batch of changes, given the table as it is at this moment.
 *
 * The table is read before every batch, so that what an administrator changed by hand stays until the next transition
 * of that entry. A service that vanished altogether is set up again.
 */
import type { BalancerChange, BalancerTable } from "@systole/kernel";
import { formatEndpoint } from "@systole/wire";
import type { ServiceConfig } from "./configured.js";
import type { Planned, Purpose, RealState, ServiceState, Work } from "./director-state.js";
import { fallbackWish } from "./fallback.js";
import { type Overrides, overrideOf, takesTraffic } from "./override.js";
import { type Entries, entriesOf, planReal, planRemoval, planService, type RealWish } from "./plan.js";
import { realWish } from "./quiesce.js";

export const FALLBACK = "";

export const noWork: Work = { establish: new Set(), touched: new Map(), removals: new Map(), news: [] };

export const isIdle = ({ establish, touched, removals }: Work): boolean =>
  establish.size + touched.size + removals.size === 0;

export const withEstablish = (work: Work, keys: Iterable<string>): Work => ({
  ...work,
  establish: new Set([...work.establish, ...keys]),
});

/** Adds one entry of one service; `FALLBACK` for the fallback server. */
export function withTouched(work: Work, service: string, entry: string): Work {
  const entries = new Set(work.touched.get(service)).add(entry);
  return { ...work, touched: new Map(work.touched).set(service, entries) };
}

export interface WorkContext {
  readonly services: ReadonlyMap<string, ServiceState>;
  readonly overrides: Overrides;
}

/** The batch for `work`, in the order of the file; within a service real servers first, then the fallback. */
export function planWork(
  work: Work,
  { services, overrides }: WorkContext,
  table: BalancerTable,
): readonly Planned[] {
  const entries = entriesOf(table);
  const removals = [...work.removals.values()].flatMap(({ config, serving, purpose }) =>
    planRemoval(config.virtual.id, serving, entries).map(
      (change): Planned => ({ change, service: config, purpose: { kind: "removal", purpose } }),
    ),
  );
  const kept = [...services].flatMap(([key, service]) => {
    const touched = work.touched.get(key);
    const missing = touched !== undefined && !entries.has(key);
    if (work.establish.has(key) || missing) return planWhole(service, overrides, entries);
    return touched === undefined ? [] : planTouched(service, overrides, touched, entries);
  });
  return [...removals, ...kept];
}

function planWhole(service: ServiceState, overrides: Overrides, entries: Entries): readonly Planned[] {
  const { config } = service;
  const fallback = fallbackWish(config, service.fallbackUsed);
  const shared = fallback?.kind === "present" ? formatEndpoint(fallback.real.endpoint) : undefined;
  const reals = [...service.reals.values()]
    .filter((real) => real.config.key !== shared)
    .map((real) => wishOf(service, real, overrides, true));
  const wishes: readonly RealWish[] = fallback === undefined ? reals : [...reals, fallback];
  return planService({ virtual: config.virtual, reals: wishes }, entries).map((change) => ({
    change,
    service: config,
    purpose: purposeOf(change, service, overrides),
  }));
}

function planTouched(
  service: ServiceState,
  overrides: Overrides,
  touched: ReadonlySet<string>,
  entries: Entries,
): readonly Planned[] {
  const { config } = service;
  const { id } = config.virtual;
  const entry = entries.get(config.key);
  const fallback = fallbackWish(config, service.fallbackUsed);
  const shared = fallback?.kind === "present" ? formatEndpoint(fallback.real.endpoint) : undefined;
  const planned = (changes: readonly BalancerChange[], purpose: Purpose): readonly Planned[] =>
    changes.map((change) => ({ change, service: config, purpose }));
  const reals = [...service.reals.values()]
    .filter((real) => touched.has(real.config.key) && real.config.key !== shared)
    .flatMap((real) => {
      const wish = wishOf(service, real, overrides, false);
      return planned(planReal(id, wish, entry), realPurpose(service, real, overrides));
    });
  if (fallback === undefined || !touched.has(FALLBACK)) return reals;
  const used = service.fallbackUsed;
  return [...reals, ...planned(planReal(id, fallback, entry), { kind: "fallback", used })];
}

const wishOf = (
  { config }: ServiceState,
  real: RealState,
  overrides: Overrides,
  establishing: boolean,
): RealWish =>
  realWish(config, real.config, real.up, {
    establishing,
    override: overrideOf(overrides, config.key, real.config.key),
  });

function realPurpose(
  { config: { key } }: ServiceState,
  { config, up }: RealState,
  overrides: Overrides,
): Purpose {
  return { kind: "real", real: config, up: takesTraffic(up, overrideOf(overrides, key, config.key)) };
}

/** Whose entry a change of a whole service is about. */
function purposeOf(change: BalancerChange, service: ServiceState, overrides: Overrides): Purpose {
  const endpoint =
    change.type === "remove-real" ? change.real : "real" in change ? change.real.endpoint : undefined;
  if (endpoint === undefined) return { kind: "service" };
  const key = formatEndpoint(endpoint);
  if (isFallback(service.config, key)) {
    if (service.fallbackUsed || !service.reals.has(key))
      return { kind: "fallback", used: service.fallbackUsed };
  }
  const real = service.reals.get(key);
  return real === undefined ? { kind: "stranger" } : realPurpose(service, real, overrides);
}

const isFallback = ({ fallback }: ServiceConfig, key: string): boolean =>
  fallback !== undefined && formatEndpoint(fallback.endpoint) === key;

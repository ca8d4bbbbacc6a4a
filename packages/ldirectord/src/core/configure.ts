/** A new configuration, at the start and at every reload: by difference; what still has a place keeps its state. */
import { type Instant, milliseconds, plus, type Step } from "@systole/machine";
import { checks as allChecks, type CheckState, newCheck } from "./check.js";
import type { DirectorConfig, PeriodicCheck, RealConfig, ServiceConfig } from "./configured.js";
import type {
  CheckUser,
  DirectorAction,
  DirectorState,
  RealState,
  Removal,
  ServiceState,
} from "./director-state.js";
import { driftAfter } from "./drift.js";
import { overrideOf, takesTraffic } from "./override.js";
import { noWork, withEstablish } from "./table-work.js";

/**
 * First checks start within this time, or within their interval if that is shorter; the second ones are spread over
 * the whole interval, and so are all that follow.
 */
const FIRST_CHECKS = milliseconds(1000);

export function configure(
  state: DirectorState,
  config: DirectorConfig,
  now: Instant,
): Step<DirectorState, DirectorAction> {
  const services = new Map(
    config.services.map((service) => [service.key, serviceState(service, state, now)]),
  );
  const { checks, actions } = checksFor(services, state, now);
  const removals = new Map<string, Removal>(
    [...state.table.work.removals].filter(([key]) => !services.has(key)),
  );
  for (const [key, old] of state.services) {
    if (services.has(key) || state.role === "standby") continue;
    const serving = [...old.reals.values()].filter(({ up }) => up).map((real) => real.config.endpoint);
    removals.set(key, { config: old.config, serving, purpose: "reload" });
  }
  const work = withEstablish(
    { ...noWork, removals, news: state.table.work.news },
    state.role === "standby" ? [] : services.keys(),
  );
  const after: DirectorState = {
    ...state,
    config,
    services,
    checks: allChecks.of(checks),
    users: usersOf(services),
    table: { ...state.table, work, notBefore: undefined, refused: new Map() },
  };
  return { state: { ...after, nextDrift: driftAfter(after, now) }, actions };
}

function serviceState(config: ServiceConfig, state: DirectorState, now: Instant): ServiceState {
  const old = state.services.get(config.key);
  const reals = new Map(
    config.reals.map((real) => [real.key, realState(real, old?.reals.get(real.key), now)]),
  );
  const used = ![...reals.values()].some(({ config: { key }, up }) =>
    takesTraffic(up, overrideOf(state.overrides, config.key, key)),
  );
  return {
    config,
    reals,
    // What the table has is not known before the first look: the command of the fallback follows from there.
    fallbackUsed: old?.fallbackUsed ?? false,
    fallbackTold: used && (old?.fallbackTold ?? false),
  };
}

function realState(config: RealConfig, old: RealState | undefined, now: Instant): RealState {
  const check = config.check.kind === "periodic" ? checkKey(config.check) : undefined;
  if (config.check.kind === "always")
    return { config, check, up: true, known: true, since: now, why: undefined };
  if (old === undefined)
    return { config, check, up: false, known: false, since: now, why: "not checked yet" };
  return { ...old, config, check };
}

/** Two real servers that are asked the same thing, in the same way, are one check. */
export const checkKey = (check: PeriodicCheck): string => JSON.stringify(check);

function usersOf(services: ReadonlyMap<string, ServiceState>): ReadonlyMap<string, readonly CheckUser[]> {
  const users = new Map<string, CheckUser[]>();
  for (const [service, { reals }] of services) {
    for (const [real, { check }] of reals) {
      if (check === undefined) continue;
      const known = users.get(check);
      if (known === undefined) users.set(check, [{ service, real }]);
      else known.push({ service, real });
    }
  }
  return users;
}

function checksFor(services: ReadonlyMap<string, ServiceState>, state: DirectorState, now: Instant) {
  const wanted = new Map<
    string,
    { readonly config: PeriodicCheck; readonly up: boolean; readonly known: boolean }
  >();
  for (const service of services.values()) {
    for (const { config, check, up, known } of service.reals.values()) {
      if (check === undefined || config.check.kind !== "periodic") continue;
      const before = wanted.get(check);
      wanted.set(check, {
        config: config.check,
        up: up || before?.up === true,
        known: known || before?.known === true,
      });
    }
  }
  const fresh = [...wanted].filter(([key]) => !state.checks.has(key)).length;
  const checks = new Map<string, CheckState>();
  let index = 0;
  for (const [key, { config, up }] of wanted) {
    const kept = state.checks.get(key);
    if (kept !== undefined) checks.set(key, kept);
    else {
      const spread = Math.min(FIRST_CHECKS, config.interval);
      const dueAt = plus(now, milliseconds((spread * index) / fresh));
      const stagger =
        spread === config.interval ? 1 : (index + 1 - (index * spread) / config.interval) / fresh;
      const check = newCheck(config, dueAt, stagger);
      index += 1;
      checks.set(key, up ? { ...check, verdict: "up" } : check);
    }
  }
  const actions = [...state.checks.keys()]
    .filter((key) => !checks.has(key))
    .map((check): DirectorAction => ({ type: "forget-check", check }));
  return { checks, actions };
}

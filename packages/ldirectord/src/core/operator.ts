/** Gives and takes back the orders of operators; what they mean is in `override.ts`. */
import type { Instant, Step } from "@systole/machine";
import type { DirectorAction, DirectorState } from "./director-state.js";
import type { Override, Overrides, Target } from "./override.js";
import { settleFallback, touch } from "./verdict.js";

/** Gives an order for some real servers, or takes it back. */
export function operate(
  before: DirectorState,
  targets: readonly Target[],
  override: Override | undefined,
): Step<DirectorState, DirectorAction> {
  let state: DirectorState = { ...before, overrides: withTargets(before.overrides, targets, override) };
  const actions: DirectorAction[] = [{ type: "keep-overrides", overrides: state.overrides }];
  for (const { service: key, real: name } of targets) {
    const service = state.services.get(key);
    const real = service?.reals.get(name);
    if (service === undefined || real === undefined) continue;
    const news = { kind: "operated", service: service.config, real: real.config, override } as const;
    actions.push({ type: "report", report: { ...news, active: state.role === "active" } });
    const settled = settleFallback(touch(state, key, name), key);
    state = settled.state;
    actions.push(...settled.actions);
  }
  return { state, actions };
}

/** Takes back the orders whose time is over. */
export function expire(state: DirectorState, now: Instant): Step<DirectorState, DirectorAction> {
  const over = [...state.overrides].flatMap(([service, reals]) =>
    [...reals]
      .filter(([, { until }]) => until !== undefined && until <= now)
      .map(([real]): Target => ({ service, real })),
  );
  return over.length === 0 ? { state, actions: [] } : operate(state, over, undefined);
}

function withTargets(
  before: Overrides,
  targets: readonly Target[],
  override: Override | undefined,
): Overrides {
  const after = new Map(before);
  for (const { service, real } of targets) {
    const reals = new Map(after.get(service));
    if (override === undefined) reals.delete(real);
    else reals.set(real, override);
    if (reals.size === 0) after.delete(service);
    else after.set(service, reals);
  }
  return after;
}

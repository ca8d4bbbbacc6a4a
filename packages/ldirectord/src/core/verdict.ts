/** A check's verdict reaches every real server that asked for it; the fallback follows. */
import type { Instant, Step } from "@systole/machine";
import type { CheckAction } from "./check.js";
import type { DirectorAction, DirectorState, RealState, Report, ServiceState } from "./director-state.js";
import { isInMaintenance, overrideOf, takesTraffic } from "./override.js";
import { FALLBACK, withTouched } from "./table-work.js";

type DirectorStep = Step<DirectorState, DirectorAction>;
type Passed = Extract<CheckAction, { type: "passed" }>;
type Failed = Extract<CheckAction, { type: "failed" | "failed-softly" }>;

const report = (news: Report): DirectorAction => ({ type: "report", report: news });

/** For the log at once, for the other daemons when the table has followed. Of maintenance nobody hears. */
function tell(state: DirectorState, news: Report & { readonly kind: "real-up" | "real-down" }): DirectorStep {
  if (isInMaintenance(overrideOf(state.overrides, news.service.key, news.real.key)))
    return { state, actions: [] };
  return { state: withNews(state, news), actions: [report(news)] };
}

function withNews(state: DirectorState, news: Report): DirectorState {
  const { work } = state.table;
  return { ...state, table: { ...state.table, work: { ...work, news: [...work.news, news] } } };
}

export function passed(state: DirectorState, check: string, action: Passed, now: Instant): DirectorStep {
  return forEachUser(state, check, (current, service, real) => {
    const forgiven =
      action.forgiven > 0 ? [report({ kind: "soft-reset", service: service.config, real: real.config })] : [];
    if (real.up) return { state: replace(current, service, { ...real, known: true }), actions: forgiven };
    const returned = replace(current, service, {
      ...real,
      up: true,
      known: true,
      since: now,
      why: undefined,
    });
    const told = tell(returned, {
      kind: "real-up",
      service: service.config,
      real: real.config,
      active: state.role === "active",
      downMs: real.known ? now - real.since : undefined,
      first: !real.known,
    });
    const { key } = service.config;
    const next = settleFallback(touch(told.state, key, real.config.key), key);
    return { state: next.state, actions: [...forgiven, ...told.actions, ...next.actions] };
  });
}

export function failed(state: DirectorState, check: string, action: Failed, now: Instant): DirectorStep {
  return forEachUser(state, check, (current, service, real) => {
    const { result } = action;
    const about = { service: service.config, real: real.config, result };
    if (action.type === "failed-softly") {
      const { failures, limit } = action;
      const silent = isInMaintenance(overrideOf(state.overrides, service.config.key, real.config.key));
      const soft = real.up && !silent ? [report({ kind: "soft-failure", ...about, failures, limit })] : [];
      return { state: current, actions: soft };
    }
    if (!real.up && real.known) return { state: current, actions: [] };
    const down = replace(current, service, {
      ...real,
      up: false,
      known: true,
      since: now,
      why: result.reason,
    });
    const { key } = service.config;
    const others = down.services.get(key)!.reals; // it was just replaced
    const last = ![...others.values()].some(({ up }) => up);
    const told = tell(down, { kind: "real-down", ...about, active: state.role === "active", last });
    const after = real.up ? touch(told.state, key, real.config.key) : told.state;
    const next = settleFallback(after, key);
    return { state: next.state, actions: [...told.actions, ...next.actions] };
  });
}

/** Puts the fallback in or out after real servers of this service changed, and tells when people should know. */
export function settleFallback(state: DirectorState, key: string): DirectorStep {
  const service = state.services.get(key)!; // callers name a service that exists
  const reals = [...service.reals.values()];
  const used = !reals.some(({ config, up }) =>
    takesTraffic(up, overrideOf(state.overrides, key, config.key)),
  );
  const told = used && (service.fallbackTold || reals.every(({ known }) => known));
  if (used === service.fallbackUsed && told === service.fallbackTold) return { state, actions: [] };
  const services = new Map(state.services).set(key, { ...service, fallbackUsed: used, fallbackTold: told });
  let after: DirectorState = { ...state, services };
  const { config } = service;
  const active = state.role === "active";
  if (told !== service.fallbackTold && config.fallback !== undefined) {
    after = withNews(after, { kind: told ? "fallback-used" : "fallback-left", service: config, active });
  }
  if (used === service.fallbackUsed) return { state: after, actions: [] };
  const command: readonly DirectorAction[] =
    active && config.fallbackCommand !== undefined
      ? [{ type: "fallback-command", service: config, verb: used ? "start" : "stop" }]
      : [];
  return { state: touch(after, key, FALLBACK), actions: command };
}

function forEachUser(
  before: DirectorState,
  check: string,
  change: (state: DirectorState, service: ServiceState, real: RealState) => DirectorStep,
): DirectorStep {
  let state = before;
  const actions: DirectorAction[] = [];
  for (const user of before.users.get(check) ?? []) {
    const service = state.services.get(user.service)!; // configure() names only what is there
    const step = change(state, service, service.reals.get(user.real)!);
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions };
}

function replace(state: DirectorState, service: ServiceState, real: RealState): DirectorState {
  const reals = new Map(service.reals).set(real.config.key, real);
  return { ...state, services: new Map(state.services).set(service.config.key, { ...service, reals }) };
}

/**
 * One entry of a service is to be brought in line, now: a pause after a refusal is not for others.
 * A standby director has nothing to do with the table.
 */
export function touch(state: DirectorState, service: string, entry: string): DirectorState {
  if (state.role === "standby") return state;
  const work = withTouched(state.table.work, service, entry);
  return { ...state, table: { ...state.table, work, notBefore: undefined } };
}

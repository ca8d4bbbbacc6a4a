/** A check's verdict reaches every real server that asked for it; the fallback follows. */
import type { Instant, Step } from "@systole/machine";
import type { CheckAction } from "./check.js";
import type { DirectorAction, DirectorState, RealState, Report, ServiceState } from "./director-state.js";
import { FALLBACK, withTouched } from "./table-work.js";

type DirectorStep = Step<DirectorState, DirectorAction>;
type Passed = Extract<CheckAction, { type: "passed" }>;
type Failed = Extract<CheckAction, { type: "failed" | "failed-softly" }>;

const report = (news: Report): DirectorAction => ({ type: "report", report: news });

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
    const news = report({
      kind: "real-up",
      service: service.config,
      real: real.config,
      active: state.role === "active",
      downMs: real.known ? now - real.since : undefined,
      first: !real.known,
    });
    const next = settleFallback(touch(returned, service, real.config.key), service.config.key);
    return { state: next.state, actions: [...forgiven, news, ...next.actions] };
  });
}

export function failed(state: DirectorState, check: string, action: Failed, now: Instant): DirectorStep {
  return forEachUser(state, check, (current, service, real) => {
    const { result } = action;
    const about = { service: service.config, real: real.config, result };
    if (action.type === "failed-softly") {
      const { failures, limit } = action;
      const soft = real.up ? [report({ kind: "soft-failure", ...about, failures, limit })] : [];
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
    const after = real.up ? touch(down, service, real.config.key) : down;
    const next = settleFallback(after, service.config.key);
    const others = next.state.services.get(service.config.key)!.reals; // it was just replaced
    const last = ![...others.values()].some(({ up }) => up);
    const news = report({ kind: "real-down", ...about, active: state.role === "active", last });
    return { state: next.state, actions: [news, ...next.actions] };
  });
}

/** Puts the fallback in or out after real servers of this service changed, and tells when people should know. */
export function settleFallback(state: DirectorState, key: string): DirectorStep {
  const service = state.services.get(key)!; // callers name a service that exists
  const reals = [...service.reals.values()];
  const used = !reals.some(({ up }) => up);
  const told = used && (service.fallbackTold || reals.every(({ known }) => known));
  if (used === service.fallbackUsed && told === service.fallbackTold) return { state, actions: [] };
  const services = new Map(state.services).set(key, { ...service, fallbackUsed: used, fallbackTold: told });
  const after: DirectorState = { ...state, services };
  const { config } = service;
  const active = state.role === "active";
  const actions: DirectorAction[] = [];
  if (told !== service.fallbackTold && config.fallback !== undefined) {
    actions.push(report({ kind: told ? "fallback-used" : "fallback-left", service: config, active }));
  }
  if (used === service.fallbackUsed) return { state: after, actions };
  if (active && config.fallbackCommand !== undefined) {
    actions.push({ type: "fallback-command", service: config, verb: used ? "start" : "stop" });
  }
  return { state: touch(after, service, FALLBACK), actions };
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

/** A standby director has nothing to do with the table. */
function touch(state: DirectorState, service: ServiceState, entry: string): DirectorState {
  if (state.role === "standby") return state;
  const work = withTouched(state.table.work, service.config.key, entry);
  return { ...state, table: { ...state.table, work } };
}

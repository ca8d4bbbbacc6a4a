/**
 * Wires checks, verdicts, fallback and table into one machine.
 *
 *   check verdict -> real server up or down -> fallback in or out -> work -> read table -> plan -> apply
 *
 * Rules:
 * - No real server gets weight above 0 before its first success, unless it was found in the table with weight above 0.
 * - One look at the table at a time; what comes meanwhile waits and is planned together at the next look.
 * - A change that is refused is told once and tried again, with pauses from 1 s to 60 s.
 * - A standby director learns everything and touches nothing; `activate` brings the table in line with what it knows.
 */
import {
  earliest,
  type Instant,
  type Machine,
  milliseconds,
  type Of,
  type Step,
  seconds,
} from "@systole/machine";
import { type CheckAction, type CheckEvent, checks } from "./check.js";
import { configure } from "./configure.js";
import type { DirectorAction, DirectorEvent, DirectorState, Role } from "./director-state.js";
import { driftAfter } from "./drift.js";
import { expire, operate } from "./operator.js";
import { nextExpiry, type Overrides } from "./override.js";
import { adopt, applied, look, unreadable } from "./table-phase.js";
import { isIdle, noWork, withEstablish } from "./table-work.js";
import { failed, passed } from "./verdict.js";

/** A director that has no configuration yet, but for the orders that operators gave its predecessor. */
export const newDirector = (role: Role, overrides: Overrides = new Map()): DirectorState => ({
  role,
  config: { services: [], reconcile: { every: undefined, strict: false } },
  services: new Map(),
  checks: checks.of([]),
  users: new Map(),
  table: {
    phase: { kind: "idle" },
    work: noWork,
    notBefore: undefined,
    pause: seconds(1),
    refused: new Map(),
  },
  overrides,
  waiting: [],
  nextDrift: undefined,
});

type DirectorStep = Step<DirectorState, DirectorAction>;

export const directorMachine: Machine<DirectorState, DirectorEvent, DirectorAction> = {
  step(state, event, now) {
    const first = decide(state, event, now);
    const then = look(first.state, now);
    return { state: then.state, actions: [...first.actions, ...then.actions] };
  },
  nextDeadline(state) {
    const { phase, work, notBefore } = state.table;
    const idle = phase.kind === "idle";
    return earliest([
      state.checks.deadline,
      nextExpiry(state.overrides),
      idle && !isIdle(work) ? notBefore : undefined,
      idle && state.role === "active" ? state.nextDrift : undefined,
    ]);
  },
};

function decide(state: DirectorState, event: DirectorEvent | { type: "tick" }, now: Instant): DirectorStep {
  switch (event.type) {
    case "tick":
      return tick(state, now);
    case "configure":
      return configure(state, event.config, now);
    case "activate":
      return activate(state, event.request, now);
    case "deactivate":
      return deactivate(state, event.request);
    case "operate": {
      const waiting = [...state.waiting, event.request];
      return operate({ ...state, waiting }, event.targets, event.override);
    }
    case "checked":
      return feedCheck(state, event.check, { type: "result", result: event.result }, now);
    case "table":
      return adopt(state, event.table, now);
    case "table-unreadable":
      return unreadable(state, event.problem, now);
    case "applied":
      return applied(state, event.problems, now);
  }
}

function tick(state: DirectorState, now: Instant): DirectorStep {
  const { state: after, actions } = checks.tick(state.checks, now);
  const ticked = carryOut({ ...state, checks: after }, actions, now);
  const expired = expire(ticked.state, now);
  return { state: expired.state, actions: [...ticked.actions, ...expired.actions] };
}

function feedCheck(state: DirectorState, check: string, event: CheckEvent, now: Instant): DirectorStep {
  const { state: after, actions } = checks.step(state.checks, check, event, now);
  return carryOut({ ...state, checks: after }, actions, now);
}

function carryOut(
  before: DirectorState,
  news: readonly Of<string, CheckAction>[],
  now: Instant,
): DirectorStep {
  let state = before;
  const actions: DirectorAction[] = [];
  for (const { of: check, action } of news) {
    if (action.type === "start") {
      const { config } = state.checks.get(check)!; // it has just said something
      actions.push({ type: "start-check", check, spec: action.spec, config });
      continue;
    }
    const step =
      action.type === "passed" ? passed(state, check, action, now) : failed(state, check, action, now);
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions };
}

function activate(state: DirectorState, request: number, now: Instant): DirectorStep {
  const waiting = [...state.waiting, request];
  if (state.role === "active") return { state: { ...state, waiting }, actions: [] };
  const work = withEstablish(state.table.work, state.services.keys());
  const table = { ...state.table, work, notBefore: undefined };
  const actions = [...state.services.values()]
    .filter(({ config, fallbackUsed }) => fallbackUsed && config.fallbackCommand !== undefined)
    .map(({ config }): DirectorAction => ({ type: "fallback-command", service: config, verb: "start" }));
  const after: DirectorState = { ...state, role: "active", table, waiting };
  return { state: { ...after, nextDrift: driftAfter(after, now) }, actions };
}

/** Takes our services out of the table, but for those with `cleanstop=no`. Checks go on. */
function deactivate(state: DirectorState, request: number): DirectorStep {
  const waiting = [...state.waiting, request];
  if (state.role === "standby") return { state: { ...state, waiting }, actions: [] };
  const removals = new Map(state.table.work.removals);
  for (const [key, service] of state.services) {
    if (!service.config.cleanStop) continue;
    const serving = [...service.reals.values()].filter(({ up }) => up).map(({ config }) => config.endpoint);
    removals.set(key, { config: service.config, serving, purpose: "stop" });
  }
  const table = {
    ...state.table,
    work: { ...noWork, removals, news: state.table.work.news },
    notBefore: undefined,
    pause: milliseconds(1000),
    refused: new Map<string, string>(),
  };
  return { state: { ...state, role: "standby", table, waiting, nextDrift: undefined }, actions: [] };
}

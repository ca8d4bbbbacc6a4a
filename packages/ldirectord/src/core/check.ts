/**
 * One check: when it runs, how failures count, what its verdict is.
 *
 *   waiting --due--> running --result--> waiting
 *
 *   unknown --passed--> up        unknown --failed--> down
 *   up --failureCount failures in a row, or maintenance--> down        down --successCount successes in a row--> up
 *
 * The interval is measured from start to start, as planned: after a stall of our own the late starts come at once, the
 * ones after them in their old places, still spread. Only the second start is moved, by `stagger`, so that checks which
 * were all wanted at once are soon spread over the interval. A check that is assumed up (its real server was found in
 * the table with weight) counts its failures from the beginning like any other that is up.
 */
import {
  combine,
  type Instant,
  type Machine,
  type Millis,
  milliseconds,
  plus,
  type Step,
} from "@systole/machine";
import type { CheckResult, CheckSpec, PeriodicCheck } from "./configured.js";

export type Verdict = "unknown" | "up" | "down";

export interface CheckState {
  readonly config: PeriodicCheck;
  readonly verdict: Verdict;
  /** In a row, while the verdict is up. */
  readonly failures: number;
  /** In a row, while the verdict is down. */
  readonly successes: number;
  /** `checktype=N`: connect checks to come before the next negotiate check. */
  readonly connectsLeft: number;
  /** Part of the interval until the second start, in (0, 1]; 1 from then on. */
  readonly stagger: number;
  readonly phase:
    | { readonly kind: "waiting"; readonly dueAt: Instant }
    /** `dueAt`: when it was to start; it may have started late. */
    | { readonly kind: "running"; readonly dueAt: Instant };
  readonly last: CheckResult | undefined;
}

export type CheckEvent =
  | { readonly type: "result"; readonly result: CheckResult }
  | { readonly type: "assume-up" };

export type CheckAction =
  | { readonly type: "start"; readonly spec: CheckSpec }
  | { readonly type: "passed"; readonly result: CheckResult; readonly forgiven: number }
  | {
      readonly type: "failed-softly";
      readonly result: Failure;
      readonly failures: number;
      readonly limit: number;
    }
  | { readonly type: "failed"; readonly result: Failure };

export type Failure = Extract<CheckResult, { readonly up: false }>;

/** A check that was never done, first due at `dueAt`. */
export const newCheck = (config: PeriodicCheck, dueAt: Instant, stagger: number): CheckState => ({
  config,
  verdict: "unknown",
  failures: 0,
  successes: 0,
  connectsLeft: 0,
  stagger,
  phase: { kind: "waiting", dueAt },
  last: undefined,
});

export const checkMachine: Machine<CheckState, CheckEvent, CheckAction> = {
  step(state, event, now) {
    switch (event.type) {
      case "tick":
        return due(state, now);
      case "assume-up":
        return { state: state.verdict === "unknown" ? { ...state, verdict: "up" } : state, actions: [] };
      case "result":
        return finished(state, event.result, now);
    }
  },
  nextDeadline: ({ phase }) => (phase.kind === "waiting" ? phase.dueAt : undefined),
};

/** All checks of a director as one machine, by check key. */
export const checks = combine<string, CheckState, CheckEvent, CheckAction>(checkMachine);

function due(state: CheckState, now: Instant): Step<CheckState, CheckAction> {
  if (state.phase.kind !== "waiting" || state.phase.dueAt > now) return { state, actions: [] };
  const { between, spec } = state.config;
  return {
    state: { ...state, phase: { kind: "running", dueAt: state.phase.dueAt } },
    actions: [{ type: "start", spec: between !== undefined && state.connectsLeft > 0 ? between.spec : spec }],
  };
}

function finished(state: CheckState, result: CheckResult, now: Instant): Step<CheckState, CheckAction> {
  if (state.phase.kind !== "running") return { state, actions: [] };
  const { interval } = state.config;
  const next = nextStart(plus(state.phase.dueAt, milliseconds(interval * state.stagger)), interval, now);
  const rested: CheckState = {
    ...state,
    stagger: 1,
    phase: { kind: "waiting", dueAt: next },
    last: result,
  };
  return result.up ? passed(rested, result) : failed(rested, result);
}

/** The regular start, or if that has passed, the first one after it that has not. */
function nextStart(regular: Instant, interval: Millis, now: Instant): Instant {
  if (regular >= now) return regular;
  return plus(regular, milliseconds(Math.ceil((now - regular) / interval) * interval));
}

function passed(state: CheckState, result: CheckResult): Step<CheckState, CheckAction> {
  const count = state.config.between?.count ?? 0;
  const after: CheckState = {
    ...state,
    verdict: "up",
    failures: 0,
    successes: 0,
    connectsLeft: state.connectsLeft > 0 ? state.connectsLeft - 1 : count,
  };
  const successes = state.successes + 1;
  if (state.verdict === "down" && successes < state.config.successCount)
    return { state: { ...after, verdict: "down", successes }, actions: [] };
  const news = state.verdict !== "up" || state.failures > 0;
  return { state: after, actions: news ? [{ type: "passed", result, forgiven: state.failures }] : [] };
}

function failed(state: CheckState, result: Failure): Step<CheckState, CheckAction> {
  const again: CheckState = { ...state, connectsLeft: 0, successes: 0 };
  if (state.verdict === "down") return { state: again, actions: [] };
  const failures = state.failures + 1;
  const limit = state.config.failureCount;
  if (state.verdict === "up" && failures < limit && result.maintenance !== true) {
    return { state: { ...again, failures }, actions: [{ type: "failed-softly", result, failures, limit }] };
  }
  return { state: { ...again, verdict: "down", failures: 0 }, actions: [{ type: "failed", result }] };
}

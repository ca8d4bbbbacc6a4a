/**
 * The conversation with the table: look, adopt, plan, apply, and again.
 *
 *   idle --work, or time to look for drift--> reading --table--> applying --outcomes--> idle
 *
 * The first look adopts: a real server without a verdict that is in the table with weight above 0 counts as up.
 */
import type { BalancerChange, BalancerTable } from "@systole/kernel";
import { type Instant, type Millis, milliseconds, plus, type Step, seconds } from "@systole/machine";
import { formatEndpoint } from "@systole/wire";
import { checks } from "./check.js";
import type {
  DirectorAction,
  DirectorState,
  Planned,
  RealState,
  Report,
  TableState,
} from "./director-state.js";
import { driftAfter } from "./drift.js";
import { type Entries, entriesOf, serviceId } from "./plan.js";
import { FALLBACK, isIdle, noWork, planWork, withEstablish, withTouched } from "./table-work.js";
import { settleFallback } from "./verdict.js";

type DirectorStep = Step<DirectorState, DirectorAction>;

const FIRST_PAUSE: Millis = seconds(1);
const LONGEST_PAUSE: Millis = seconds(60);

/** Starts a look at the table if there is a reason and nothing is under way; else tells who waits that all is done. */
export function look(state: DirectorState, now: Instant): DirectorStep {
  const { phase, work, notBefore } = state.table;
  if (phase.kind !== "idle") return { state, actions: [] };
  const mayTry = notBefore === undefined || notBefore <= now;
  const drift = state.role === "active" && state.nextDrift !== undefined && state.nextDrift <= now;
  if ((!isIdle(work) && mayTry) || drift) {
    const table: TableState = { ...state.table, phase: { kind: "reading", drift }, notBefore: undefined };
    const nextDrift = drift ? driftAfter(state, now) : state.nextDrift;
    return { state: { ...state, table, nextDrift }, actions: [{ type: "read-table" }] };
  }
  // A standby director's table follows nothing.
  if (isIdle(work) && work.news.length > 0) {
    const next = look({ ...state, table: { ...state.table, work: { ...work, news: [] } } }, now);
    return { state: next.state, actions: [...published(work.news), ...next.actions] };
  }
  if (state.waiting.length === 0) return { state, actions: [] };
  const problems = [...state.table.refused].map(([change, problem]) => `${change}: ${problem}`);
  const actions = state.waiting.map((request): DirectorAction => ({ type: "settled", request, problems }));
  return { state: { ...state, waiting: [] }, actions };
}

/** The table as it is at this moment: adopts what is there, plans and applies. */
export function adopt(before: DirectorState, table: BalancerTable, now: Instant): DirectorStep {
  const { phase } = before.table;
  if (phase.kind !== "reading") return { state: before, actions: [] };
  const entries = entriesOf(table);
  const actions: DirectorAction[] = [];
  let state = phase.drift ? repair(before, entries, actions) : before;
  if (state.role === "active") {
    for (const key of state.table.work.establish) {
      const step = adoptService(state, key, entries, now);
      state = step.state;
      actions.push(...step.actions);
    }
  }
  const planned = planWork(state.table.work, state, table);
  const refused = new Map(state.table.refused);
  refused.delete(READ);
  const { news } = state.table.work;
  const next: TableState = {
    ...state.table,
    work: noWork,
    refused,
    phase: planned.length === 0 ? { kind: "idle" } : { kind: "applying", planned, news },
  };
  if (planned.length > 0) actions.push({ type: "apply", changes: planned.map(({ change }) => change) });
  else actions.push(...published(news));
  return { state: { ...state, table: next }, actions };
}

/** Whole services that vanished come back; with `reconcile=strict` everything does. */
function repair(state: DirectorState, entries: Entries, actions: DirectorAction[]): DirectorState {
  const gone = [...state.services.values()].filter(({ config }) => !entries.has(config.key));
  for (const { config } of gone)
    actions.push({ type: "report", report: { kind: "missing", service: config } });
  const keys = state.config.reconcile.strict ? state.services.keys() : gone.map(({ config }) => config.key);
  return { ...state, table: { ...state.table, work: withEstablish(state.table.work, keys) } };
}

function adoptService(before: DirectorState, key: string, entries: Entries, now: Instant): DirectorStep {
  const service = before.services.get(key);
  if (service === undefined) return { state: before, actions: [] };
  let asked = before.checks;
  const serving = new Set(
    (entries.get(key)?.reals ?? [])
      .filter(({ weight }) => weight > 0)
      .map(({ endpoint }) => formatEndpoint(endpoint)),
  );
  // An entry that we put in as the fallback says nothing about the real server of the same address.
  const { fallback } = service.config;
  if (service.fallbackUsed && fallback !== undefined) serving.delete(formatEndpoint(fallback.endpoint));
  const found = (real: RealState): RealState => {
    const { kind } = real.config.check;
    if (real.known) return real;
    if (!serving.has(real.config.key))
      return kind === "never" ? { ...real, known: true, why: "checktype=off" } : real;
    if (real.check !== undefined) asked = checks.step(asked, real.check, { type: "assume-up" }, now).state;
    return { ...real, up: true, known: true, since: now, why: undefined };
  };
  const reals = new Map([...service.reals].map(([name, real]) => [name, found(real)]));
  const services = new Map(before.services).set(key, { ...service, reals });
  return settleFallback({ ...before, checks: asked, services }, key);
}

const published = (news: readonly Report[]): readonly DirectorAction[] =>
  news.map((report) => ({ type: "publish", report }));

/** The outcomes of a batch. What was refused is tried again later. */
export function applied(
  before: DirectorState,
  problems: readonly (string | undefined)[],
  now: Instant,
): DirectorStep {
  const { phase } = before.table;
  if (phase.kind !== "applying") return { state: before, actions: [] };
  const actions: DirectorAction[] = [];
  const refused = new Map(before.table.refused);
  let { work } = before.table;
  let refusals = 0;
  for (const [index, planned] of phase.planned.entries()) {
    const what = describe(planned.change);
    const problem = problems[index];
    if (problem === undefined) {
      refused.delete(what);
      actions.push({ type: "report", report: { kind: "changed", planned } });
      continue;
    }
    refusals += 1;
    if (refused.get(what) !== problem)
      actions.push({ type: "report", report: { kind: "refused", planned, problem } });
    refused.set(what, problem);
    if (before.services.has(planned.service.key)) work = again(work, planned);
  }
  actions.push(...published(phase.news));
  const pause = refusals === 0 ? FIRST_PAUSE : milliseconds(Math.min(before.table.pause * 2, LONGEST_PAUSE));
  const notBefore = refusals === 0 || before.role === "standby" ? undefined : plus(now, before.table.pause);
  const table: TableState = {
    ...before.table,
    phase: { kind: "idle" },
    work: before.role === "standby" && refusals > 0 ? noWork : work,
    refused,
    pause,
    notBefore,
  };
  return { state: { ...before, table }, actions };
}

function again(work: TableState["work"], { service, purpose }: Planned): TableState["work"] {
  switch (purpose.kind) {
    case "real":
      return withTouched(work, service.key, purpose.real.key);
    case "fallback":
      return withTouched(work, service.key, FALLBACK);
    case "service":
    case "stranger":
    case "removal":
      return withEstablish(work, [service.key]);
  }
}

/** The table could not be read at all: say so once, try again later. */
export function unreadable(before: DirectorState, problem: string, now: Instant): DirectorStep {
  const known = before.table.refused.get(READ) === problem;
  const table: TableState = {
    ...before.table,
    phase: { kind: "idle" },
    refused: new Map(before.table.refused).set(READ, problem),
    notBefore: plus(now, before.table.pause),
    pause: milliseconds(Math.min(before.table.pause * 2, LONGEST_PAUSE)),
    work: { ...before.table.work, news: [] },
  };
  const complaint: readonly DirectorAction[] = known
    ? []
    : [{ type: "report", report: { kind: "unreadable", problem } }];
  // The table does not follow, but what happened did happen.
  const actions = [...complaint, ...published(before.table.work.news)];
  return { state: { ...before, table }, actions };
}

const READ = "read the table";

/** A change in a few words: `add-real 10.0.0.11:80 to tcp:192.0.2.10:80`. */
export function describe(change: BalancerChange): string {
  switch (change.type) {
    case "add-service":
    case "change-service":
      return `${change.type} ${serviceId(change.service.id)}`;
    case "remove-service":
      return `${change.type} ${serviceId(change.id)}`;
    case "add-real":
    case "change-real":
      return `${change.type} ${formatEndpoint(change.real.endpoint)} of ${serviceId(change.id)}`;
    case "remove-real":
      return `${change.type} ${formatEndpoint(change.real)} of ${serviceId(change.id)}`;
  }
}

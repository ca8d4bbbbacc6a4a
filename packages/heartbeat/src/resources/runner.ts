/**
 * Starts and stops resource groups: left to right, right to left, one resource after the other.
 *
 * A resource that says it runs is not started again. When one fails to start, the whole group is stopped right to
 * left and the group counts as failed. A stop that fails is tried again each second, a limited number of times. A stop
 * ends a start that is still going on. Every call has a limit in time: no script holds a takeover for ever.
 */
import type { StepTime } from "@systole/bus";
import { between, type Clock, type Instant, seconds } from "@systole/machine";
import { problemOf, type Resource, type ResourceSpec } from "./resource.js";
import { pause, withLimit } from "./time-limit.js";

/** A line of haresources: its key is its first resource as written. */
export interface RunnerGroup {
  readonly key: string;
  readonly resources: readonly ResourceSpec[];
}

export interface RunnerReport {
  /** How long each resource took, in the order they were done. */
  readonly steps: readonly StepTime[];
  readonly totalMs: number;
  /** What did not work although the group runs. */
  readonly degraded: readonly string[];
  /** The first resource that failed; undefined if the group did as told. */
  readonly failed: { readonly resource: string; readonly problem: string } | undefined;
}

export interface RunnerLog {
  /** A resource is about to be told. */
  running(resource: ResourceSpec, action: "start" | "stop"): void;
  failed(resource: ResourceSpec, action: "start" | "stop", problem: string): void;
  /** The whole group is given up because of this resource. */
  givingUp(resource: ResourceSpec): void;
}

export interface RunnerOptions {
  /** How often a failing stop is tried again (`HA_STOPRETRYMAX`). */
  readonly stopRetries: number;
}

const STOP_RETRY_PAUSE = seconds(1);

export interface Runner {
  /** Undefined if a stop came meanwhile. */
  start(group: RunnerGroup): Promise<RunnerReport | undefined>;
  /** Also what an earlier configuration had in the group. */
  stop(group: RunnerGroup): Promise<RunnerReport>;
  /**
   * The group runs, and its line has changed: stops what was taken out, starts what was put in. What fails is told and
   * left: a mistake in a new resource must not take down those that serve.
   */
  change(group: RunnerGroup): Promise<RunnerReport>;
  /** What cannot wait, done before it returns, for every resource of these groups that knows how. */
  each(keys: readonly string[], what: "renew" | "withdraw" | "announce"): void;
  /** Does every resource of the group run? What cannot be asked counts as not running. */
  runs(group: RunnerGroup): Promise<boolean>;
}

interface Dependencies {
  readonly clock: Clock;
  readonly make: (spec: ResourceSpec, group: string) => Resource;
  readonly log: RunnerLog;
}

export function createRunner(options: RunnerOptions, { clock, make, log }: Dependencies): Runner {
  /** One object per resource for as long as the daemon lives: a VIP remembers that it is up. */
  const known = new Map<string, Map<string, Resource>>();
  const starting = new Map<string, { readonly abort: AbortController; readonly done: Promise<unknown> }>();

  function resourcesOf({ key, resources }: RunnerGroup): readonly Resource[] {
    const members = known.get(key) ?? new Map<string, Resource>();
    known.set(key, members);
    return resources.map((spec) => {
      const resource = members.get(spec.text) ?? make(spec, key);
      members.set(spec.text, resource);
      return resource;
    });
  }

  /** What an earlier configuration had in the group and this one has not. */
  function leftovers({ key, resources }: RunnerGroup): readonly Resource[] {
    const wanted = new Set(resources.map(({ text }) => text));
    return [...(known.get(key)?.values() ?? [])].filter(({ spec }) => !wanted.has(spec.text));
  }

  async function startAll(group: RunnerGroup, superseded: AbortSignal): Promise<RunnerReport | undefined> {
    const began = clock.now();
    const steps: StepTime[] = [];
    const degraded: string[] = [];
    for (const resource of resourcesOf(group)) {
      const stepBegan = clock.now();
      const step = resource.spec.text;
      try {
        degraded.push(...(await startOne(resource, superseded)));
        if (superseded.aborted) return undefined;
        steps.push({ step, ms: between(stepBegan, clock.now()) });
      } catch (error) {
        if (superseded.aborted) return undefined;
        const problem = problemOf(error);
        steps.push({ step, ms: between(stepBegan, clock.now()), error: problem });
        log.failed(resource.spec, "start", problem);
        log.givingUp(resource.spec);
        await stopAll(group);
        return superseded.aborted ? undefined : reportOf(began, steps, degraded, { resource: step, problem });
      }
    }
    return reportOf(began, steps, degraded, undefined);
  }

  async function change(group: RunnerGroup): Promise<RunnerReport> {
    const before = new Set(known.get(group.key)?.keys());
    const { steps, failed: stopped } = await stopThese(group.key, leftovers(group).toReversed());
    const began = clock.now();
    const all = [...steps];
    let failed = stopped;
    for (const resource of resourcesOf(group)) {
      const step = resource.spec.text;
      if (before.has(step)) continue;
      const stepBegan = clock.now();
      try {
        await startOne(resource);
        all.push({ step, ms: between(stepBegan, clock.now()) });
      } catch (error) {
        const problem = problemOf(error);
        log.failed(resource.spec, "start", problem);
        all.push({ step, ms: between(stepBegan, clock.now()), error: problem });
        failed ??= { resource: step, problem };
      }
    }
    return reportOf(began, all, [], failed);
  }

  async function startOne(resource: Resource, superseded?: AbortSignal): Promise<readonly string[]> {
    const { limits, spec, idempotent } = resource;
    if (!idempotent && (await ask(resource))) return [];
    superseded?.throwIfAborted();
    log.running(spec, "start");
    return withLimit(
      clock,
      limits.start,
      `${spec.text} start`,
      (signal) => resource.start(signal),
      superseded,
    );
  }

  const stopAll = (group: RunnerGroup): Promise<RunnerReport> =>
    stopThese(group.key, [...resourcesOf(group), ...leftovers(group)].toReversed());

  async function stopThese(key: string, resources: readonly Resource[]): Promise<RunnerReport> {
    const began = clock.now();
    const steps: StepTime[] = [];
    let failed: RunnerReport["failed"];
    for (const resource of resources) {
      const stepBegan = clock.now();
      const step = resource.spec.text;
      const problem = await stopOne(resource);
      const ms = between(stepBegan, clock.now());
      steps.push(problem === undefined ? { step, ms } : { step, ms, error: problem });
      if (problem !== undefined) failed ??= { resource: step, problem };
      else forget(key, resource);
    }
    return reportOf(began, steps, [], failed);
  }

  /** A stopped resource that comes again is made anew, from the configuration of then. */
  const forget = (key: string, { spec }: Resource): void => void known.get(key)?.delete(spec.text);

  /** The problem that is left after all attempts; undefined if it is stopped, however that came about. */
  async function stopOne(resource: Resource): Promise<string | undefined> {
    const { limits, spec } = resource;
    for (let attempt = 0; ; attempt++) {
      log.running(spec, "stop");
      try {
        await withLimit(clock, limits.stop, `${spec.text} stop`, (signal) => resource.stop(signal));
        return undefined;
      } catch (error) {
        const problem = problemOf(error);
        log.failed(spec, "stop", problem);
        if (attempt >= options.stopRetries) return (await runsOrUnknown(resource)) ? problem : undefined;
        await pause(clock, STOP_RETRY_PAUSE);
      }
    }
  }

  const ask = (resource: Resource): Promise<boolean> =>
    withLimit(clock, resource.limits.status, `${resource.spec.text} status`, (signal) =>
      resource.status(signal),
    );

  /** After a stop that failed: what cannot be asked may still be there. */
  const runsOrUnknown = (resource: Resource): Promise<boolean> => ask(resource).catch(() => true);

  function reportOf(
    began: Instant,
    steps: readonly StepTime[],
    degraded: readonly string[],
    failed: RunnerReport["failed"],
  ): RunnerReport {
    return { steps, totalMs: between(began, clock.now()), degraded, failed };
  }

  async function start(group: RunnerGroup): Promise<RunnerReport | undefined> {
    const abort = new AbortController();
    // Not before this turn is over: who asks for a start is in the middle of a step of the core.
    const done = Promise.resolve().then(() => startAll(group, abort.signal));
    const entry = { abort, done };
    starting.set(group.key, entry);
    try {
      return await done;
    } finally {
      if (starting.get(group.key) === entry) starting.delete(group.key);
    }
  }

  return {
    start,
    async stop(group) {
      const running = starting.get(group.key);
      running?.abort.abort(new Error("a stop came meanwhile"));
      await running?.done.catch(() => undefined);
      return stopAll(group);
    },
    change,
    each(keys, what) {
      for (const key of keys) for (const resource of known.get(key)?.values() ?? []) resource[what]?.();
    },
    async runs(group) {
      for (const resource of resourcesOf(group)) if (!(await ask(resource).catch(() => false))) return false;
      return true;
    },
  };
}

/**
 * Starts and stops resource groups: left to right, right to left, one resource after the other.
 *
 * A resource that says it runs is not started again. When one fails to start, the whole group is stopped right to
 * left and the group counts as failed. A stop that fails is tried again each second, a limited number of times.
 * Every call has a limit in time, so that no script holds a takeover for ever.
 */
import type { StepTime } from "@systole/bus";
import { between, type Clock, type Millis, milliseconds, plus, seconds } from "@systole/machine";
import { problemOf, type Resource, ResourceError, type ResourceSpec } from "./resource.js";

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
  /** A resource is about to be told: `Running <script> <args> start`. */
  running(resource: ResourceSpec, action: "start" | "stop"): void;
  failed(resource: ResourceSpec, action: "start" | "stop", problem: string): void;
  givingUp(resource: ResourceSpec): void;
}

export interface RunnerOptions {
  /** How often a failing stop is tried again (`HA_STOPRETRYMAX`); at least 0. */
  readonly stopRetries: number;
}

const STOP_RETRY_PAUSE = seconds(1);

export interface Runner {
  start(group: RunnerGroup): Promise<RunnerReport>;
  stop(group: RunnerGroup): Promise<RunnerReport>;
  /** Renews what would expire by itself in these groups. Nothing is awaited. */
  renew(keys: readonly string[]): void;
  /** Is every resource of the group running? For adoption after a restart and for `status`. */
  running(group: RunnerGroup): Promise<boolean>;
}

export function createRunner(
  options: RunnerOptions,
  { clock, make, log }: { clock: Clock; make: (spec: ResourceSpec) => Resource; log: RunnerLog },
): Runner {
  /** One object per resource for as long as the daemon lives: a VIP remembers that it is up. */
  const resources = new Map<string, Resource>();
  const members = new Map<string, readonly Resource[]>();

  function resourcesOf(group: RunnerGroup): readonly Resource[] {
    const found = group.resources.map((spec) => {
      const known = resources.get(spec.text) ?? make(spec);
      resources.set(spec.text, known);
      return known;
    });
    members.set(group.key, found);
    return found;
  }

  async function start(group: RunnerGroup): Promise<RunnerReport> {
    const steps: StepTime[] = [];
    const degraded: string[] = [];
    const began = clock.now();
    for (const resource of resourcesOf(group)) {
      const began = clock.now();
      try {
        degraded.push(...(await startOne(resource)));
        steps.push({ step: resource.spec.text, ms: between(began, clock.now()) });
      } catch (error) {
        const problem = problemOf(error);
        steps.push({ step: resource.spec.text, ms: between(began, clock.now()), error: problem });
        log.failed(resource.spec, "start", problem);
        log.givingUp(resource.spec);
        await stop(group);
        return report(steps, degraded, { resource: resource.spec.text, problem });
      }
    }
    return report(steps, degraded, undefined);

    function report(
      ...[steps, degraded, failed]: [StepTime[], string[], RunnerReport["failed"]]
    ): RunnerReport {
      return { steps, degraded, failed, totalMs: between(began, clock.now()) };
    }
  }

  async function startOne(resource: Resource): Promise<readonly string[]> {
    const { limits, spec } = resource;
    const runs = !resource.idempotent && (await limited(limits.status, spec, "status", resource.status));
    if (runs) return [];
    log.running(spec, "start");
    return limited(limits.start, spec, "start", (signal) => resource.start(signal));
  }

  async function stop(group: RunnerGroup): Promise<RunnerReport> {
    const steps: StepTime[] = [];
    const began = clock.now();
    let failed: RunnerReport["failed"];
    for (const resource of resourcesOf(group).toReversed()) {
      const began = clock.now();
      const problem = await stopOne(resource);
      const ms = between(began, clock.now());
      const step = resource.spec.text;
      steps.push(problem === undefined ? { step, ms } : { step, ms, error: problem });
      if (problem !== undefined) failed ??= { resource: step, problem };
    }
    return { steps, degraded: [], failed, totalMs: between(began, clock.now()) };
  }

  /** The problem that is left after all attempts; undefined if it is stopped, however that came about. */
  async function stopOne(resource: Resource): Promise<string | undefined> {
    const { limits, spec } = resource;
    for (let attempt = 0; ; attempt++) {
      log.running(spec, "stop");
      try {
        await limited(limits.stop, spec, "stop", (signal) => resource.stop(signal));
        return undefined;
      } catch (error) {
        const problem = problemOf(error);
        log.failed(spec, "stop", problem);
        if (attempt >= options.stopRetries) return (await stillRuns(resource)) ? problem : undefined;
        await pause(clock, STOP_RETRY_PAUSE);
      }
    }
  }

  async function stillRuns(resource: Resource): Promise<boolean> {
    try {
      return await limited(resource.limits.status, resource.spec, "status", (signal) =>
        resource.status(signal),
      );
    } catch {
      return true; // nobody knows: say so rather than hope
    }
  }

  function limited<Value>(
    limit: Millis,
    spec: ResourceSpec,
    action: string,
    call: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    return withLimit(clock, limit, `${spec.text} ${action}`, call);
  }

  return {
    start,
    stop,
    renew(keys) {
      for (const key of keys) for (const resource of members.get(key) ?? []) resource.renew?.();
    },
    async running(group) {
      for (const resource of resourcesOf(group)) if (!(await stillRuns(resource))) return false;
      return true;
    },
  };
}

/** Runs a call that is told to end, and given up on, when its time is over. */
export function withLimit<Value>(
  clock: Clock,
  limit: Millis,
  what: string,
  call: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const callOff = clock.at(plus(clock.now(), limit), () => {
      const error = new ResourceError("time-limit", `${what}: no answer within ${limit / 1000} s`);
      controller.abort(error);
      reject(error);
    });
    call(controller.signal).then(resolve, reject).finally(callOff);
  });
}

/** Resolves after so long. */
export function pause(clock: Clock, length: Millis): Promise<void> {
  return new Promise((resolve) => clock.at(plus(clock.now(), milliseconds(length)), resolve));
}

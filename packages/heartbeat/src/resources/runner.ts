/**
 * Starts and stops resource groups: left to right, right to left, one resource after the other.
 *
 * A resource that says it runs is not started again. When one fails to start, the whole group is stopped right to
 * left and the group counts as failed. A stop that fails is tried again each second, a limited number of times. A stop
 * ends a start that is still going on, and a question after the status. Every call has a limit in time: no script
 * holds a takeover for ever.
 */
import type { StepTime } from "@systole/bus";
import { between, type Clock, type Instant, seconds } from "@systole/machine";
import type { Finding } from "../core/finding.js";
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
  readonly stopRetries: () => number;
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
  /** Whether each resource runs, one after the other; nothing if something of the group is being started or stopped. */
  ask(group: RunnerGroup): Promise<readonly Finding[]>;
  /**
   * Starts again what is down in a group that runs. What cannot be started twice is stopped together with all that
   * stands behind it, and started with it; the first that fails ends it. Undefined if a stop came meanwhile.
   */
  restart(group: RunnerGroup, down: readonly string[]): Promise<RunnerReport | undefined>;
  /** What cannot wait, done before it returns, for every resource of these groups that knows how. */
  each(keys: readonly string[], what: "renew" | "withdraw" | "announce"): void;
}

interface Dependencies {
  readonly clock: Clock;
  readonly make: (spec: ResourceSpec, group: string) => Resource;
  readonly log: RunnerLog;
}

export const createRunner = (options: RunnerOptions, dependencies: Dependencies): Runner =>
  new GroupRunner(options, dependencies);

/** A start or a change that goes on. */
interface Work {
  readonly abort: AbortController;
  readonly done: Promise<unknown>;
}

class GroupRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #world: Dependencies;
  /** One object per resource while it may run: a VIP remembers that it is up. By group, by text. */
  readonly #known = new Map<string, Map<string, Resource>>();
  readonly #starting = new Map<string, Work>();
  readonly #asking = new Map<string, AbortController>();

  constructor(options: RunnerOptions, dependencies: Dependencies) {
    this.#options = options;
    this.#world = dependencies;
  }

  start(group: RunnerGroup): Promise<RunnerReport | undefined> {
    return this.#work(group.key, (superseded) => this.#startAll(group, superseded));
  }

  async stop(group: RunnerGroup): Promise<RunnerReport> {
    this.#askNoMore(group.key);
    const running = this.#starting.get(group.key);
    running?.abort.abort(new Error("a stop came meanwhile"));
    await running?.done.catch(() => undefined);
    return this.#stopAll(group);
  }

  restart(group: RunnerGroup, down: readonly string[]): Promise<RunnerReport | undefined> {
    return this.#work(group.key, (superseded) => this.#restartThese(group, down, superseded));
  }

  async ask(group: RunnerGroup): Promise<readonly Finding[]> {
    if (this.#starting.has(group.key)) return [];
    const abort = new AbortController();
    this.#asking.set(group.key, abort);
    const findings: Finding[] = [];
    for (const resource of this.#resourcesOf(group)) {
      findings.push(await this.#find(resource, abort.signal));
      if (abort.signal.aborted) return [];
    }
    this.#asking.delete(group.key);
    return findings;
  }

  change(group: RunnerGroup): Promise<RunnerReport> {
    return this.#work(group.key, (superseded) => this.#changeNow(group, superseded));
  }

  each(keys: readonly string[], what: "renew" | "withdraw" | "announce"): void {
    for (const key of keys) for (const resource of this.#known.get(key)?.values() ?? []) resource[what]?.();
  }

  /** One work at a time for a group. Not in this turn: who asks for it is in the middle of a step of the core. */
  async #work<Report>(key: string, work: (superseded: AbortSignal) => Promise<Report>): Promise<Report> {
    this.#askNoMore(key);
    const before = this.#starting.get(key);
    const abort = new AbortController();
    abort.signal.addEventListener("abort", () => before?.abort.abort(abort.signal.reason));
    const ready = Promise.resolve(before?.done).catch(() => undefined);
    const entry = { abort, done: ready.then(() => work(abort.signal)) };
    this.#starting.set(key, entry);
    try {
      return await entry.done;
    } finally {
      if (this.#starting.get(key) === entry) this.#starting.delete(key);
    }
  }

  #askNoMore(key: string): void {
    this.#asking.get(key)?.abort(new Error("the group is being started or stopped"));
    this.#asking.delete(key);
  }

  #resourcesOf({ key, resources }: RunnerGroup): readonly Resource[] {
    const members = this.#known.get(key) ?? new Map<string, Resource>();
    this.#known.set(key, members);
    return resources.map((spec) => {
      const resource = members.get(spec.text) ?? this.#world.make(spec, key);
      members.set(spec.text, resource);
      return resource;
    });
  }

  /** What an earlier configuration had in the group and this one has not. */
  #leftovers({ key, resources }: RunnerGroup): readonly Resource[] {
    const wanted = new Set(resources.map(({ text }) => text));
    return [...(this.#known.get(key)?.values() ?? [])].filter(({ spec }) => !wanted.has(spec.text));
  }

  async #startAll(group: RunnerGroup, superseded: AbortSignal): Promise<RunnerReport | undefined> {
    const { log } = this.#world;
    const report = this.#report();
    for (const resource of this.#resourcesOf(group)) {
      const problem = await report.timed(resource, () => this.#startOne(resource, superseded));
      if (superseded.aborted) return undefined;
      if (problem === undefined) continue;
      log.failed(resource.spec, "start", problem);
      log.givingUp(resource.spec);
      await this.#stopAll(group);
      return superseded.aborted ? undefined : report.done();
    }
    return report.done();
  }

  async #changeNow(group: RunnerGroup, superseded: AbortSignal): Promise<RunnerReport> {
    const before = new Set(this.#known.get(group.key)?.keys());
    const report = this.#report();
    await this.#stopThese(group.key, this.#leftovers(group).toReversed(), report);
    for (const resource of this.#resourcesOf(group)) {
      if (before.has(resource.spec.text)) continue;
      const problem = await report.timed(resource, () => this.#startOne(resource, superseded));
      if (superseded.aborted) return this.#report().done();
      if (problem !== undefined) this.#world.log.failed(resource.spec, "start", problem);
    }
    return report.done();
  }

  async #restartThese(
    group: RunnerGroup,
    down: readonly string[],
    superseded: AbortSignal,
  ): Promise<RunnerReport | undefined> {
    const report = this.#report();
    const all = this.#resourcesOf(group);
    const isDown = ({ spec }: Resource) => down.includes(spec.text);
    const first = all.findIndex((one) => isDown(one) && !one.idempotent);
    const from = first === -1 ? all.length : first;
    await this.#startThese(all.slice(0, from).filter(isDown), report, superseded);
    if (!superseded.aborted && report.isWell && from < all.length) {
      await this.#stopThese(group.key, all.slice(from).toReversed(), report, superseded);
      if (report.isWell) await this.#startThese(this.#resourcesOf(group).slice(from), report, superseded);
    }
    return superseded.aborted ? undefined : report.done();
  }

  /** The first that fails ends it. */
  async #startThese(
    resources: readonly Resource[],
    report: ReportInTheMaking,
    superseded: AbortSignal,
  ): Promise<void> {
    for (const resource of resources) {
      if (superseded.aborted) return;
      const problem = await report.timed(resource, () => this.#startOne(resource, superseded));
      if (problem === undefined) continue;
      if (!superseded.aborted) this.#world.log.failed(resource.spec, "start", problem);
      return;
    }
  }

  /** Answers with what did not work although it runs. */
  async #startOne(resource: Resource, superseded?: AbortSignal): Promise<readonly string[]> {
    const { clock, log } = this.#world;
    const { limits, spec, idempotent } = resource;
    if (!idempotent && (await this.#ask(resource))) return [];
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

  async #stopAll(group: RunnerGroup): Promise<RunnerReport> {
    const report = this.#report();
    const all = [...this.#resourcesOf(group), ...this.#leftovers(group)];
    await this.#stopThese(group.key, all.toReversed(), report);
    return report.done();
  }

  /** A stopped resource that comes again is made anew, from the configuration of then. */
  async #stopThese(
    key: string,
    resources: readonly Resource[],
    report: ReportInTheMaking,
    superseded?: AbortSignal,
  ): Promise<void> {
    for (const resource of resources) {
      if (superseded?.aborted) return;
      const problem = await report.timed(resource, () => this.#stopOne(resource));
      if (problem === undefined) this.#known.get(key)?.delete(resource.spec.text);
    }
  }

  /** @throws Error the problem that is left after all attempts, unless it does not run however that came about. */
  async #stopOne(resource: Resource): Promise<readonly string[]> {
    const { clock, log } = this.#world;
    const { limits, spec } = resource;
    for (let attempt = 0; ; attempt++) {
      log.running(spec, "stop");
      try {
        await withLimit(clock, limits.stop, `${spec.text} stop`, (signal) => resource.stop(signal));
        return [];
      } catch (error) {
        log.failed(spec, "stop", problemOf(error));
        if (attempt < this.#options.stopRetries()) await pause(clock, STOP_RETRY_PAUSE);
        else if (await this.#runsOrUnknown(resource)) throw error;
        else return [];
      }
    }
  }

  #ask(resource: Resource, cancel?: AbortSignal): Promise<boolean> {
    const { limits, spec } = resource;
    const ask = (signal: AbortSignal) => resource.status(signal);
    return withLimit(this.#world.clock, limits.status, `${spec.text} status`, ask, cancel);
  }

  async #find(resource: Resource, cancel: AbortSignal): Promise<Finding> {
    const { spec, optional = false } = resource;
    const about = { resource: spec.text, optional };
    try {
      return { ...about, state: (await this.#ask(resource, cancel)) ? "runs" : "stopped" };
    } catch (error) {
      return { ...about, state: "unknown", problem: problemOf(error) };
    }
  }

  /** After a stop that failed: what cannot be asked may still be there. */
  #runsOrUnknown(resource: Resource): Promise<boolean> {
    return this.#ask(resource).catch(() => true);
  }

  #report(): ReportInTheMaking {
    return new ReportInTheMaking(this.#world.clock);
  }
}

/** Times each step, and remembers what failed and what did not quite work. */
class ReportInTheMaking {
  readonly #clock: Clock;
  readonly #began: Instant;
  readonly #steps: StepTime[] = [];
  readonly #degraded: string[] = [];
  #failed: RunnerReport["failed"];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.now();
  }

  /** Does one step. Answers with its problem. */
  async timed(
    { spec: { text: step } }: Resource,
    work: () => Promise<readonly string[]>,
  ): Promise<string | undefined> {
    const began = this.#clock.now();
    let problem: string | undefined;
    try {
      this.#degraded.push(...(await work()));
    } catch (error) {
      problem = problemOf(error);
      this.#failed ??= { resource: step, problem };
    }
    const ms = between(began, this.#clock.now());
    this.#steps.push(problem === undefined ? { step, ms } : { step, ms, error: problem });
    return problem;
  }

  get isWell(): boolean {
    return this.#failed === undefined;
  }

  done(): RunnerReport {
    const totalMs = between(this.#began, this.#clock.now());
    return { steps: this.#steps, totalMs, degraded: this.#degraded, failed: this.#failed };
  }
}

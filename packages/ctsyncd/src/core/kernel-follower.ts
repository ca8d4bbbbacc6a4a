/**
 * Keeps the local cache equal to our kernel's table: events as they come, a dump at the start and after an overrun.
 *
 * A dump is no proof that a flow is gone: while entries come and go it may miss one. So what neither the dump nor an
 * event mentioned is looked for in a second dump, and counts as ended only when that misses it, too.
 *
 *   idle --wanted--> first dump --all seen--> idle
 *                       |--some unseen--> second dump --> idle
 */
import { type Instant, plus, seconds } from "@systole/machine";
import type { Flow } from "../wire/flow.js";
import type { Outbox } from "../wire/outbox.js";
import type { Passes } from "./filter.js";
import type { LocalCache } from "./local-cache.js";
import { NONE } from "./record-table.js";
import type { KernelFlowEvent, Report } from "./session.types.js";

/** At most one dump in this time because of overruns: each costs the kernel a walk through its table. */
const OVERRUN_INTERVAL = seconds(2);
/** After a dump that failed. */
const RETRY = seconds(5);

export interface FollowerHooks {
  readonly report: (report: Report) => void;
  readonly dump: () => void;
}

export class KernelFollower {
  readonly counters = { events: 0, filtered: 0, overruns: 0, resyncs: 0 };
  readonly #cache: LocalCache;
  readonly #outbox: Outbox;
  readonly #passes: Passes;
  readonly #hooks: FollowerHooks;
  #running: "no" | "first" | "second" = "no";
  #wantedAt: Instant | undefined;
  /** Not more often than this because of overruns. */
  #notBefore: Instant;
  /** Everything is to be sent when the dump is in: after a takeover. */
  #bulkAfter = false;

  constructor(cache: LocalCache, outbox: Outbox, passes: Passes, hooks: FollowerHooks, now: Instant) {
    this.#cache = cache;
    this.#outbox = outbox;
    this.#passes = passes;
    this.#hooks = hooks;
    this.#wantedAt = now;
    this.#notBefore = now;
  }

  get deadline(): Instant | undefined {
    return this.#running === "no" ? this.#wantedAt : undefined;
  }

  tick(now: Instant): void {
    if (this.#running !== "no" || this.#wantedAt === undefined || this.#wantedAt > now) return;
    this.#wantedAt = undefined;
    this.#running = "first";
    this.#cache.beginDump();
    this.#hooks.dump();
  }

  /** Dumps as soon as possible; `bulk`: tells the peer everything afterwards. */
  resync(now: Instant, bulk: boolean): void {
    this.#wantedAt = now;
    this.#bulkAfter ||= bulk;
    this.tick(now);
  }

  /** The kernel dropped events. */
  overrun(now: Instant): void {
    this.counters.overruns += 1;
    if (this.#wantedAt !== undefined) return;
    this.#wantedAt = this.#notBefore > now ? this.#notBefore : now;
    this.#notBefore = plus(this.#wantedAt, OVERRUN_INTERVAL);
    this.#hooks.report({ kind: "kernel-overrun" });
    this.tick(now);
  }

  events(events: readonly KernelFlowEvent[], second: number): void {
    for (const event of events) this.#event(event, second);
  }

  /** What our own commit or purge did is known to the cache but not told: it came from the peer, or ends here only. */
  #event({ kind, flow, own = false }: KernelFlowEvent, second: number): void {
    this.counters.events += 1;
    const passes = this.#passes(flow);
    if (!passes && !this.#cache.knows(flow)) {
      this.counters.filtered += 1;
      return;
    }
    const change = passes ? kind : "destroy";
    const full = this.#cache.counters.createFailed;
    const id = this.#cache.apply(change, flow, second);
    this.#reportFull(full);
    if (id === NONE) return;
    if (!own) this.#outbox.queue(id);
    else if (change === "destroy") {
      this.#outbox.forget(id);
      this.#cache.settled(id);
    }
  }

  /** A part of the dump. */
  dumped(flows: readonly Flow[], second: number): void {
    const full = this.#cache.counters.createFailed;
    for (const flow of flows) {
      if (!this.#passes(flow)) continue;
      const id = this.#cache.applyDump(flow, second);
      if (id !== NONE) this.#outbox.queue(id);
    }
    this.#reportFull(full);
  }

  dumpComplete(now: Instant, second: number): void {
    const unseen = this.#cache.unseen();
    if (this.#running === "first" && unseen.length > 0) {
      this.#running = "second";
      this.#hooks.dump();
      return;
    }
    for (const id of unseen) {
      this.#cache.kill(id, second);
      this.#outbox.queue(id);
    }
    this.#finish();
    this.counters.resyncs += 1;
    this.#hooks.report({ kind: "kernel-resynced", flows: this.#cache.size, ended: unseen.length });
    this.tick(now);
  }

  dumpFailed(problem: string, now: Instant): void {
    this.#finish();
    this.#wantedAt = plus(now, RETRY);
    this.#hooks.report({ kind: "kernel-dump-failed", problem });
  }

  #finish(): void {
    this.#running = "no";
    this.#cache.endDump();
    if (!this.#bulkAfter) return;
    this.#bulkAfter = false;
    for (const id of this.#cache.ids()) this.#outbox.queue(id);
  }

  #reportFull(before: number): void {
    if (before === 0 && this.#cache.counters.createFailed > 0) {
      this.#hooks.report({ kind: "cache-full", cache: "local", limit: this.#cache.limit });
    }
  }
}

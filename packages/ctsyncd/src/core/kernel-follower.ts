/**
 * Keeps the local cache equal to our kernel's table: events as they come, a dump at the start and after an overrun.
 *
 * A dump is no proof that a flow is gone: while entries come and go it may miss one. So what neither the dump nor an
 * event mentioned is looked for in a second dump, and counts as ended only when that misses it, too.
 *
 * Nor are events proof that it lives: flows born while nobody listened may never tell their end (see
 * shell/kernel-events.ts). So the table is read again from time to time, too.
 *
 *   idle --wanted--> first dump --all seen--> idle
 *                       |--some unseen--> second dump --> idle
 */
import { between, earliest, type Instant, milliseconds, plus, seconds } from "@systole/machine";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import type { Expectation } from "../wire/expectation.js";
import { encodeFlow } from "../wire/flow.js";
import type { Outbox } from "../wire/outbox.js";
import type { ExpectationCache } from "./expectation-cache.js";
import type { Passes } from "./filter.js";
import { ENDED, type FlowBatch, OWN } from "./flow-batch.js";
import type { FlowSource } from "./flow-source.js";
import type { LocalCache } from "./local-cache.js";
import { NONE } from "./record-table.js";
import type { Report } from "./session.types.js";

/** At most one dump in this time because of overruns: each costs the kernel a walk through its table. */
const OVERRUN_INTERVAL = seconds(2);
/** After a dump that failed. */
const RETRY = seconds(5);
/** After a commit others are in a hurry. */
const AFTER_COMMIT = seconds(1);
/** The table is read again so long after it was, and so many times as long as that took: half a percent of the time. */
const REREAD_INTERVAL = seconds(300);
const REREAD_SHARE = 200;

export interface FollowerHooks {
  readonly report: (report: Report) => void;
  readonly dump: () => void;
  /** Did a peer tell us of this flow? */
  readonly told: (body: AttributeIndex) => boolean;
}

export interface FollowerOptions {
  readonly passes: Passes;
  /** ExpectationSync: whether expectations of this helper are told; undefined: none are. */
  readonly expects: ((helper: string | undefined) => boolean) | undefined;
  /** What our own requests did is none of the cache's business: the peers' flows are written by them. */
  readonly ignoresOwn: boolean;
}

export class KernelFollower implements FlowSource {
  readonly counters = { events: 0, filtered: 0, overruns: 0, resyncs: 0 };
  readonly #cache: LocalCache;
  readonly #outbox: Outbox;
  readonly #expectations: ExpectationCache;
  readonly #options: FollowerOptions;
  readonly #body = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #masters = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #hooks: FollowerHooks;
  #running: "no" | "first" | "second" = "no";
  #wantedAt: Instant | undefined;
  /** When nothing else makes us read the table before. */
  #rereadAt: Instant | undefined;
  #startedAt: Instant;
  /** Nobody asked for the dump that runs: it is told only if it found something. */
  #routine = false;
  /** The dump that runs, or the next one, follows a commit that was not listened to. */
  #afterCommit = false;
  #afterCommitNext = false;
  /** Not more often than this because of overruns. */
  #notBefore: Instant;
  /** Everything is to be sent when the dump is in: after a takeover. */
  #bulkAfter = false;

  constructor(
    caches: { readonly flows: LocalCache; readonly expectations: ExpectationCache },
    outbox: Outbox,
    options: FollowerOptions,
    hooks: FollowerHooks,
    now: Instant,
  ) {
    this.#cache = caches.flows;
    this.#expectations = caches.expectations;
    this.#outbox = outbox;
    this.#options = options;
    this.#hooks = hooks;
    this.#wantedAt = now;
    this.#startedAt = now;
    this.#notBefore = now;
  }

  get deadline(): Instant | undefined {
    return this.#running === "no" ? earliest([this.#wantedAt, this.#rereadAt]) : undefined;
  }

  tick(now: Instant): void {
    const { deadline } = this;
    if (deadline === undefined || deadline > now) return;
    this.#routine = this.#wantedAt === undefined || this.#wantedAt > now;
    if (!this.#routine) this.#wantedAt = undefined;
    this.#rereadAt = undefined;
    this.#startedAt = now;
    this.#afterCommit = this.#afterCommitNext;
    this.#afterCommitNext = false;
    this.#running = "first";
    this.#cache.beginDump();
    this.#expectations.newMark();
    this.#hooks.dump();
  }

  /** Dumps as soon as possible; `bulk`: tells the peer everything afterwards. */
  resync(now: Instant, bulk: boolean): void {
    this.#wantedAt = now;
    this.#bulkAfter ||= bulk;
    this.tick(now);
  }

  /** Reads what a commit wrote while births were not listened to: what peers told us of is no news to them. */
  resyncAfterCommit(now: Instant): void {
    this.#afterCommitNext = true;
    this.#wantedAt ??= plus(now, AFTER_COMMIT);
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

  events(batch: FlowBatch, second: number): void {
    for (let index = 0; index < batch.count; index++) {
      this.#event(batch.kind(index), batch.bytes, batch.from(index), batch.to(index), second);
    }
  }

  /** What our own commit or purge did is known to the cache but not told: it came from the peer, or ends here only. */
  #event(kind: number, bytes: Uint8Array, from: number, to: number, second: number): void {
    this.counters.events += 1;
    const body = this.#body.scan(bytes, from, to);
    const own = (kind & OWN) !== 0;
    const passes = this.#options.passes(body);
    if ((own && this.#options.ignoresOwn) || (!passes && !this.#cache.knows(body))) {
      this.counters.filtered += 1;
      return;
    }
    const change = passes ? kind & ~OWN : ENDED;
    const full = this.#cache.counters.createFailed;
    const id = this.#cache.apply(change, body, from, to, second);
    this.#reportFull(full);
    if (id === NONE) return;
    if (!own) this.#outbox.queue(id);
    else if (change === ENDED) {
      this.#outbox.forget(id);
      this.#cache.settled(id);
    }
  }

  expectation(kind: number, own: boolean, expectation: Expectation, second: number): void {
    if (own || this.#options.expects?.(expectation.helper) !== true) return;
    const id =
      kind === ENDED ? this.#expectations.end(expectation) : this.#expectIfMastered(expectation, second);
    if (id !== undefined) this.#outbox.queue(id);
  }

  #expectIfMastered(expectation: Expectation, second: number): number | undefined {
    return this.#isMastered(expectation) ? this.#expectations.put(expectation, second) : undefined;
  }

  /** An expectation is told only together with its master. */
  #isMastered(expectation: Expectation): boolean {
    return this.#cache.knows(this.#masters.scan(masterBody(expectation)));
  }

  /** A part of the dump. */
  dumped(batch: FlowBatch, second: number): void {
    const full = this.#cache.counters.createFailed;
    for (let index = 0; index < batch.count; index++) {
      const [from, to] = [batch.from(index), batch.to(index)];
      const body = this.#body.scan(batch.bytes, from, to);
      if (!this.#options.passes(body)) continue;
      const { created } = this.#cache.counters;
      const id = this.#cache.applyDump(body, from, to, second);
      const isNew = created !== this.#cache.counters.created;
      const written = this.#afterCommit && isNew && this.#hooks.told(body);
      if (id !== NONE && !written) this.#outbox.queue(id);
    }
    this.#reportFull(full);
  }

  dumpComplete(expectations: readonly Expectation[], now: Instant, second: number): void {
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
    this.#expectationsDumped(expectations, second);
    this.#finish(now);
    this.counters.resyncs += 1;
    const found = { flows: this.#cache.size, ended: unseen.length, routine: this.#routine };
    this.#hooks.report({ kind: "kernel-resynced", ...found });
    this.tick(now);
  }

  #expectationsDumped(expectations: readonly Expectation[], second: number): void {
    if (this.#options.expects === undefined) return;
    for (const expectation of expectations) {
      if (!this.#options.expects(expectation.helper) || !this.#isMastered(expectation)) continue;
      const id = this.#expectations.putDumped(expectation, second);
      if (id !== undefined) this.#outbox.queue(id);
    }
    for (const id of this.#expectations.endUnmarked()) this.#outbox.queue(id);
  }

  dumpFailed(problem: string, now: Instant): void {
    this.#finish(now);
    this.#wantedAt = plus(now, RETRY);
    this.#hooks.report({ kind: "kernel-dump-failed", problem });
  }

  #finish(now: Instant): void {
    this.#running = "no";
    const tookMs = between(this.#startedAt, now);
    this.#rereadAt = plus(now, milliseconds(Math.max(REREAD_INTERVAL, REREAD_SHARE * tookMs)));
    this.#cache.endDump();
    if (!this.#bulkAfter) return;
    this.#bulkAfter = false;
    this.bulk();
  }

  /** Everything we have is to be told. @returns how many flows that are. */
  bulk(): number {
    let flows = 0;
    for (let id = this.#cache.next(0); id !== NONE; id = this.#cache.next(id + 1)) {
      this.#outbox.queue(id);
      flows += 1;
    }
    for (const id of this.#expectations.ids()) this.#outbox.queue(id);
    return flows;
  }

  #reportFull(before: number): void {
    if (before === 0 && this.#cache.counters.createFailed > 0) {
      this.#hooks.report({ kind: "cache-full", cache: "local", limit: this.#cache.limit });
    }
  }
}

/** The key of the master as a body: what the cache is asked for. */
const masterBody = ({ master }: Expectation): Uint8Array =>
  encodeFlow({ original: master, reply: master }, { windowTracking: false, timeout: false });

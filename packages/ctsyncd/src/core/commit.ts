/**
 * At takeover: the peer's flows into our kernel, in batches, masters before the flows they foretold.
 *
 *   idle --begin--> masters --all written--> related --all written--> idle, finished
 *
 * The peer may go on talking meanwhile (a planned switch): a flow it destroys before its batch is not written, and one
 * that was written already is removed again.
 */
import { between, type Instant } from "@systole/machine";
import { type Flow, IPS_ASSURED, IPS_EXPECTED, IPS_OFFLOAD, IPS_SEEN_REPLY } from "../wire/flow.js";
import type { PeerCache } from "./peer-cache.js";
import { NONE } from "./record-table.js";

/** Flows in one request to the kernel's door: small enough that messages are heard between two of them. */
export const BATCH = 1024;

const TCP = 6;
const UDP = 17;
const TCP_ESTABLISHED = 3;
/** IP_CT_TCP_FLAG_BE_LIBERAL: the window was not replicated, so do not judge by it. */
const BE_LIBERAL = 8;
/** What is left when the age is beyond the timeout, or no timeout ever came. */
const UNKNOWN_TIMEOUT = 60;

export interface CommitOptions {
  /** CommitTimeout in seconds. */
  readonly timeoutSeconds: number | undefined;
  /** TCPWindowTracking. */
  readonly windowTracking: boolean;
}

/** What is written to the kernel for a flow of the peer that was last heard of `age` seconds ago. */
export function prepareForCommit(flow: Flow, age: number, options: CommitOptions): Flow {
  return {
    ...flow,
    ...(flow.status !== undefined && { status: flow.status & ~(IPS_EXPECTED | IPS_OFFLOAD) }),
    timeoutSeconds: options.timeoutSeconds ?? remaining(flow, age),
    ...(flow.tcp !== undefined && {
      tcp: options.windowTracking
        ? flow.tcp
        : { state: flow.tcp.state, flags: { original: BE_LIBERAL, reply: BE_LIBERAL } },
    }),
  };
}

/** Packets that refresh a timer cause no event: an old established flow is probably alive, so it gets a floor. */
function remaining(flow: Flow, age: number): number {
  const { status = 0, tcp, original } = flow;
  const left = flow.timeoutSeconds === undefined ? UNKNOWN_TIMEOUT : flow.timeoutSeconds - age;
  const established =
    original.protocol === TCP && tcp?.state === TCP_ESTABLISHED && (status & IPS_ASSURED) !== 0;
  if (established) return Math.max(left, 60);
  if (original.protocol === UDP && (status & IPS_SEEN_REPLY) !== 0) return Math.max(left, 30);
  return left < 0 ? UNKNOWN_TIMEOUT : Math.max(left, 1);
}

/** What a commit did; `error` is the first one the kernel gave. */
export interface CommitSummary {
  readonly written: number;
  readonly updated: number;
  readonly failed: number;
  readonly totalMs: number;
  readonly error?: string;
}

/** What the kernel answered to one batch. */
export interface BatchResult {
  readonly written: number;
  readonly updated: number;
  readonly failed: number;
  readonly error?: string;
}

/** What to do next: write these, remove these, or nothing more. */
export type CommitStep =
  | { readonly type: "write" | "remove"; readonly flows: readonly Flow[] }
  | { readonly type: "finished"; readonly summary: CommitSummary };

/** One commit under way: cache after cache, in each first the masters, then the related. */
export class Commit {
  readonly #caches: readonly PeerCache[];
  readonly #options: CommitOptions;
  readonly #startedAt: Instant;
  #at = 0;
  #related = false;
  #cursor = 0;
  #removals: Flow[] = [];
  /** The batch the kernel works on is one of removals: it does not count. */
  #removing = false;
  #result: BatchResult = { written: 0, updated: 0, failed: 0 };

  constructor(caches: readonly PeerCache[], options: CommitOptions, now: Instant) {
    this.#caches = caches;
    this.#options = options;
    this.#startedAt = now;
  }

  /** The kernel answered to the last step. */
  answered(result: BatchResult): void {
    if (this.#removing) return;
    const before = this.#result;
    const error = before.error ?? result.error;
    this.#result = {
      written: before.written + result.written,
      updated: before.updated + result.updated,
      failed: before.failed + result.failed,
      ...(error !== undefined && { error }),
    };
  }

  /** The peer destroyed a flow that had this id: if it was written, it is to go again. */
  destroyed(cache: PeerCache, id: number, flow: Flow): void {
    const index = this.#caches.indexOf(cache);
    const isRelated = flow.master !== undefined;
    const written =
      index < this.#at ||
      (index === this.#at && (isRelated === this.#related ? id < this.#cursor : this.#related));
    if (written) this.#removals.push(flow);
  }

  /** What to do now that the last step was answered. */
  next(now: Instant, second: number): CommitStep {
    const flows = this.#collect(second);
    this.#removing = flows.length === 0 && this.#removals.length > 0;
    if (flows.length > 0) return { type: "write", flows };
    if (this.#removing) {
      const removals = this.#removals;
      this.#removals = [];
      return { type: "remove", flows: removals };
    }
    return { type: "finished", summary: { ...this.#result, totalMs: between(this.#startedAt, now) } };
  }

  /** The next batch; an empty one when everything was visited. A batch never holds masters and related together. */
  #collect(second: number): Flow[] {
    const flows: Flow[] = [];
    while (flows.length < BATCH) {
      const cache = this.#caches[this.#at];
      if (cache === undefined) break;
      const id = cache.next(this.#cursor);
      if (id === NONE) {
        if (flows.length > 0) break;
        this.#turn();
        continue;
      }
      this.#cursor = id + 1;
      if (cache.isRelated(id) !== this.#related) continue;
      flows.push(prepareForCommit(cache.flow(id), cache.age(id, second), this.#options));
    }
    return flows;
  }

  #turn(): void {
    this.#cursor = 0;
    if (this.#related) this.#at += 1;
    this.#related = !this.#related;
  }
}

/**
 * At takeover: the peers' flows into our kernel, in batches, masters before the flows they foretold, expectations last.
 *
 *   survey --all read--> masters --all written--> related --all written--> expectations --> finished
 *
 * The survey reads our kernel's table: what is there already and equal is not written again, so that a second commit,
 * or one on a node that already has the flows, costs one dump. The peer may go on talking meanwhile (a planned switch):
 * a flow it destroys before its batch is not written, and one that was written already is removed again.
 */
import { between, type Instant } from "@systole/machine";
import { AttributeIndex, CT, FLOW_ATTRIBUTES, putHeader } from "../wire/attribute.js";
import type { Expectation } from "../wire/expectation.js";
import { IPS_ASSURED, IPS_SEEN_REPLY } from "../wire/flow.js";
import type { ExpectationCache } from "./expectation-cache.js";
import { CREATE, FlowBatch, LIBERAL, REMOVE, UPDATE } from "./flow-batch.js";
import type { PeerCache } from "./peer-cache.js";
import { NONE } from "./record-table.js";

/** Flows in one request to the kernel's door: small enough that messages are heard between two of them. */
export const BATCH = 1024;

const TCP = 6;
const UDP = 17;
const TCP_ESTABLISHED = 3;
/** What is left when the age is beyond the timeout, or no timeout ever came. */
const UNKNOWN_TIMEOUT = 60;

export interface CommitOptions {
  /** CommitTimeout in seconds. */
  readonly timeoutSeconds: number | undefined;
  /** TCPWindowTracking. */
  readonly windowTracking: boolean;
}

/** What one peer told. */
export interface CommitSource {
  readonly cache: PeerCache;
  readonly expectations: ExpectationCache;
}

/** The timeout of a flow of the peer that was last heard of `age` seconds ago. */
export function timeoutForCommit(body: AttributeIndex, age: number, options: CommitOptions): number {
  return options.timeoutSeconds ?? remaining(body, age);
}

/** Packets that refresh a timer cause no event: an old established flow is probably alive, so it gets a floor. */
function remaining(body: AttributeIndex, age: number): number {
  const left = body.has(CT.TIMEOUT) ? body.u32be(CT.TIMEOUT) - age : UNKNOWN_TIMEOUT;
  const status = statusOf(body);
  const protocol = body.u8(CT.L4PROTO);
  const isEstablished = body.has(CT.TCP_STATE) && body.u8(CT.TCP_STATE) === TCP_ESTABLISHED;
  if (protocol === TCP && isEstablished && (status & IPS_ASSURED) !== 0) return Math.max(left, 60);
  if (protocol === UDP && (status & IPS_SEEN_REPLY) !== 0) return Math.max(left, 30);
  return left < 0 ? UNKNOWN_TIMEOUT : Math.max(left, 1);
}

const statusOf = (body: AttributeIndex): number => (body.has(CT.STATUS) ? body.u32be(CT.STATUS) : 0);

/** What a survey finds: nothing of this key, the same, one that can be changed, one that must be made anew. */
const SAME = 1;
const DIFFERS = 2;
const MOVED = 3;

const TRANSLATIONS = [CT.SNAT_IPV4, CT.SNAT_IPV6, CT.DNAT_IPV4, CT.DNAT_IPV6, CT.SPAT_PORT, CT.DPAT_PORT];
const STATES = [CT.TCP_STATE, CT.SCTP_STATE, CT.DCCP_STATE, CT.LABELS];

/**
 * Compares a peer's flow with our kernel's of the same key. The timeout does not count, because it runs. A flow that
 * was here before, lived elsewhere and comes back is judged by windows of long ago unless it is told to be liberal:
 * that is a difference, though state and mark are equal.
 */
function compare(wanted: AttributeIndex, actual: AttributeIndex, mustBeLiberal: boolean): number {
  for (const type of TRANSLATIONS) if (!wanted.same(actual, type)) return MOVED;
  for (const type of STATES) if (wanted.has(type) && !wanted.same(actual, type)) return DIFFERS;
  if ((statusOf(wanted) & ~statusOf(actual) & (IPS_SEEN_REPLY | IPS_ASSURED)) !== 0) return DIFFERS;
  const mark = actual.has(CT.MARK) ? actual.u32be(CT.MARK) : 0;
  if (wanted.has(CT.MARK) && wanted.u32be(CT.MARK) !== mark) return DIFFERS;
  return mustBeLiberal ? DIFFERS : SAME;
}

/** What a commit did; `error` is the first one the kernel gave. */
export interface CommitSummary extends BatchResult {
  /** Flows that were there already, equal. */
  readonly unchanged: number;
  readonly expectations: number;
  readonly totalMs: number;
}

/** What the kernel answered to one batch. */
export interface BatchResult {
  readonly written: number;
  readonly updated: number;
  readonly failed: number;
  readonly error?: string;
}

/** What to do next: read our kernel's table, carry out a batch, write expectations, or nothing more. */
export type CommitStep =
  | { readonly type: "survey" }
  | { readonly type: "write"; readonly batch: FlowBatch }
  | { readonly type: "expect"; readonly expectations: readonly Expectation[] }
  | { readonly type: "finished"; readonly summary: CommitSummary };

type Phase = "survey" | "flows" | "removals" | "finished";

/** One commit under way: cache after cache, in each first the masters, then the related. */
export class Commit {
  readonly #sources: readonly CommitSource[];
  readonly #options: CommitOptions;
  readonly #startedAt: Instant;
  /** Tells what this commit's survey found from what an earlier one did. */
  readonly #number: number;
  readonly #wanted = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #actual = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #batch = new FlowBatch();
  readonly #removals = new FlowBatch();
  #phase: Phase = "survey";
  #at = 0;
  #related = false;
  #cursor = 0;
  #unchanged = 0;
  #expectations = 0;
  #result: BatchResult = { written: 0, updated: 0, failed: 0 };

  constructor(sources: readonly CommitSource[], options: CommitOptions, now: Instant, number: number) {
    this.#sources = sources;
    this.#options = options;
    this.#startedAt = now;
    this.#number = number;
  }

  /** A part of our kernel's table. */
  surveyed(batch: FlowBatch): void {
    for (let index = 0; index < batch.count; index++) {
      const actual = this.#actual.scan(batch.bytes, batch.from(index), batch.to(index));
      const liberal = (batch.kind(index) & LIBERAL) !== 0;
      for (const { cache } of this.#sources) {
        const id = cache.find(actual);
        if (id === NONE) continue;
        const wanted = cache.scan(id, this.#wanted);
        const mustBeLiberal = wanted.has(CT.TCP_STATE) && !liberal && !this.#options.windowTracking;
        cache.setSurveyed(id, this.#number * 4 + compare(wanted, actual, mustBeLiberal));
      }
    }
  }

  /** The kernel answered to the last batch. */
  answered(result: BatchResult): void {
    if (this.#phase === "removals" || this.#phase === "survey") return;
    if (this.#phase === "finished") this.#expectations += result.written;
    const before = this.#result;
    const error = before.error ?? result.error;
    const flows = this.#phase === "finished" ? 0 : result.written;
    this.#result = {
      written: before.written + flows,
      updated: before.updated + result.updated,
      failed: before.failed + result.failed,
      ...(error !== undefined && { error }),
    };
  }

  /** The peer destroyed a flow that had this id: if it was written, it is to go again. */
  destroyed(cache: PeerCache, id: number): void {
    if (this.#phase === "survey") return;
    const body = cache.scan(id, this.#wanted);
    const index = this.#sources.findIndex((source) => source.cache === cache);
    const isRelated = body.has(CT.MASTER_IPV4) || body.has(CT.MASTER_IPV6);
    const written =
      index < this.#at ||
      (index === this.#at && (isRelated === this.#related ? id < this.#cursor : this.#related));
    if (!written) return;
    this.#removals.add(REMOVE, body.writeMerged(this.#removals.room(), this.#removals.end));
  }

  /** What to do now that the last step was answered. */
  next(now: Instant, second: number): CommitStep {
    if (this.#phase === "survey") {
      this.#phase = "flows";
      return { type: "survey" };
    }
    if (this.#phase === "flows" || this.#phase === "removals") {
      const step = this.#flows(second);
      if (step !== undefined) return step;
      this.#phase = "finished";
      const expectations = this.#sources.flatMap((source) => source.expectations.all());
      if (expectations.length > 0) return { type: "expect", expectations };
    }
    const totalMs = between(this.#startedAt, now);
    const counts = { unchanged: this.#unchanged, expectations: this.#expectations, totalMs };
    return { type: "finished", summary: { ...this.#result, ...counts } };
  }

  #flows(second: number): CommitStep | undefined {
    this.#phase = "flows";
    this.#collect(second);
    if (this.#batch.count > 0) return { type: "write", batch: this.#batch };
    if (this.#removals.count === 0) return undefined;
    this.#phase = "removals";
    this.#batch.clear();
    const { bytes } = this.#removals;
    for (let index = 0; index < this.#removals.count; index++) {
      this.#batch.copy(REMOVE, bytes, this.#removals.from(index), this.#removals.to(index));
    }
    this.#removals.clear();
    return { type: "write", batch: this.#batch };
  }

  /** The next batch; an empty one when everything was visited. A batch never holds masters and related together. */
  #collect(second: number): void {
    this.#batch.clear();
    while (this.#batch.count < BATCH) {
      const cache = this.#sources[this.#at]?.cache;
      if (cache === undefined) break;
      const id = cache.next(this.#cursor);
      if (id === NONE) {
        if (this.#batch.count > 0) break;
        this.#turn();
        continue;
      }
      this.#cursor = id + 1;
      if (cache.isRelated(id) !== this.#related) continue;
      const found = cache.surveyed(id) - this.#number * 4;
      if (found === SAME) this.#unchanged += 1;
      else this.#add(cache, id, found === DIFFERS ? UPDATE : CREATE, second);
    }
  }

  #add(cache: PeerCache, id: number, kind: number, second: number): void {
    const into = this.#batch.room();
    const at = this.#batch.end;
    let end = cache.write(id, into, at);
    const body = this.#wanted.scan(into, at, end);
    const timeout = timeoutForCommit(body, cache.age(id, second), this.#options);
    let place = body.offset(CT.TIMEOUT);
    if (place === 0) {
      place = end + 4;
      end = putHeader(into, end, CT.TIMEOUT, 4);
    }
    for (let n = 0; n < 4; n++) into[place + n] = timeout >>> (24 - 8 * n);
    this.#batch.add(kind, end);
  }

  #turn(): void {
    this.#cursor = 0;
    if (this.#related) this.#at += 1;
    this.#related = !this.#related;
  }
}

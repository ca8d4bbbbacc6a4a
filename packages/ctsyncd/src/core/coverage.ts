/**
 * Does the peer have what we have? Every few seconds a sample of our flows is compared with what it knows of them.
 *
 *   established ──PRESENT──► peer answers PRESENT: one of ours ──SAMPLE──► RESULT, again and again
 *
 * A conntrackd never answers: it is greeted three times for each time that it comes, and never asked. The sample goes
 * round through the cache, so that in time every flow is compared; what still waits for the peer is left out.
 */
import { between, type Instant, plus, seconds } from "@systole/machine";
import type { IpAddress } from "@systole/wire";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { digestOf, hashKey } from "../wire/key.js";
import type { Message } from "../wire/message.js";
import type { Outbox } from "../wire/outbox.js";
import {
  decodeProbes,
  decodeResult,
  encodePresent,
  encodeResult,
  encodeSample,
  PRESENT,
  type Probe,
  SAMPLE,
  SAMPLE_SIZE,
  type SampleResult,
} from "../wire/sample.js";
import type { LocalCache } from "./local-cache.js";
import type { PeerCache } from "./peer-cache.js";
import { NONE } from "./record-table.js";
import type { Report } from "./session.types.js";

const INTERVAL = seconds(5);
const GREETINGS = 3;
/** Samples that count: what was found before is over. */
const REMEMBERED = 8;
/** Less than this is told. */
const ENOUGH = 0.99;

/** What is known of one peer. */
interface Known {
  greeted: number;
  isOurs: boolean;
  results: readonly SampleResult[];
  low: boolean;
}

export interface CoverageHooks {
  readonly send: (datagram: Uint8Array) => void;
  readonly report: (report: Report) => void;
}

/** Of one peer: how much of the last samples it had, as it is. */
export interface CoverageOf {
  readonly asked: number;
  readonly equal: number;
  readonly missing: number;
}

export class Coverage {
  readonly #local: LocalCache;
  readonly #outbox: Outbox;
  readonly #hooks: CoverageHooks;
  readonly #peers = new Map<IpAddress, Known>();
  readonly #index = new AttributeIndex(FLOW_ATTRIBUTES);
  #cursor = 0;
  #number: number;
  #at: Instant;

  constructor(local: LocalCache, outbox: Outbox, firstNumber: number, hooks: CoverageHooks, now: Instant) {
    this.#local = local;
    this.#outbox = outbox;
    this.#number = firstNumber;
    this.#hooks = hooks;
    this.#at = plus(now, INTERVAL);
  }

  get deadline(): Instant | undefined {
    return this.#peers.size === 0 ? undefined : this.#at;
  }

  /** A peer came, or came back: it may be another program now. */
  established(peer: IpAddress, now: Instant): void {
    if (this.#peers.size === 0) this.#at = plus(now, INTERVAL);
    this.#peers.set(peer, { greeted: 0, isOurs: false, results: [], low: false });
    this.#greet(this.#peers.get(peer)!);
  }

  lost(peer: IpAddress): void {
    this.#peers.delete(peer);
  }

  /** What the last samples found, by peer; undefined for one that was never asked. */
  of(peer: IpAddress): CoverageOf | undefined {
    const results = this.#peers.get(peer)?.results ?? [];
    if (results.length === 0) return undefined;
    const sum = (field: keyof SampleResult) => results.reduce((total, result) => total + result[field], 0);
    return { asked: sum("asked"), equal: sum("equal"), missing: sum("missing") };
  }

  tick(now: Instant): void {
    if (this.deadline === undefined || between(this.#at, now) < 0) return;
    this.#at = plus(now, INTERVAL);
    for (const known of this.#peers.values()) if (!known.isOurs) this.#greet(known);
    if ([...this.#peers.values()].some(({ isOurs }) => isOurs)) this.#ask();
  }

  #greet(known: Known): void {
    if (known.greeted >= GREETINGS) return;
    known.greeted += 1;
    this.#hooks.send(encodePresent());
  }

  #ask(): void {
    const probes: Probe[] = [];
    for (let steps = 0; steps < 4 * SAMPLE_SIZE && probes.length < SAMPLE_SIZE; steps++) {
      const id = this.#local.next(this.#cursor);
      this.#cursor = id === NONE ? 0 : id + 1;
      if (id === NONE) break;
      if (this.#outbox.isPending(id)) continue;
      const body = this.#local.scan(id, this.#index);
      probes.push({ hash: hashKey(body), digest: digestOf(body) });
    }
    if (probes.length === 0) return;
    this.#number = (this.#number + 1) >>> 0;
    this.#hooks.send(encodeSample(this.#number, probes));
  }

  /** A message of a peer of ours; `cache` is what it told us. */
  heard(peer: IpAddress, cache: PeerCache, { type, sequence, bytes, start, end }: Message): void {
    const known = this.#peers.get(peer);
    if (known === undefined) return;
    if (type === PRESENT && !known.isOurs) this.#hooks.send(encodePresent());
    known.isOurs = true;
    if (type === PRESENT) return;
    if (type === SAMPLE) {
      this.#hooks.send(encodeResult(sequence, compare(cache, decodeProbes(bytes, start, end), this.#index)));
      return;
    }
    const result = decodeResult(bytes, start, end);
    if (result !== undefined && sequence === this.#number) this.#judge(peer, known, result);
  }

  #judge(peer: IpAddress, known: Known, result: SampleResult): void {
    known.results = [...known.results, result].slice(-REMEMBERED);
    const { asked, equal, missing } = this.of(peer)!; // there is a result now
    const low = asked > 0 && equal / asked < ENOUGH;
    if (low === known.low) return;
    known.low = low;
    this.#hooks.report({ kind: low ? "coverage-low" : "coverage-whole", peer, asked, equal, missing });
  }
}

function compare(cache: PeerCache, probes: readonly Probe[], index: AttributeIndex): SampleResult {
  let [equal, missing] = [0, 0];
  for (const { hash, digest } of probes) {
    const digests = cache.digests(hash, index);
    if (digests.length === 0) missing += 1;
    else if (digests.includes(digest)) equal += 1;
  }
  return { asked: probes.length, equal, missing };
}

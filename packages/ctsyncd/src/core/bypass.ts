/**
 * DisableInternalCache: our kernel's events go to the peers as they come, and no copy of its table is kept. What a
 * bulk update needs is read from the kernel when it is asked for.
 *
 *   idle --bulk wanted--> dumping --> idle
 *
 * Events that the kernel dropped are healed as far as that is possible without a copy: everything is told again. That
 * an entry ended unnoticed nobody can know; the peer's next bulk of ours sweeps it if the peer is one of our kind.
 */
import { type Instant, plus, seconds } from "@systole/machine";
import { AttributeIndex, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { CT_NEW } from "../wire/message.js";
import type { Passes } from "./filter.js";
import { type FlowBatch, OWN } from "./flow-batch.js";
import type { FlowSource } from "./flow-source.js";
import type { Report } from "./session.types.js";

/** At most one dump in this time. */
const INTERVAL = seconds(2);

export interface BypassHooks {
  readonly report: (report: Report) => void;
  readonly dump: () => void;
  /** The numbers of messages are the kinds of events. */
  readonly send: (type: number, bytes: Uint8Array, from: number, to: number) => void;
}

export class Bypass implements FlowSource {
  readonly counters = { events: 0, filtered: 0, overruns: 0, resyncs: 0 };
  /** By message type: new, updated, destroyed. */
  readonly sent: [number, number, number] = [0, 0, 0];
  readonly #passes: Passes;
  readonly #hooks: BypassHooks;
  readonly #body = new AttributeIndex(FLOW_ATTRIBUTES);
  #dumping = false;
  #wantedAt: Instant | undefined;
  #notBefore: Instant;
  #told = 0;

  constructor(passes: Passes, hooks: BypassHooks, now: Instant) {
    this.#passes = passes;
    this.#hooks = hooks;
    this.#notBefore = now;
  }

  get deadline(): Instant | undefined {
    return this.#dumping ? undefined : this.#wantedAt;
  }

  tick(now: Instant): void {
    if (this.#dumping || this.#wantedAt === undefined || this.#wantedAt > now) return;
    this.#wantedAt = undefined;
    this.#notBefore = plus(now, INTERVAL);
    this.#dumping = true;
    this.#told = 0;
    this.#hooks.dump();
  }

  /** There is nothing to read into: only a bulk is a reason to read. */
  resync(now: Instant, bulk: boolean): void {
    if (!bulk || this.#wantedAt !== undefined) return;
    this.#wantedAt = this.#notBefore > now ? this.#notBefore : now;
    this.tick(now);
  }

  overrun(now: Instant): void {
    this.counters.overruns += 1;
    if (this.#wantedAt === undefined) this.#hooks.report({ kind: "kernel-overrun" });
    this.resync(now, true);
  }

  events(batch: FlowBatch): void {
    for (let index = 0; index < batch.count; index++) {
      this.counters.events += 1;
      const kind = batch.kind(index);
      const [from, to] = [batch.from(index), batch.to(index)];
      const known = (kind & OWN) === 0 && this.#passes(this.#body.scan(batch.bytes, from, to));
      if (known) this.#send(kind, batch.bytes, from, to);
      else this.counters.filtered += 1;
    }
  }

  #send(type: number, bytes: Uint8Array, from: number, to: number): void {
    this.sent[type as 0 | 1 | 2] += 1; // the three kinds of events without OWN
    this.#hooks.send(type, bytes, from, to);
  }

  /** Expectations are few and end soon: without a cache they are not told. */
  expectation(): void {}

  dumped(batch: FlowBatch): void {
    for (let index = 0; index < batch.count; index++) {
      const [from, to] = [batch.from(index), batch.to(index)];
      if (!this.#passes(this.#body.scan(batch.bytes, from, to))) continue;
      this.#told += 1;
      this.#hooks.send(CT_NEW, batch.bytes, from, to);
    }
  }

  dumpComplete(_expectations: unknown, now: Instant): void {
    this.#dumping = false;
    this.counters.resyncs += 1;
    this.#hooks.report({ kind: "bulk-queued", flows: this.#told });
    this.tick(now);
  }

  dumpFailed(problem: string, now: Instant): void {
    this.#dumping = false;
    this.#wantedAt = plus(now, INTERVAL);
    this.#hooks.report({ kind: "kernel-dump-failed", problem });
  }
}

/**
 * DisableExternalCache: what the peers tell goes into our kernel at once, in the order in which it came, a batch at a
 * time. What comes while the kernel works on one batch waits for the next.
 */
import type { Expectation } from "../wire/expectation.js";
import { CT_DEL, CT_NEW } from "../wire/message.js";
import type { BatchResult } from "./commit.js";
import { CREATE, FlowBatch, REMOVE, UPDATE } from "./flow-batch.js";

/** Most flows that wait; beyond, the newest are dropped and the peers asked for everything. */
const WAITING_LIMIT = 65_536;

export type InjectAction =
  | { readonly type: "inject"; readonly batch: FlowBatch }
  | { readonly type: "inject-expectations"; readonly expectations: readonly Expectation[] };

export class Injector {
  readonly counters = { created: 0, updated: 0, destroyed: 0, failed: 0, dropped: 0 };
  #waiting = new FlowBatch();
  #working = new FlowBatch();
  #expectations: Expectation[] = [];
  #outstanding = false;
  #overflowed = false;

  /** Takes a flow message in. */
  take(type: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.#waiting.count >= WAITING_LIMIT) {
      this.counters.dropped += 1;
      this.#overflowed = true;
      return;
    }
    this.#waiting.copy(type === CT_NEW ? CREATE : type === CT_DEL ? REMOVE : UPDATE, bytes, from, to);
  }

  expect(expectation: Expectation): void {
    if (this.#expectations.length < 1024) this.#expectations.push(expectation);
  }

  /** What to do now; nothing while the kernel works. */
  next(): InjectAction | undefined {
    if (this.#outstanding) return undefined;
    if (this.#waiting.count > 0) {
      [this.#waiting, this.#working] = [this.#working, this.#waiting];
      this.#waiting.clear();
      this.#outstanding = true;
      return { type: "inject", batch: this.#working };
    }
    if (this.#expectations.length === 0) return undefined;
    const expectations = this.#expectations;
    this.#expectations = [];
    this.#outstanding = true;
    return { type: "inject-expectations", expectations };
  }

  /** The kernel answered. @returns whether something was dropped meanwhile: the peers are to be asked again. */
  answered(result: BatchResult & { readonly removed?: number }): boolean {
    this.#outstanding = false;
    this.counters.created += result.written;
    this.counters.updated += result.updated;
    this.counters.destroyed += result.removed ?? 0;
    this.counters.failed += result.failed;
    const again = this.#overflowed && this.#waiting.count === 0;
    if (again) this.#overflowed = false;
    return again;
  }
}

/**
 * ALARM: every flow is told again from time to time, for there are no acknowledgements and the peer forgets what it has
 * not heard of for CacheTimeout. The moments are spread over RefreshTime by the flow's number, so that not all fall
 * together; what changes meanwhile is told at once and waits anew.
 */
import type { Outbox } from "../wire/outbox.js";
import type { LocalCache } from "./local-cache.js";
import { NONE } from "./record-table.js";

export class Refresh {
  readonly #cache: LocalCache;
  readonly #outbox: Outbox;
  readonly #refreshSeconds: number;
  /** By id: the second in which the flow is to be told again. */
  #due = new Uint32Array(1024);
  #lastLook = 0;

  constructor(cache: LocalCache, outbox: Outbox, refreshSeconds: number) {
    this.#cache = cache;
    this.#outbox = outbox;
    this.#refreshSeconds = refreshSeconds;
  }

  /** A flow went out. */
  sent(id: number, second: number): void {
    if (id >= this.#due.length) {
      const larger = new Uint32Array(Math.max(id + 1, this.#due.length * 2));
      larger.set(this.#due);
      this.#due = larger;
    }
    const spread = Math.imul(id, 0x9e3779b1) >>> 0;
    this.#due[id] = second + 1 + (spread % this.#refreshSeconds);
    this.#cache.markUpdated(id);
  }

  /** Queues what is due; at most once in a second. */
  tick(second: number): void {
    if (second === this.#lastLook) return;
    this.#lastLook = second;
    for (let id = this.#cache.next(0); id !== NONE; id = this.#cache.next(id + 1)) {
      const due = this.#due[id] ?? 0;
      if (due !== 0 && due <= second) this.#outbox.queue(id);
    }
  }
}

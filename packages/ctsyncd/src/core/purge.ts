/** Empties our kernel's table of the flows we know, in batches: what is left of a time as the active director. */
import { AttributeIndex, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { BATCH } from "./commit.js";
import { FlowBatch, REMOVE } from "./flow-batch.js";
import type { LocalCache } from "./local-cache.js";
import { NONE } from "./record-table.js";

/** One purge under way. The kernel's own destroy events take the flows out of the cache. */
export class Purge {
  readonly #cache: LocalCache;
  readonly #batch = new FlowBatch();
  readonly #body = new AttributeIndex(FLOW_ATTRIBUTES);
  #cursor = 0;
  #removed = 0;
  #failed = 0;

  constructor(cache: LocalCache) {
    this.#cache = cache;
  }

  answered(removed: number, failed: number): void {
    this.#removed += removed;
    this.#failed += failed;
  }

  get result(): { readonly flows: number; readonly failed: number } {
    return { flows: this.#removed, failed: this.#failed };
  }

  /** The next flows to remove; none when all were visited. */
  next(): FlowBatch {
    this.#batch.clear();
    for (let id = this.#cache.next(this.#cursor); id !== NONE; id = this.#cache.next(id + 1)) {
      this.#cursor = id + 1;
      const body = this.#cache.scan(id, this.#body);
      this.#batch.add(REMOVE, body.writeMerged(this.#batch.room(), this.#batch.end));
      if (this.#batch.count === BATCH) break;
    }
    return this.#batch;
  }
}

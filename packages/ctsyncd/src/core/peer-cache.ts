/**
 * What the peers told us of their flows: what a takeover commits.
 *
 * NEW replaces, UPD completes or creates, DEL deletes. Nothing ages. What a peer no longer has is found by mark and
 * sweep: a bulk update bears a new mark on everything it mentions, and at its end what does not bear it goes.
 */
import { ByteWriter } from "@systole/wire";
import { AttributeIndex, CT, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { checkFlow, decodeFlow, type Flow } from "../wire/flow.js";
import { CT_DEL, CT_NEW } from "../wire/message.js";
import { noCounts } from "./local-cache.js";
import { NONE, RecordTable } from "./record-table.js";

/** Marks go around; two bulks are never so far apart that 127 others lie between. */
const MARKS = 127;

export class PeerCache {
  readonly counters = noCounts();
  readonly #table: RecordTable;
  readonly #fresh = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #stored = new AttributeIndex(FLOW_ATTRIBUTES);
  #mark = 0;

  constructor(limit: number) {
    this.#table = new RecordTable(limit);
  }

  get size(): number {
    return this.#table.size;
  }
  get sizeBytes(): number {
    return this.#table.sizeBytes;
  }

  /**
   * Takes one flow message in.
   *
   * @returns for a DEL the flow that is gone, with the id it had; else undefined.
   * @throws DecodeError if the body is malformed; then nothing has changed.
   */
  apply(
    type: number,
    body: Uint8Array,
    second: number,
  ): { readonly id: number; readonly flow: Flow } | undefined {
    checkFlow(this.#fresh.scan(body));
    const id = this.#table.find(this.#fresh);
    if (type === CT_DEL) return this.#delete(id);
    const writer = new ByteWriter(128);
    const merges = type !== CT_NEW && id !== NONE;
    this.#fresh.writeMerged(writer, merges ? this.#stored.scan(this.#table.body(id)) : undefined);
    this.#store(id, writer.done(), second, merges);
    return undefined;
  }

  #store(known: number, body: Uint8Array, second: number, merges: boolean): void {
    let id = known;
    if (id === NONE) {
      id = this.#table.add(this.#fresh, body);
      if (id === NONE) {
        this.counters.createFailed += 1;
        return;
      }
    } else this.#table.replace(id, body);
    if (!merges) this.#table.createdAt[id] = second;
    this.#table.changedAt[id] = second;
    this.#table.tag[id] = this.#mark;
    if (merges) this.counters.updated += 1;
    else this.counters.created += 1;
  }

  #delete(id: number): { readonly id: number; readonly flow: Flow } | undefined {
    if (id === NONE) {
      this.counters.destroyUnknown += 1;
      return undefined;
    }
    const flow = this.flow(id);
    this.#table.remove(id);
    this.counters.destroyed += 1;
    return { id, flow };
  }

  /** From now on every flow that is mentioned bears a new mark. */
  newMark(): void {
    this.#mark = (this.#mark + 1) % MARKS;
  }

  /** Forgets every flow that was not mentioned since `newMark`. @returns how many. */
  sweep(): number {
    let swept = 0;
    for (const id of this.#table.ids()) {
      if (this.#table.tag[id] === this.#mark) continue;
      this.#table.remove(id);
      swept += 1;
    }
    this.counters.destroyed += swept;
    return swept;
  }

  /** Forgets everything. */
  clear(): void {
    for (const id of this.#table.ids()) this.#table.remove(id);
  }

  flow(id: number): Flow {
    return decodeFlow(this.#stored.scan(this.#table.body(id)));
  }

  /** Was this flow expected by another one? Without decoding it whole. */
  isRelated(id: number): boolean {
    const stored = this.#stored.scan(this.#table.body(id));
    return stored.has(CT.MASTER_IPV4) || stored.has(CT.MASTER_IPV6);
  }

  /** Seconds since the last message about it. */
  age(id: number, second: number): number {
    return Math.max(0, second - this.#table.changedAt[id]!);
  }

  createdAt(id: number): number {
    return this.#table.createdAt[id]!;
  }

  /** As `RecordTable.next`. */
  next(from: number): number {
    return this.#table.next(from);
  }
}

/**
 * What a peer told us of its flows: what a takeover commits.
 *
 * NEW replaces, UPD completes or creates, DEL deletes. Nothing ages but in ALARM mode. What a peer no longer has is
 * found by mark and sweep: a bulk update bears a new mark on everything it mentions, and at its end what does not bear
 * it goes.
 */
import { AttributeIndex, CT, FLOW_ATTRIBUTES, LARGEST_BODY } from "../wire/attribute.js";
import { checkFlow, decodeFlow, type Flow } from "../wire/flow.js";
import { digestOf } from "../wire/key.js";
import { CT_DEL, CT_NEW } from "../wire/message.js";
import { noCounts } from "./local-cache.js";
import { NONE, RecordTable } from "./record-table.js";

/** Marks go around; two bulks are never so far apart that 127 others lie between. */
const MARKS = 127;
/** In the shape of a plain flow. */
const MASTER = (1 << CT.MASTER_IPV4) | (1 << CT.MASTER_IPV6);

export class PeerCache {
  readonly counters = noCounts();
  readonly #table: RecordTable;
  readonly #fresh = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #stored = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #scratch = new Uint8Array(LARGEST_BODY);
  readonly #destroyed: ((cache: PeerCache, id: number) => void) | undefined;
  #mark = 0;

  /** @param destroyed called for each flow that a DEL takes away, before it is gone. */
  constructor(limit: number, destroyed?: (cache: PeerCache, id: number) => void) {
    this.#table = new RecordTable(limit);
    this.#destroyed = destroyed;
  }

  get size(): number {
    return this.#table.size;
  }
  get sizeBytes(): number {
    return this.#table.sizeBytes;
  }

  /**
   * Takes one flow message in: its body lies in `bytes` from `from` to `to`.
   *
   * @throws DecodeError if the body is malformed; then nothing has changed.
   */
  apply(type: number, bytes: Uint8Array, from: number, to: number, second: number): void {
    checkFlow(this.#fresh.scan(bytes, from, to));
    const id = this.#table.find(this.#fresh);
    if (type === CT_DEL) this.#delete(id);
    else this.#store(id, type !== CT_NEW && id !== NONE, second);
  }

  #store(known: number, merges: boolean, second: number): void {
    const id = known === NONE ? this.#create() : known;
    if (id === NONE) {
      this.counters.createFailed += 1;
      return;
    }
    if (known !== NONE) this.#table.update(id, this.#fresh, merges);
    if (!merges) this.#table.createdAt[id] = second;
    this.#table.sequence[id] = 0; // no survey has seen this state
    this.#table.changedAt[id] = second;
    this.#table.tag[id] = this.#mark;
    if (merges) this.counters.updated += 1;
    else this.counters.created += 1;
  }

  /** What a peer sends may be in any order, and have more behind it: it is kept in ours, unless it is plain. */
  #create(): number {
    const { bytes, plainShape, end } = this.#fresh;
    if (plainShape !== 0) return this.#table.add(this.#fresh, bytes, this.#fresh.start, end);
    return this.#table.add(this.#fresh, this.#scratch, 0, this.#fresh.writeMerged(this.#scratch, 0));
  }

  #delete(id: number): void {
    if (id === NONE) {
      this.counters.destroyUnknown += 1;
      return;
    }
    this.#destroyed?.(this, id);
    this.#table.remove(id);
    this.counters.destroyed += 1;
  }

  /** From now on every flow that is mentioned bears a new mark. */
  newMark(): void {
    this.#mark = (this.#mark + 1) % MARKS;
  }

  /** Forgets every flow that was not mentioned since `newMark`. @returns how many. */
  sweep(): number {
    return this.#forget((id) => this.#table.tag[id] !== this.#mark);
  }

  /** ALARM: forgets every flow of which nothing was heard for `seconds`. @returns how many. */
  expire(second: number, seconds: number): number {
    return this.#forget((id) => this.age(id, second) >= seconds);
  }

  #forget(which: (id: number) => boolean): number {
    let forgotten = 0;
    for (let id = this.next(0); id !== NONE; id = this.next(id + 1)) {
      if (!which(id)) continue;
      this.#table.remove(id);
      forgotten += 1;
    }
    this.counters.destroyed += forgotten;
    return forgotten;
  }

  /** Forgets everything. */
  clear(): void {
    for (let id = this.next(0); id !== NONE; id = this.next(id + 1)) this.#table.remove(id);
  }

  /** The flow with the key of a scanned body, or NONE. */
  find(body: AttributeIndex): number {
    return this.#table.find(body);
  }

  /** Digests of the flows whose key has this hash. */
  digests(hash: number, index: AttributeIndex): readonly number[] {
    return this.#table.withHash(hash).map((id) => digestOf(this.#table.scan(id, index)));
  }

  /** Points `index` at the body of a flow. */
  scan(id: number, index: AttributeIndex): AttributeIndex {
    return this.#table.scan(id, index);
  }

  /** Copies the body of a flow. @returns where it ends. */
  write(id: number, into: Uint8Array, at: number): number {
    const from = this.#table.from(id);
    const length = this.#table.length(id);
    into.set(this.#table.memory(id).subarray(from, from + length), at);
    return at + length;
  }

  flow(id: number): Flow {
    return decodeFlow(this.#table.scan(id, this.#stored));
  }

  /** Was this flow expected by another one? */
  isRelated(id: number): boolean {
    const shape = this.#table.shape(id);
    if (shape !== 0) return (shape & MASTER) !== 0;
    const stored = this.#table.scan(id, this.#stored);
    return stored.has(CT.MASTER_IPV4) || stored.has(CT.MASTER_IPV6);
  }

  /** What a survey of our kernel found about this flow; for the commit. */
  surveyed(id: number): number {
    return this.#table.sequence[id]!;
  }
  setSurveyed(id: number, found: number): void {
    this.#table.sequence[id] = found;
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

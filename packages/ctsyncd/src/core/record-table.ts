/**
 * Flows as message bodies, found by their key: about 90 bytes for a TCP flow over IPv4, everything included.
 *
 * Bodies lie in an arena, the fields of a record in typed arrays under one small number, its id. The index is open
 * addressing with linear probing. An id is valid until its record is removed, and may then be used again.
 */
import { AttributeIndex, FLOW_ATTRIBUTES, LARGEST_BODY } from "../wire/attribute.js";
import { hashKey, sameKey, samePlainKey } from "../wire/key.js";
import { Arena } from "./arena.js";

export const NONE = -1;

/**
 * Room for so many records is asked for at once: the system gives memory only where something is written, and nothing
 * has to be copied, or waits for the collector, as the table grows.
 */
const FIRST_CAPACITY = 1 << 20;
/** Of the fields of one record. */
const RECORD_BYTES = 27;

export class RecordTable {
  /** Most records it takes: HashLimit. */
  readonly limit: number;
  readonly #arena = new Arena();
  #capacity = 0;
  /** One past the highest id ever used. */
  #end = 0;
  #size = 0;
  /** Hash slots: id + 1, or 0. */
  #slots = new Int32Array(16);
  #hash = new Uint32Array(0);
  #place = new Uint32Array(0);
  /** 0 for a free id: a body is never empty. */
  #length = new Uint16Array(0);
  readonly #freeIds: number[] = [];
  /** The shape of each body, if it is a plain one: see `plainShape`. */
  #shape = new Uint32Array(0);
  readonly #stored = new AttributeIndex(FLOW_ATTRIBUTES);
  /** For a body that is put together here. */
  readonly #scratch = new Uint8Array(LARGEST_BODY);
  /** Seconds since the session began, of the last message or event; for the owner to read and set. */
  changedAt = new Uint32Array(0);
  /** The same, of the first. */
  createdAt = new Uint32Array(0);
  /** For the owner: what a number means is his. */
  tag = new Uint8Array(0);
  /** For the owner, too. */
  sequence = new Int32Array(0);

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** Memory of records, index and bodies. */
  get sizeBytes(): number {
    return this.#arena.sizeBytes + this.#slots.byteLength + this.#end * RECORD_BYTES;
  }

  /** The record with the key of a scanned body, or NONE. */
  find(body: AttributeIndex): number {
    const hash = hashKey(body);
    const plain = body.plainShape !== 0;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id === NONE) return NONE;
      if (this.#hash[id] !== hash) continue;
      const same =
        plain && this.#shape[id] !== 0
          ? samePlainKey(body, this.memory(id), this.from(id))
          : sameKey(this.scan(id, this.#stored), body);
      if (same) return id;
    }
  }

  /**
   * Gives a record the scanned body of the same key; `merges`: completed by what that lacks of the old one.
   *
   * Usually it lacks nothing and both are plain: then nothing needs to be read or put together.
   */
  update(id: number, body: AttributeIndex, merges: boolean): void {
    const shape = body.plainShape;
    const before = this.#shape[id]!;
    if (shape !== 0 && (!merges || (before !== 0 && (before & ~shape) === 0))) {
      this.#replace(id, body.bytes, body.start, body.end, shape);
      return;
    }
    const older = merges ? this.scan(id, this.#stored) : undefined;
    const end = body.writeMerged(this.#scratch, 0, older);
    // Two plain bodies make a plain one: it is written in the order of sending.
    this.#replace(id, this.#scratch, 0, end, merges && shape !== 0 && before !== 0 ? shape | before : 0);
  }

  /** The records whose key has this hash: usually one. */
  withHash(hash: number): readonly number[] {
    const found: number[] = [];
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (this.#hash[id] === hash) found.push(id);
    }
    return found;
  }

  /**
   * Adds a record whose key is not there yet: the body that lies in `bytes` from `from` to `to`, with the key of `key`.
   *
   * @returns NONE when the limit is reached.
   */
  add(key: AttributeIndex, bytes: Uint8Array, from = 0, to = bytes.length): number {
    if (this.#size >= this.limit) return NONE;
    const id = this.#freeIds.pop() ?? this.#end++;
    if (id >= this.#capacity) this.#grow();
    this.#hash[id] = hashKey(key);
    this.#place[id] = this.#arena.put(bytes, from, to);
    this.#length[id] = to - from;
    this.#shape[id] = bytes === key.bytes ? key.plainShape : 0;
    this.#size += 1;
    if (this.#size * 10 > this.#slots.length * 7) this.#rehash(this.#slots.length * 2);
    else this.#insert(id);
    return id;
  }

  /** Where the body of a record lies: its memory, from and length. Valid until the next change of this record. */
  memory(id: number): Uint8Array {
    return this.#arena.page(this.#place[id]!);
  }
  from(id: number): number {
    return this.#arena.offset(this.#place[id]!);
  }
  length(id: number): number {
    return this.#length[id]!;
  }

  /** The attributes of its body as bits by number if it is a plain one (`AttributeIndex.plainShape`), else 0. */
  shape(id: number): number {
    return this.#shape[id]!;
  }

  /** Points `index` at the body of a record. */
  scan(id: number, index: AttributeIndex): AttributeIndex {
    const from = this.from(id);
    return index.scan(this.memory(id), from, from + this.#length[id]!);
  }

  #replace(id: number, bytes: Uint8Array, from: number, to: number, shape: number): void {
    this.#shape[id] = shape;
    this.#place[id] = this.#arena.replace(this.#place[id]!, this.#length[id]!, bytes, from, to);
    this.#length[id] = to - from;
  }

  remove(id: number): void {
    this.#unlink(id);
    this.#arena.free(this.#place[id]!, this.#length[id]!);
    this.#length[id] = 0;
    this.#freeIds.push(id);
    this.#size -= 1;
  }

  /** Is there a record under this id? */
  has(id: number): boolean {
    return id < this.#end && this.#length[id] !== 0;
  }

  /**
   * The next id at or after `from`, or NONE: for walking in steps while records come and go. A record that comes
   * meanwhile may be missed or met; none is met twice.
   */
  next(from: number): number {
    for (let id = from; id < this.#end; id++) if (this.#length[id] !== 0) return id;
    return NONE;
  }

  *ids(): Generator<number> {
    for (let id = this.next(0); id !== NONE; id = this.next(id + 1)) yield id;
  }

  #insert(id: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash[id]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #rehash(slots: number): void {
    this.#slots = new Int32Array(slots);
    for (const id of this.ids()) this.#insert(id);
  }

  /** Takes an id out of the index and moves what probing had pushed behind it back into the gap. */
  #unlink(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#hash[id]! & mask;
    while (slots[gap] !== id + 1) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hash[slots[slot]! - 1]! & mask;
      if (((slot - home) & mask) >= ((slot - gap) & mask)) {
        slots[gap] = slots[slot]!;
        gap = slot;
      }
    }
    slots[gap] = 0;
  }

  #grow(): void {
    this.#capacity = Math.min(this.limit, this.#capacity === 0 ? FIRST_CAPACITY : this.#capacity * 2);
    const larger = <Field extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(
      field: Field,
      empty: Field,
    ): Field => {
      empty.set(field);
      return empty;
    };
    const length = this.#capacity;
    this.#hash = larger(this.#hash, new Uint32Array(length));
    this.#place = larger(this.#place, new Uint32Array(length));
    this.#length = larger(this.#length, new Uint16Array(length));
    this.#shape = larger(this.#shape, new Uint32Array(length));
    this.changedAt = larger(this.changedAt, new Uint32Array(length));
    this.createdAt = larger(this.createdAt, new Uint32Array(length));
    this.tag = larger(this.tag, new Uint8Array(length));
    this.sequence = larger(this.sequence, new Int32Array(length));
  }
}

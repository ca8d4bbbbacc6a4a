/**
 * Our own kernel's flows, as its events and dumps tell them: what the peer is to know.
 *
 * A flow is told as new until it changes for the first time, then as updated, then as destroyed; a destroyed one stays
 * until the peer has acknowledged that. An update that lacks something (a kernel event carries only what changed)
 * leaves what was known.
 */
import { AttributeIndex, CT, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { decodeFlow, type Flow } from "../wire/flow.js";
import { CT_DEL, CT_NEW, CT_UPD } from "../wire/message.js";
import { BORN, ENDED } from "./flow-batch.js";
import { NONE, RecordTable } from "./record-table.js";

export interface CacheCounters {
  created: number;
  createFailed: number;
  updated: number;
  destroyed: number;
  destroyUnknown: number;
}

export const noCounts = (): CacheCounters => ({
  created: 0,
  createFailed: 0,
  updated: 0,
  destroyed: 0,
  destroyUnknown: 0,
});

export class LocalCache {
  readonly counters = noCounts();
  readonly #table: RecordTable;
  readonly #stored = new AttributeIndex(FLOW_ATTRIBUTES);
  #dead = 0;
  /** Grows with each dump; a record bears the number under which it was last seen. */
  #generation = 0;
  #dumping = false;
  /** Destroyed and settled while a dump runs: they stay until its end, so that it cannot bring them back. */
  readonly #held = new Set<number>();

  constructor(limit: number) {
    this.#table = new RecordTable(limit);
  }

  /** Living flows. */
  get size(): number {
    return this.#table.size - this.#dead;
  }
  get limit(): number {
    return this.#table.limit;
  }
  get sizeBytes(): number {
    return this.#table.sizeBytes;
  }

  /** Is this flow here and alive? */
  knows(body: AttributeIndex): boolean {
    const id = this.#table.find(body);
    return id !== NONE && this.#table.tag[id] !== CT_DEL;
  }

  /**
   * Takes one event in.
   *
   * @param change BORN, CHANGED or ENDED.
   * @param body scanned, and all of it lies between `from` and `to` of its memory.
   * @param second seconds since the session began.
   * @returns the flow's id if the peer should hear of it, else NONE.
   */
  apply(change: number, body: AttributeIndex, from: number, to: number, second: number): number {
    const id = this.#table.find(body);
    if (change === ENDED) return this.#destroy(id, body, from, to, second);
    if (id === NONE) return this.#create(body, from, to, second);
    const reborn = change === BORN || this.#table.tag[id] === CT_DEL;
    this.#store(id, body, reborn, second);
    return id;
  }

  /** A dump of the kernel's table is about to be taken. */
  beginDump(): void {
    this.#generation += 1;
    this.#dumping = true;
  }

  /**
   * Takes one entry of the dump in. What an event told since it began is newer and stands.
   *
   * @returns the flow's id if the peer should hear of it; NONE if it says nothing new but the timeout.
   */
  applyDump(body: AttributeIndex, from: number, to: number, second: number): number {
    const id = this.#table.find(body);
    if (id === NONE) return this.#create(body, from, to, second);
    if (this.#table.sequence[id] === this.#generation) return NONE;
    const dead = this.#table.tag[id] === CT_DEL;
    const same = !dead && body.confirms(this.#table.scan(id, this.#stored), CT.TIMEOUT);
    const type = this.#table.tag[id]!;
    this.#store(id, body, dead, second);
    if (!same) return id;
    this.#table.tag[id] = type;
    return NONE;
  }

  /** Living flows that neither the dump nor an event since its beginning has mentioned. */
  unseen(): number[] {
    return [...this.ids()].filter((id) => this.#table.sequence[id] !== this.#generation);
  }

  endDump(): void {
    this.#dumping = false;
    for (const id of this.#held) this.settled(id);
    this.#held.clear();
  }

  #create(body: AttributeIndex, from: number, to: number, second: number): number {
    const id = this.#table.add(body, body.bytes, from, to);
    if (id === NONE) {
      this.counters.createFailed += 1;
      return NONE;
    }
    this.#table.tag[id] = CT_NEW;
    this.#table.sequence[id] = this.#generation;
    this.#table.changedAt[id] = this.#table.createdAt[id] = second;
    this.counters.created += 1;
    return id;
  }

  #store(id: number, body: AttributeIndex, reborn: boolean, second: number): void {
    if (this.#table.tag[id] === CT_DEL) this.#dead -= 1;
    if (this.#held.size > 0) this.#held.delete(id);
    this.#table.update(id, body, !reborn);
    this.#table.tag[id] = reborn ? CT_NEW : CT_UPD;
    this.#table.sequence[id] = this.#generation;
    this.#table.changedAt[id] = second;
    if (reborn) this.#table.createdAt[id] = second;
    if (reborn) this.counters.created += 1;
    else this.counters.updated += 1;
  }

  /** The peer gets the complete last state, the closing one that the event carries included. */
  #destroy(id: number, body: AttributeIndex, from: number, to: number, second: number): number {
    if (id === NONE || this.#table.tag[id] === CT_DEL) {
      this.counters.destroyUnknown += 1;
      if (id === NONE && this.#dumping) this.#holdUnknown(body, from, to, second);
      return NONE;
    }
    this.#table.update(id, body, true);
    this.kill(id, second);
    return id;
  }

  /** An unknown flow ended while a dump runs that may still list it. */
  #holdUnknown(body: AttributeIndex, from: number, to: number, second: number): void {
    const id = this.#create(body, from, to, second);
    if (id === NONE) return;
    this.counters.created -= 1;
    this.#table.tag[id] = CT_DEL;
    this.#dead += 1;
    this.#held.add(id);
  }

  /** Marks a flow as destroyed: the peer is to hear it. */
  kill(id: number, second: number): void {
    if (this.#table.tag[id] === CT_DEL) return;
    this.#table.tag[id] = CT_DEL;
    this.#table.sequence[id] = this.#generation;
    this.#table.changedAt[id] = second;
    this.#dead += 1;
    this.counters.destroyed += 1;
  }

  /** The peer knows the latest state of this flow: a destroyed one is forgotten. */
  settled(id: number): void {
    if (!this.#table.has(id) || this.#table.tag[id] !== CT_DEL) return;
    if (this.#dumping) this.#held.add(id);
    else this.#remove(id);
  }

  /** Forgets a flow without telling anybody. */
  drop(id: number): void {
    if (!this.#table.has(id)) return;
    if (this.#dumping) {
      this.kill(id, this.#table.changedAt[id]!);
      this.#held.add(id);
    } else this.#remove(id);
  }

  #remove(id: number): void {
    if (this.#table.tag[id] === CT_DEL) this.#dead -= 1;
    this.#table.remove(id);
  }

  has(id: number): boolean {
    return this.#table.has(id);
  }

  /** The message type that tells of this flow now: CT_NEW, CT_UPD or CT_DEL. */
  messageType(id: number): number {
    return this.#table.tag[id]!;
  }

  /** How long the body of this flow is. */
  messageLength(id: number): number {
    return this.#table.length(id);
  }

  /** Writes the body to send, its TIMEOUT reduced by the time since the last event. @returns where it ends. */
  writeMessage(id: number, second: number, into: Uint8Array, at: number): number {
    const bytes = this.#table.memory(id);
    const from = this.#table.from(id);
    const length = this.#table.length(id);
    for (let n = 0; n < length; n++) into[at + n] = bytes[from + n]!;
    const age = second - this.#table.changedAt[id]!;
    if (age > 0) reduceTimeout(this.#stored.scan(into, at, at + length), age);
    return at + length;
  }

  /** Says from now on that this flow was updated, not that it is new: what is told again. */
  markUpdated(id: number): void {
    if (this.#table.tag[id] === CT_NEW) this.#table.tag[id] = CT_UPD;
  }

  /** Points `index` at the body of a flow. */
  scan(id: number, index: AttributeIndex): AttributeIndex {
    return this.#table.scan(id, index);
  }

  /** When the last event came, in seconds since the session began. */
  changedAt(id: number): number {
    return this.#table.changedAt[id]!;
  }

  createdAt(id: number): number {
    return this.#table.createdAt[id]!;
  }

  flow(id: number): Flow {
    return decodeFlow(this.#table.scan(id, this.#stored));
  }

  /** The next living flow at or after an id, or NONE: for walking in steps. */
  next(from: number): number {
    let id = this.#table.next(from);
    while (id !== NONE && this.#table.tag[id] === CT_DEL) id = this.#table.next(id + 1);
    return id;
  }

  /** All living flows. */
  *ids(): Generator<number> {
    for (let id = this.next(0); id !== NONE; id = this.next(id + 1)) yield id;
  }
}

function reduceTimeout(body: AttributeIndex, age: number): void {
  if (!body.has(CT.TIMEOUT)) return;
  const left = Math.max(1, body.u32be(CT.TIMEOUT) - age);
  const at = body.offset(CT.TIMEOUT);
  for (let n = 0; n < 4; n++) body.bytes[at + n] = left >>> (24 - 8 * n);
}

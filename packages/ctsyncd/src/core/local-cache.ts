/**
 * Our own kernel's flows, as its events and dumps tell them: what the peer is to know.
 *
 * A flow is told as new until it changes for the first time, then as updated, then as destroyed; a destroyed one stays
 * until the peer has acknowledged that. An update that lacks something (a kernel event carries only what changed)
 * leaves what was known.
 */
import { ByteWriter } from "@systole/wire";
import { AttributeIndex, CT, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { decodeFlow, encodeFlow, type Flow, type FlowEncoding } from "../wire/flow.js";
import { CT_DEL, CT_NEW, CT_UPD } from "../wire/message.js";
import { NONE, RecordTable } from "./record-table.js";

export type FlowChange = "new" | "update" | "destroy";

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
  readonly #encoding: FlowEncoding;
  readonly #fresh = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #stored = new AttributeIndex(FLOW_ATTRIBUTES);
  #dead = 0;
  /** Grows with each dump; a record bears the number under which it was last seen. */
  #generation = 0;
  #dumping = false;
  /** Destroyed and settled while a dump runs: they stay until its end, so that it cannot bring them back. */
  readonly #held = new Set<number>();

  constructor(limit: number, encoding: FlowEncoding) {
    this.#table = new RecordTable(limit);
    this.#encoding = encoding;
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
  knows(flow: Flow): boolean {
    const id = this.#table.find(this.#fresh.scan(encodeFlow(flow, this.#encoding)));
    return id !== NONE && this.#table.tag[id] !== CT_DEL;
  }

  /**
   * Takes one event in.
   *
   * @param second seconds since the session began.
   * @returns the flow's id if the peer should hear of it, else NONE.
   */
  apply(change: FlowChange, flow: Flow, second: number): number {
    const body = encodeFlow(flow, this.#encoding);
    const id = this.#table.find(this.#fresh.scan(body));
    if (change === "destroy") return this.#destroy(id, body, second);
    if (id === NONE) return this.#create(body, second);
    const reborn = change === "new" || this.#table.tag[id] === CT_DEL;
    this.#store(id, reborn ? body : this.#merged(id), reborn, second);
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
  applyDump(flow: Flow, second: number): number {
    const body = encodeFlow(flow, this.#encoding);
    const id = this.#table.find(this.#fresh.scan(body));
    if (id === NONE) return this.#create(body, second);
    if (this.#table.sequence[id] === this.#generation) return NONE;
    const dead = this.#table.tag[id] === CT_DEL;
    const same = !dead && this.#fresh.confirms(this.#stored.scan(this.#table.body(id)), CT.TIMEOUT);
    const type = this.#table.tag[id]!;
    this.#store(id, dead ? body : this.#merged(id), dead, second);
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

  #create(body: Uint8Array, second: number): number {
    const id = this.#table.add(this.#fresh, body);
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

  #store(id: number, body: Uint8Array, reborn: boolean, second: number): void {
    if (this.#table.tag[id] === CT_DEL) this.#dead -= 1;
    this.#held.delete(id);
    this.#table.replace(id, body);
    this.#table.tag[id] = reborn ? CT_NEW : CT_UPD;
    this.#table.sequence[id] = this.#generation;
    this.#table.changedAt[id] = second;
    if (reborn) this.#table.createdAt[id] = second;
    if (reborn) this.counters.created += 1;
    else this.counters.updated += 1;
  }

  #merged(id: number): Uint8Array {
    const writer = new ByteWriter(128);
    this.#fresh.writeMerged(writer, this.#stored.scan(this.#table.body(id)));
    return writer.done();
  }

  /** The peer gets the complete last state, the closing one that the event carries included. */
  #destroy(id: number, body: Uint8Array, second: number): number {
    if (id === NONE || this.#table.tag[id] === CT_DEL) {
      this.counters.destroyUnknown += 1;
      if (id === NONE && this.#dumping) this.#holdUnknown(body, second);
      return NONE;
    }
    this.#table.replace(id, this.#merged(id));
    this.kill(id, second);
    return id;
  }

  /** An unknown flow ended while a dump runs that may still list it. */
  #holdUnknown(body: Uint8Array, second: number): void {
    const id = this.#create(body, second);
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

  /** The body to send, its TIMEOUT reduced by the time since the last event: a view, valid until the next change. */
  messageBody(id: number, second: number): Uint8Array {
    const body = this.#table.body(id);
    const age = second - this.#table.changedAt[id]!;
    if (age <= 0 || !this.#stored.scan(body).has(CT.TIMEOUT)) return body;
    const aged = body.slice();
    const left = Math.max(1, this.#stored.u32be(CT.TIMEOUT) - age);
    new DataView(aged.buffer).setUint32(this.#stored.offset(CT.TIMEOUT), left);
    return aged;
  }

  /** When the last event came, in seconds since the session began. */
  changedAt(id: number): number {
    return this.#table.changedAt[id]!;
  }

  createdAt(id: number): number {
    return this.#table.createdAt[id]!;
  }

  flow(id: number): Flow {
    return decodeFlow(this.#stored.scan(this.#table.body(id)));
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

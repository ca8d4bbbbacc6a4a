/**
 * What peers say: who may speak, in which order, what it means. One window and one cache for each peer address.
 *
 * A message from somebody who is not on the list is dropped before it is read. A malformed body is dropped, too, but
 * its number counts as received, as in the original: it would not get better by sending it again.
 *
 * Mark and sweep: when we ask a peer for everything, all it mentions from then on is marked; when it acknowledges the
 * request it has sent everything before that, and what bears no mark is gone there. If something was lost meanwhile the
 * bulk confirms nothing, and is asked for again.
 */
import { between, type Instant, plus, seconds } from "@systole/machine";
import { DecodeError, type IpAddress } from "@systole/wire";
import type { Flow } from "../wire/flow.js";
import { CT_DEL, HELLO, HELLO_BACK, type Message, RESYNC, readDatagram } from "../wire/message.js";
import type { Outbox } from "../wire/outbox.js";
import { after } from "../wire/sequence.js";
import { acknowledge, arrive } from "../wire/window.js";
import type { PeerCache } from "./peer-cache.js";
import { newPeer, PEERS_LIMIT, type Peer } from "./peers.js";
import type { Report, SessionOptions } from "./session.types.js";

/** Peers send at least one message per second. */
const SILENCE = seconds(3);
const BULK_ATTEMPTS = 5;
/** Strangers and malformed messages are reported this many times; after that they are only counted. */
const REPORTS_LIMIT = 16;

export interface ReceiverHooks {
  readonly report: (report: Report) => void;
  /** The peer wants everything, or knows nothing. */
  readonly bulk: () => void;
  /** A peer destroyed a flow of its own. */
  readonly destroyed: (cache: PeerCache, id: number, flow: Flow) => void;
}

export class Receiver {
  readonly peers = new Map<IpAddress, Peer>();
  readonly counters = { strangers: 0 };
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #hooks: ReceiverHooks;
  readonly #strangers = new Set<IpAddress>();
  #malformedReports = 0;

  constructor(options: SessionOptions, outbox: Outbox, hooks: ReceiverHooks) {
    this.#options = options;
    this.#outbox = outbox;
    this.#hooks = hooks;
  }

  /** When the next peer falls silent. */
  get deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { established, heardAt } of this.peers.values()) {
      const silentAt = plus(heardAt, SILENCE);
      if (established && (first === undefined || silentAt < first)) first = silentAt;
    }
    return first;
  }

  tick(now: Instant): void {
    for (const peer of this.peers.values()) {
      const silentMs = between(peer.heardAt, now);
      if (!peer.established || silentMs < SILENCE) continue;
      peer.established = false;
      this.#hooks.report({ kind: "peer-lost", peer: peer.address, silentMs });
    }
  }

  datagram(from: IpAddress, bytes: Uint8Array, now: Instant, second: number): void {
    const peer = this.#peer(from, now);
    if (peer === undefined) return;
    const { messages, otherVersion, fault } = readDatagram(bytes);
    peer.counters.datagrams += 1;
    peer.counters.bytes += bytes.length;
    peer.counters.otherVersion += otherVersion;
    if (fault !== undefined) this.#malformed(peer, `${fault.problem} at byte ${fault.offset}`);
    for (const message of messages) {
      peer.counters.messages += 1;
      if (!this.#receive(peer, message, second)) continue;
      peer.heardAt = now;
      if (peer.established) continue;
      peer.established = true;
      this.#hooks.report({ kind: "peer-established", peer: from });
    }
  }

  /** A second of quiet: acknowledges what is pending. @returns whether anything was. */
  acknowledge(): boolean {
    let any = false;
    for (const peer of this.peers.values()) {
      const { window, order } = acknowledge(peer.window);
      peer.window = window;
      if (order !== undefined) this.#outbox.queueControl(order);
      any ||= order !== undefined;
    }
    return any;
  }

  /** Asks every peer, or one, for everything it has. */
  requestBulk(only?: Peer): void {
    for (const peer of only === undefined ? this.peers.values() : [only]) this.#await(peer, 1);
    this.#outbox.queueControl({ flag: RESYNC, from: 0, to: 0 });
  }

  /** A RESYNC went out under this number. */
  resyncSent(sequence: number): void {
    for (const { awaited } of this.peers.values()) if (awaited !== undefined) awaited.sequence = sequence;
  }

  #await(peer: Peer, attempt: number): void {
    peer.cache.newMark();
    peer.awaited = { sequence: undefined, gap: false, attempt };
    this.#hooks.report({ kind: "bulk-requested", peer: peer.address });
  }

  #peer(from: IpAddress, now: Instant): Peer | undefined {
    const known = this.peers.get(from);
    if (known !== undefined) return known;
    const { allowed, cacheLimit, ackWindow } = this.#options;
    if ((allowed !== undefined && !allowed.has(from)) || this.peers.size >= PEERS_LIMIT) {
      this.counters.strangers += 1;
      if (this.#strangers.size < REPORTS_LIMIT && !this.#strangers.has(from)) {
        this.#strangers.add(from);
        this.#hooks.report({ kind: "stranger", from });
      }
      return undefined;
    }
    const peer = newPeer(from, cacheLimit, ackWindow, now);
    this.peers.set(from, peer);
    return peer;
  }

  /** @returns whether the message was a valid one. */
  #receive(peer: Peer, message: Message, second: number): boolean {
    const { kind } = message;
    const backwards = (kind === "ack" || kind === "nack") && after(message.from, message.to);
    const reliable = this.#options.mode === "ftfw";
    if (kind === "bad" || backwards || (!reliable && (kind === "ack" || kind === "nack"))) {
      this.#malformed(peer, backwards ? `${kind} that ends before it begins` : "unknown kind of message");
      return false;
    }
    if (this.#inOrder(peer, message, reliable)) this.#digest(peer, message, second);
    return true;
  }

  /** Keeps the order; says whether the contents of the message count. */
  #inOrder(peer: Peer, message: Message, reliable: boolean): boolean {
    const first = peer.window.last === undefined;
    const arrival = arrive(peer.window, message, this.#options.ackWindow);
    if (!reliable) return this.#unreliable(peer, message, first, arrival.lost);
    peer.window = arrival.window;
    peer.counters.lost += arrival.lost;
    if ((message.flags & HELLO) !== 0) this.#outbox.answerHello();
    if ((message.flags & HELLO_BACK) !== 0) this.#outbox.helloAnswered();
    for (const order of arrival.orders) this.#outbox.queueControl(order);
    if (arrival.lost > 0 && peer.awaited !== undefined) peer.awaited.gap = true;
    if (!arrival.accepted) peer.counters.before += 1;
    if (arrival.restarted) this.#restarted(peer, first);
    else if (first) this.requestBulk(peer);
    return arrival.accepted;
  }

  #restarted(peer: Peer, first: boolean): void {
    this.#outbox.forgetSent();
    if (!first) this.#hooks.report({ kind: "peer-restarted", peer: peer.address });
    this.#hooks.bulk();
    this.requestBulk(peer);
  }

  /** NOTRACK: numbers are only counted. */
  #unreliable(peer: Peer, message: Message, first: boolean, lost: number): boolean {
    peer.window = { ...peer.window, last: message.sequence };
    peer.counters.lost += lost;
    if (first) this.requestBulk(peer);
    return true;
  }

  #digest(peer: Peer, message: Message, second: number): void {
    switch (message.kind) {
      case "data":
        this.#data(peer, message, second);
        return;
      case "ack":
        this.#outbox.acknowledged(message.from, message.to);
        this.#sweep(peer, message.from, message.to);
        return;
      case "nack":
        this.#outbox.missing(message.from, message.to);
        return;
      case "resync":
        this.#hooks.bulk();
        return;
      case "alive":
      case "bad":
        return;
    }
  }

  /** Expectations are understood on the wire, but not kept yet. */
  #data(peer: Peer, message: Message, second: number): void {
    if (message.type > CT_DEL) return;
    try {
      const { createFailed } = peer.cache.counters;
      const gone = peer.cache.apply(message.type, message.body, second);
      if (gone !== undefined) this.#hooks.destroyed(peer.cache, gone.id, gone.flow);
      if (createFailed === 0 && peer.cache.counters.createFailed > 0) {
        this.#hooks.report({ kind: "cache-full", cache: "peer", limit: this.#options.cacheLimit });
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#malformed(peer, error.message);
    }
  }

  /** The peer acknowledged from..to: was our request for a bulk among it? */
  #sweep(peer: Peer, from: number, to: number): void {
    const { awaited } = peer;
    if (awaited?.sequence === undefined) return;
    if (after(from, awaited.sequence) || after(awaited.sequence, to)) return;
    peer.awaited = undefined;
    if (!awaited.gap) {
      const swept = peer.cache.sweep();
      this.#hooks.report({ kind: "bulk-received", peer: peer.address, flows: peer.cache.size, swept });
    } else if (awaited.attempt < BULK_ATTEMPTS) {
      this.#await(peer, awaited.attempt + 1);
      this.#outbox.queueControl({ flag: RESYNC, from: 0, to: 0 });
    } else {
      this.#hooks.report({ kind: "bulk-given-up", peer: peer.address, attempts: awaited.attempt });
    }
  }

  #malformed(peer: Peer, problem: string): void {
    peer.counters.malformed += 1;
    this.#malformedReports += 1;
    if (this.#malformedReports > REPORTS_LIMIT) return;
    this.#hooks.report({ kind: "malformed", peer: peer.address, problem });
  }
}

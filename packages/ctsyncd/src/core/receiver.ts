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
import { AttributeIndex, EXPECTATION_ATTRIBUTES, FLOW_ATTRIBUTES } from "../wire/attribute.js";
import { decodeExpectation } from "../wire/expectation.js";
import { checkFlow } from "../wire/flow.js";
import { CT_DEL, DatagramReader, EXP_DEL, HELLO, HELLO_BACK, type Message, RESYNC } from "../wire/message.js";
import type { Outbox } from "../wire/outbox.js";
import { after, stepsBetween } from "../wire/sequence.js";
import { acknowledge, advance, arrive } from "../wire/window.js";
import type { Injector } from "./injector.js";
import { PeerCache } from "./peer-cache.js";
import { newPeer, PEERS_LIMIT, type Peer } from "./peers.js";
import type { Report, SessionOptions } from "./session.types.js";

/** Peers send at least one message per second. */
const SILENCE = seconds(3);
const BULK_ATTEMPTS = 5;
/** So far ahead may the numbers of a peer be that went over to another link. */
const ALIAS_WINDOW = 100_000;
/** Strangers and malformed messages are reported this many times; after that they are only counted. */
const REPORTS_LIMIT = 16;

export interface ReceiverHooks {
  readonly report: (report: Report) => void;
  /** The peer wants everything, or knows nothing. */
  readonly bulk: () => void;
  /** A peer destroyed a flow of its own. */
  readonly destroyed: (cache: PeerCache, id: number) => void;
  /** A question or an answer between two of ours. */
  readonly sample: (peer: Peer, message: Message) => void;
  /** DisableExternalCache: takes the peers' flows instead of the caches. */
  readonly injector: Injector | undefined;
}

export class Receiver {
  readonly peers = new Map<IpAddress, Peer>();
  readonly counters = { strangers: 0 };
  /** When a peer last acknowledged something. */
  acknowledgedAt: Instant | undefined;
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #hooks: ReceiverHooks;
  readonly #strangers = new Set<IpAddress>();
  readonly #reader = new DatagramReader();
  readonly #flow = new AttributeIndex(FLOW_ATTRIBUTES);
  readonly #expectation = new AttributeIndex(EXPECTATION_ATTRIBUTES);
  /** Other addresses of peers, on other links. */
  readonly #aliases = new Map<IpAddress, IpAddress>();
  #malformedReports = 0;
  #expiredAt = 0;

  constructor(options: SessionOptions, outbox: Outbox, hooks: ReceiverHooks) {
    this.#options = options;
    this.#outbox = outbox;
    this.#hooks = hooks;
  }

  /** When the next peer falls silent. */
  get deadline(): Instant | undefined {
    if (this.#options.mode === "alarm") return undefined; // a peer that has nothing to tell is silent
    let first: Instant | undefined;
    for (const { established, heardAt } of this.peers.values()) {
      const silentAt = plus(heardAt, SILENCE);
      if (established && (first === undefined || silentAt < first)) first = silentAt;
    }
    return first;
  }

  tick(now: Instant, second: number): void {
    if (this.#options.mode === "alarm") this.#expire(second);
    else this.#judge(now);
  }

  /** ALARM: what was not told again for CacheTimeout is gone. */
  #expire(second: number): void {
    if (second === this.#expiredAt) return;
    this.#expiredAt = second;
    for (const { cache } of this.peers.values()) cache.expire(second, this.#options.cacheTimeoutSeconds);
  }

  #judge(now: Instant): void {
    for (const peer of this.peers.values()) {
      const silentMs = between(peer.heardAt, now);
      if (!peer.established || silentMs < SILENCE) continue;
      peer.established = false;
      this.#hooks.report({ kind: "peer-lost", peer: peer.address, silentMs });
    }
  }

  datagram(from: IpAddress, bytes: Uint8Array, now: Instant, second: number): void {
    if (!this.#admits(from)) return;
    const message = this.#reader.open(bytes);
    const first = message.next() ? message : undefined;
    const peer = this.#peer(from, first, now);
    if (peer === undefined) return;
    peer.counters.datagrams += 1;
    peer.counters.bytes += bytes.length;
    for (let more = first !== undefined; more; more = message.next())
      this.#message(peer, message, now, second);
    peer.counters.otherVersion += message.otherVersion;
    if (message.fault === undefined) return;
    const { problem, offset } = message.fault;
    this.#malformed(peer, problem === "truncated" ? "truncated" : "badSize", `${problem} at byte ${offset}`);
  }

  #message(peer: Peer, message: Message, now: Instant, second: number): void {
    peer.counters.messages += 1;
    if (message.kind === "ack") this.acknowledgedAt = now;
    if (message.kind === "sample") {
      this.#hooks.sample(peer, message);
      return;
    }
    if (!this.#receive(peer, message, second)) return;
    peer.heardAt = now;
    if (peer.established) return;
    peer.established = true;
    this.#hooks.report({ kind: "peer-established", peer: peer.address });
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
    if (this.#options.mode === "alarm") return;
    for (const peer of only === undefined ? this.peers.values() : [only]) this.#await(peer, 1);
    this.#outbox.queueControl({ flag: RESYNC, from: 0, to: 0 });
  }

  /** A RESYNC went out under this number. */
  resyncSent(sequence: number): void {
    for (const { awaited } of this.peers.values()) if (awaited !== undefined) awaited.sequence = sequence;
  }

  #await(peer: Peer, attempt: number): void {
    peer.cache.newMark();
    peer.expectations.newMark();
    peer.awaited = { sequence: undefined, gap: false, attempt };
    this.#hooks.report({ kind: "bulk-requested", peer: peer.address });
  }

  /** May he speak to us? Judged before a byte is read. */
  #admits(from: IpAddress): boolean {
    const { allowed } = this.#options;
    if (allowed === undefined || allowed.has(from)) return true;
    this.#stranger(from);
    return false;
  }

  #stranger(from: IpAddress): void {
    this.counters.strangers += 1;
    if (this.#strangers.size >= REPORTS_LIMIT || this.#strangers.has(from)) return;
    this.#strangers.add(from);
    this.#hooks.report({ kind: "stranger", from });
  }

  #peer(from: IpAddress, first: Message | undefined, now: Instant): Peer | undefined {
    const { allowed, cacheLimit, ackWindow } = this.#options;
    if (first?.kind === "sample")
      return this.peers.get(allowed?.get(from) ?? this.#aliases.get(from) ?? from);
    const address = allowed?.get(from) ?? this.#aliases.get(from) ?? this.#alias(from, first) ?? from;
    const known = this.peers.get(address);
    if (known !== undefined) return known;
    if (this.peers.size >= PEERS_LIMIT) {
      this.#stranger(from);
      return undefined;
    }
    const peer = newPeer(address, new PeerCache(cacheLimit, this.#hooks.destroyed), ackWindow, now);
    this.peers.set(address, peer);
    return peer;
  }

  /**
   * Several multicast links: a peer that changes to another link speaks from another address there, and goes on with
   * its numbers. With more than one peer nobody can tell whose numbers they are.
   */
  #alias(from: IpAddress, first: Message | undefined): IpAddress | undefined {
    const [peer] = this.peers.values();
    if (this.#options.links < 2 || this.peers.size !== 1 || peer?.window.last === undefined) return undefined;
    if (first === undefined || (first.flags & HELLO) !== 0) return undefined;
    const ahead = stepsBetween(peer.window.last, first.sequence);
    if (ahead === 0 || ahead > ALIAS_WINDOW) return undefined;
    this.#aliases.set(from, peer.address);
    return peer.address;
  }

  /** @returns whether the message was a valid one. */
  #receive(peer: Peer, message: Message, second: number): boolean {
    const { kind } = message;
    if (this.#options.mode === "alarm" && message.flags !== 0) return true; // ignored, as the original does
    const backwards = (kind === "ack" || kind === "nack") && after(message.from, message.to);
    const reliable = this.#options.mode === "ftfw";
    if (kind === "bad" || backwards || (!reliable && (kind === "ack" || kind === "nack"))) {
      const problem = backwards ? `${kind} that ends before it begins` : "unknown kind of message";
      this.#malformed(peer, backwards ? "badHeader" : "badType", problem);
      return false;
    }
    if (this.#inOrder(peer, message, reliable)) this.#digest(peer, message, second);
    return true;
  }

  /** Keeps the order; says whether the contents of the message count. */
  #inOrder(peer: Peer, message: Message, reliable: boolean): boolean {
    if (reliable && advance(peer.window, message)) return true;
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
    if ((message.flags & HELLO) === 0) peer.counters.lost += lost;
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
        // Without acknowledgements nothing is proven: what a bulk did not mention stays.
        if (this.#options.mode !== "ftfw") peer.awaited = undefined;
        return;
      case "sample":
      case "bad":
        return;
    }
  }

  #data(peer: Peer, message: Message, second: number): void {
    try {
      if (message.type > CT_DEL) this.#expected(peer, message, second);
      else if (this.#hooks.injector === undefined) this.#keep(peer, message, second);
      else {
        checkFlow(this.#flow.scan(message.bytes, message.start, message.end));
        this.#hooks.injector.take(message.type, message.bytes, message.start, message.end);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#malformed(peer, "badPayload", error.message);
    }
  }

  #keep(peer: Peer, { type, bytes, start, end }: Message, second: number): void {
    const { createFailed } = peer.cache.counters;
    peer.cache.apply(type, bytes, start, end, second);
    if (createFailed === 0 && peer.cache.counters.createFailed > 0) {
      this.#hooks.report({ kind: "cache-full", cache: "peer", limit: this.#options.cacheLimit });
    }
  }

  #expected(peer: Peer, { type, bytes, start, end }: Message, second: number): void {
    const expectation = decodeExpectation(this.#expectation.scan(bytes, start, end));
    if (this.#hooks.injector !== undefined) {
      if (type !== EXP_DEL) this.#hooks.injector.expect(expectation); // one that ends, ends by its own timeout
      return;
    }
    if (type !== EXP_DEL) peer.expectations.put(expectation, second);
    else {
      const id = peer.expectations.end(expectation);
      if (id !== undefined) peer.expectations.settled(id);
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
      for (const id of peer.expectations.endUnmarked()) peer.expectations.settled(id);
      this.#hooks.report({ kind: "bulk-received", peer: peer.address, flows: peer.cache.size, swept });
    } else if (awaited.attempt < BULK_ATTEMPTS) {
      this.#await(peer, awaited.attempt + 1);
      this.#outbox.queueControl({ flag: RESYNC, from: 0, to: 0 });
    } else {
      this.#hooks.report({ kind: "bulk-given-up", peer: peer.address, attempts: awaited.attempt });
    }
  }

  #malformed(
    peer: Peer,
    kind: "badHeader" | "badPayload" | "badType" | "truncated" | "badSize",
    problem: string,
  ): void {
    peer.counters.malformed += 1;
    peer.counters[kind] += 1;
    this.#malformedReports += 1;
    if (this.#malformedReports > REPORTS_LIMIT) return;
    this.#hooks.report({ kind: "malformed", peer: peer.address, problem });
  }
}

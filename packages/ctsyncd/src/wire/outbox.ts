/**
 * The sending side: what waits to be sent, and, in FTFW, what waits to be acknowledged.
 *
 *   changed ──► waiting ──send──► unacknowledged ──ACK──► gone
 *                  ^──────────────NACK──┘
 *
 * A flow is in at most one of the two places. One that changes again while it waits stays where it is and is sent once,
 * with its latest state; so the queue is never longer than the number of flows. A flow sent again gets a new number.
 * The resend queue is a ring with a place for each of the last ResendQueueSize numbers; what falls out of it counts
 * as acknowledged, and is counted.
 *
 * A flow is a small number here (its id in the cache); this file knows neither bodies nor time.
 */
import { HELLO, HELLO_BACK } from "./message.js";
import { after, plusSequence, stepsBetween } from "./sequence.js";
import { Numbers, WaitingLine } from "./waiting-line.js";
import type { Order } from "./window.js";

/** ACK, NACK, RESYNC or ALIVE with what it carries. */
export type Control = Order;

const EMPTY = -1;
const CONTROL = -2;
const CONTROLS_LIMIT = 1024;

export interface OutboxOptions {
  /** FTFW: acknowledged and sent again. NOTRACK: sent once. */
  readonly reliable: boolean;
  readonly resendLimit: number;
  /** Sequence of the first message: the Unix time, as the original. */
  readonly firstSequence: number;
}

export class Outbox {
  readonly #reliable: boolean;
  /** Flows, and control messages as negative numbers, in the order of sending. */
  readonly #waiting = new WaitingLine();
  readonly #controls = new Map<number, Control>();
  #lastControl = 0;
  /** By sequence modulo its length: a flow, CONTROL or EMPTY. */
  readonly #ring: Int32Array;
  readonly #sentControls = new Map<number, Control>();
  /** Under which number each flow was sent last; it stands in the ring there, or is not waiting for an answer. */
  readonly #sentAs = new Numbers();
  /** Flows in the ring. */
  #sentFlows = 0;
  #next: number;
  /** The oldest number that may still be in the ring. */
  #oldest: number;
  #hello: "init" | "say" | "done";
  #helloBack = false;
  #dropped = 0;
  /** Called with each flow that is neither waiting nor unacknowledged any more. */
  readonly #settled: (flow: number) => void;

  constructor({ reliable, resendLimit, firstSequence }: OutboxOptions, settled: (flow: number) => void) {
    this.#reliable = reliable;
    // A power of two, so that the places go on where the numbers begin again at 0.
    const places = reliable ? 2 ** Math.ceil(Math.log2(Math.max(1, resendLimit))) : 1;
    this.#ring = new Int32Array(places).fill(EMPTY);
    this.#next = firstSequence >>> 0;
    this.#oldest = this.#next;
    this.#hello = reliable ? "init" : "done";
    this.#settled = settled;
  }

  /** Is everything acknowledged, or sent again? */
  get isReliable(): boolean {
    return this.#reliable;
  }
  get waiting(): number {
    return this.#waiting.size;
  }
  get unacknowledged(): number {
    return this.#sentFlows + this.#sentControls.size;
  }
  /** Messages that fell out of the resend queue without an acknowledgement. */
  get dropped(): number {
    return this.#dropped;
  }
  get nextSequence(): number {
    return this.#next;
  }

  /** This flow changed: it is to be sent. */
  queue(flow: number): void {
    this.#unsend(flow);
    this.#waiting.add(flow);
  }

  /** Does this flow wait to be sent or acknowledged? */
  isPending(flow: number): boolean {
    if (this.#waiting.has(flow)) return true;
    return this.#sentFlows > 0 && this.#ring[this.#sentAs.get(flow) & (this.#ring.length - 1)] === flow;
  }

  /** This flow is gone without a word to the peer. */
  forget(flow: number): void {
    this.#unsend(flow);
    this.#waiting.delete(flow);
  }

  /**
   * Waits behind everything that waits now: who sees the answer to a RESYNC has seen the bulk before it.
   *
   * Too many are dropped: a peer that provokes more than are sent gets no more answers than these.
   */
  queueControl(control: Control): void {
    if (this.#controls.size >= CONTROLS_LIMIT) return;
    this.#lastControl -= 1;
    this.#controls.set(this.#lastControl, control);
    this.#waiting.add(this.#lastControl);
  }

  /** Says HELLO_BACK with the next message. */
  answerHello(): void {
    this.#helloBack = this.#reliable;
  }

  /** The peer answered our HELLO. */
  helloAnswered(): void {
    if (this.#hello === "say") this.#hello = "done";
  }

  /** What is to be sent next; undefined if nothing waits. It leaves the queue. */
  take(): { readonly flow: number } | { readonly control: Control } | undefined {
    const taken = this.#waiting.shift();
    if (taken === undefined) return undefined;
    if (taken >= 0) return { flow: taken };
    const control = this.#controls.get(taken)!; // what waits under a negative number is one
    this.#controls.delete(taken);
    return { control };
  }

  /** Number and flags for a flow that goes out now. */
  sendFlow(flow: number): { readonly sequence: number; readonly flags: number } {
    const stamp = this.#stamp();
    if (this.#reliable) {
      this.#ring[stamp.sequence & (this.#ring.length - 1)] = flow;
      this.#sentAs.set(flow, stamp.sequence);
      this.#sentFlows += 1;
    } else this.#settled(flow);
    return stamp;
  }

  /** Number and flags for a control message; `kept` if it is to be sent again when lost (all but ALIVE). */
  sendControl(control: Control, kept: boolean): { readonly sequence: number; readonly flags: number } {
    const stamp = this.#stamp();
    if (this.#reliable && kept) {
      this.#ring[stamp.sequence & (this.#ring.length - 1)] = CONTROL;
      this.#sentControls.set(stamp.sequence, control);
    }
    return { sequence: stamp.sequence, flags: stamp.flags | control.flag };
  }

  /** The peer has everything of from..to. */
  acknowledged(from: number, to: number): void {
    this.#visit(
      from,
      to,
      (flow) => this.#settled(flow),
      () => undefined,
    );
  }

  /** The peer misses from..to: those wait again. */
  missing(from: number, to: number): void {
    this.#visit(
      from,
      to,
      (flow) => this.#waiting.add(flow),
      (control) => this.queueControl(control),
    );
  }

  /** The peer started anew: no acknowledgement will come. */
  forgetSent(): void {
    this.#visit(
      this.#oldest,
      plusSequence(this.#next, -1),
      (flow) => this.#settled(flow),
      () => undefined,
    );
  }

  /** Number and flags for a flow that is sent without being kept. */
  stamp(): { readonly sequence: number; readonly flags: number } {
    return this.#stamp();
  }

  #stamp(): { readonly sequence: number; readonly flags: number } {
    const sequence = this.#next;
    this.#next = plusSequence(sequence, 1);
    if (stepsBetween(this.#oldest, this.#next) > this.#ring.length) this.#dropOldest();
    let flags = this.#helloBack ? HELLO_BACK : 0;
    this.#helloBack = false;
    if (this.#hello !== "done") {
      flags |= HELLO;
      this.#hello = "say";
    }
    return { sequence, flags };
  }

  /** Makes room in the ring for the number just given out. */
  #dropOldest(): void {
    if (this.#ring[this.#oldest & (this.#ring.length - 1)] !== EMPTY) {
      this.acknowledged(this.#oldest, this.#oldest);
      this.#dropped += 1;
    }
    this.#oldest = plusSequence(this.#oldest, 1);
  }

  #unsend(flow: number): void {
    const place = this.#sentAs.get(flow) & (this.#ring.length - 1);
    if (this.#ring[place] !== flow) return;
    this.#ring[place] = EMPTY;
    this.#sentFlows -= 1;
  }

  /** Takes everything of from..to out of the ring, in order. Numbers outside the ring are skipped. */
  #visit(from: number, to: number, flow: (flow: number) => void, control: (control: Control) => void): void {
    let at = after(this.#oldest, from) ? this.#oldest : from;
    const newest = plusSequence(this.#next, -1);
    const last = after(to, newest) ? newest : to;
    for (; !after(at, last); at = plusSequence(at, 1)) {
      const slot = at & (this.#ring.length - 1);
      const entry = this.#ring[slot]!;
      if (entry === EMPTY) continue;
      this.#ring[slot] = EMPTY;
      if (entry === CONTROL) {
        const sent = this.#sentControls.get(at);
        this.#sentControls.delete(at);
        if (sent !== undefined) control(sent);
      } else {
        this.#sentFlows -= 1;
        flow(entry);
      }
    }
  }
}

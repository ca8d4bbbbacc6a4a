/**
 * Sends a batch of requests and gives their outcomes back before it returns: the kernel works on netfilter requests
 * while they are sent, and its answers lie in the receive buffer when the call comes back: refusals, and the answer to
 * the last request. What is behind it without a refusal was done.
 */
import { HEADER_BYTES, NLMSG_ERROR } from "./message.js";
import type { RequestBatch } from "./request-batch.js";

/** What it needs of a socket; `NetlinkHandle` of `@systole/sys` is one. */
export interface BatchSocket {
  readonly portId: number;
  send(datagram: Uint8Array): number;
  listenRanges(listener: {
    readonly onRange: (bytes: Uint8Array, from: number, to: number) => void;
    readonly onOverrun: () => void;
  }): void;
  drain(): void;
  unref(): void;
  close(): void;
}

/** Requests in one datagram: 64 refusals fit the smallest receive buffer. */
const WINDOW = 64;
/** The answer was lost: the outcome is unknown. */
const LOST = 105; // ENOBUFS
const UNANSWERED = -1;

export class BatchConnection {
  readonly #socket: BatchSocket;
  #sequence = 1;
  #outcomes = new Int32Array(0);
  /** Sequence of the first request of the datagram under way, its index, and how many are not answered. */
  #first = 0;
  #from = 0;
  #open = 0;
  /** Answers to this datagram were lost. */
  #overrun = false;

  constructor(socket: BatchSocket) {
    this.#socket = socket;
    socket.listenRanges({
      onRange: (bytes, from, to) => this.#answers(bytes, from, to),
      onOverrun: () => {
        this.#overrun = true; // what is not answered counts as lost
      },
    });
    socket.unref();
  }

  get portId(): number {
    return this.#socket.portId;
  }

  /** @returns one number for each request: 0, or the errno of its refusal. */
  send(batch: RequestBatch): Int32Array {
    this.#outcomes = new Int32Array(batch.count).fill(UNANSWERED);
    for (let from = 0; from < batch.count; from += WINDOW) {
      this.#sendWindow(batch, from, Math.min(from + WINDOW, batch.count));
    }
    return this.#outcomes;
  }

  #sendWindow(batch: RequestBatch, from: number, to: number): void {
    this.#first = this.#sequence;
    this.#from = from;
    this.#open = to - from;
    this.#overrun = false;
    this.#sequence = this.#sequence > 0x7fff_0000 ? 1 : this.#sequence + this.#open;
    const sent = this.#socket.send(batch.datagram(from, to, this.#first, this.#socket.portId));
    if (sent === 0) this.#socket.drain();
    const answered = this.#outcomes[to - 1] !== UNANSWERED && !this.#overrun;
    for (let index = from; index < to; index++) {
      if (this.#outcomes[index] !== UNANSWERED) continue;
      this.#outcomes[index] = answered ? 0 : sent < 0 ? -sent : LOST;
    }
  }

  #answers(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at + HEADER_BYTES + 4 <= to; ) {
      const length = u32(bytes, at);
      const index = u32(bytes, at + 8) - this.#first;
      const type = bytes[at + 4]! | (bytes[at + 5]! << 8);
      if (type === NLMSG_ERROR && index >= 0 && index < this.#open) {
        this.#outcomes[this.#from + index] = -(u32(bytes, at + HEADER_BYTES) | 0);
      }
      if (length < HEADER_BYTES) return;
      at += (length + 3) & ~3;
    }
  }

  close(): void {
    this.#socket.close();
  }
}

const u32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/**
 * Many requests to netfilter in one memory, a word at a time where they are words: for a commit of a hundred thousand
 * flows, where an object, a promise and a system call for each of them would cost more than the kernel's own work.
 *
 * Headers and lengths are in host order, values in network order.
 */
import { aligned, HEADER_BYTES } from "./message.js";

const NESTED = 0x8000;
const FIRST_BYTES = 64 * 1024;
/** More than one request can need: addresses, NAT, labels of 128 bytes, names. */
const LARGEST_REQUEST = 4096;

export class RequestBatch {
  #bytes = new Uint8Array(FIRST_BYTES);
  /** The same memory. Everything begins at a multiple of 4, and the machine is little-endian. */
  #words = new Int32Array(this.#bytes.buffer);
  #end = 0;
  #starts: number[] = [];

  /** Requests so far. */
  get count(): number {
    return this.#starts.length;
  }

  /** Forgets all requests; the memory is used again. */
  clear(): void {
    this.#end = 0;
    this.#starts = [];
  }

  /** Begins a request of netfilter: `type` as in nlmsghdr, flags without REQUEST and ACK, address family. */
  begin(type: number, flags: number, family: number): void {
    if (this.#bytes.length - this.#end < LARGEST_REQUEST) this.#grow();
    this.#starts.push(this.#end);
    const word = this.#end >> 2;
    this.#words[word] = 0; // length: `finish`
    this.#words[word + 1] = type | (flags << 16);
    this.#words[word + 2] = 0; // sequence and port: `datagram`
    this.#words[word + 3] = 0;
    this.#words[word + HEADER_BYTES / 4] = family;
    this.#end += HEADER_BYTES + 4;
  }

  /** Ends the request that was begun last. */
  finish(): void {
    const at = this.#starts.at(-1)!; // one was begun
    this.#words[at >> 2] = this.#end - at;
  }

  u8(type: number, value: number): void {
    const at = this.#attribute(type, 1);
    this.#bytes[at] = value;
  }
  /** Two bytes as they stand: TCP flags and their mask. */
  pair(type: number, first: number, second: number): void {
    const at = this.#attribute(type, 2);
    this.#bytes[at] = first;
    this.#bytes[at + 1] = second;
  }
  u16be(type: number, value: number): void {
    const at = this.#attribute(type, 2);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
  }
  u32be(type: number, value: number): void {
    const at = this.#attribute(type, 4);
    this.#words[at >> 2] =
      (value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff_0000) | (value << 24);
  }
  /** `size` bytes of `source` from `from` on. */
  bytes(type: number, source: Uint8Array, from: number, size: number): void {
    const at = this.#attribute(type, size);
    const bytes = this.#bytes;
    for (let index = 0; index < size; index++) bytes[at + index] = source[from + index]!;
  }
  /** Text with its zero byte; only its lower 8 bits travel. */
  text(type: number, text: string): void {
    const at = this.#attribute(type, text.length + 1);
    for (let index = 0; index < text.length; index++) this.#bytes[at + index] = text.charCodeAt(index);
    this.#bytes[at + text.length] = 0;
  }

  /** Opens a nest. @returns what `close` needs. */
  open(type: number): number {
    const at = this.#end;
    this.#attribute(type | NESTED, 0);
    return at;
  }
  close(nest: number): void {
    this.#words[nest >> 2] = this.#words[nest >> 2]! + this.#end - nest - 4; // it began as an empty one
  }

  /**
   * Requests `from` (inclusive) to `to` as one datagram, numbered from `sequence` on. A view: send it at once.
   *
   * The kernel answers the last one, whatever comes of it, and those before only if it refuses them.
   */
  datagram(from: number, to: number, sequence: number, portId: number): Uint8Array {
    const end = to < this.#starts.length ? this.#starts[to]! : this.#end;
    for (let index = from; index < to; index++) {
      const word = this.#starts[index]! >> 2;
      this.#words[word + 2] = sequence + index - from;
      this.#words[word + 3] = portId;
      this.#bytes[this.#starts[index]! + 6]! |= index === to - 1 ? 0x05 : 0x01; // NLM_F_REQUEST, NLM_F_ACK
    }
    return this.#bytes.subarray(this.#starts[from], end);
  }

  /** Room for a value with its header and padding. @returns where the value begins. */
  #attribute(type: number, size: number): number {
    const at = this.#end;
    const length = size + 4;
    this.#end = at + aligned(length);
    if ((size & 3) !== 0) this.#words[(this.#end >> 2) - 1] = 0; // padding
    this.#words[at >> 2] = length | (type << 16);
    return at + 4;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#words = new Int32Array(larger.buffer);
  }
}

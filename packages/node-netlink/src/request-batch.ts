/**
 * Many requests to netfilter in one memory, written byte by byte: for a commit of a hundred thousand flows, where an
 * object, a promise and a system call for each of them would cost more than the kernel's own work.
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
    const bytes = this.#bytes;
    const at = this.#end;
    bytes.fill(0, at, at + HEADER_BYTES + 4);
    bytes[at + 4] = type;
    bytes[at + 5] = type >> 8;
    bytes[at + 6] = flags;
    bytes[at + 7] = flags >> 8;
    bytes[at + HEADER_BYTES] = family;
    this.#end = at + HEADER_BYTES + 4;
  }

  /** Ends the request that was begun last. */
  finish(): void {
    const at = this.#starts.at(-1)!; // one was begun
    setU32(this.#bytes, at, this.#end - at);
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
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >> 16;
    this.#bytes[at + 2] = value >> 8;
    this.#bytes[at + 3] = value;
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
    const size = this.#end - nest;
    this.#bytes[nest] = size;
    this.#bytes[nest + 1] = size >> 8;
  }

  /**
   * Requests `from` (inclusive) to `to` as one datagram, numbered from `sequence` on. A view: send it at once.
   *
   * The kernel answers the last one, whatever comes of it, and those before only if it refuses them.
   */
  datagram(from: number, to: number, sequence: number, portId: number): Uint8Array {
    const end = to < this.#starts.length ? this.#starts[to]! : this.#end;
    for (let index = from; index < to; index++) {
      setU32(this.#bytes, this.#starts[index]! + 8, sequence + index - from);
      setU32(this.#bytes, this.#starts[index]! + 12, portId);
      this.#bytes[this.#starts[index]! + 6]! |= index === to - 1 ? 0x05 : 0x01; // NLM_F_REQUEST, NLM_F_ACK
    }
    return this.#bytes.subarray(this.#starts[from], end);
  }

  /** Room for a value with its header and padding. @returns where the value begins. */
  #attribute(type: number, size: number): number {
    const at = this.#end;
    const length = size + 4;
    const bytes = this.#bytes;
    bytes[at] = length;
    bytes[at + 1] = length >> 8;
    bytes[at + 2] = type;
    bytes[at + 3] = type >> 8;
    this.#end = at + aligned(length);
    for (let pad = at + length; pad < this.#end; pad++) bytes[pad] = 0;
    return at + 4;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >>> 24;
}

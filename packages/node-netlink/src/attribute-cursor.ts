/**
 * Attributes one after another, straight from the receive buffer: no map, no copies. For what arrives by the hundred
 * thousand; `Attributes` is more convenient for everything else.
 */
import { DecodeError, type IpAddress, ipv4FromBytes, ipv6FromBytes } from "@systole/wire";
import { aligned } from "./message.js";

const HEADER_BYTES = 4;
const TYPE_MASK = 0x3fff;
const utf8 = new TextDecoder(); // ill-formed bytes become U+FFFD: names are shown, not trusted

export class AttributeCursor {
  /** Type of the present attribute, without flags. */
  type = 0;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #format: string;
  #from: number;
  #to: number;
  #next: number;

  constructor(bytes: Uint8Array, format: string, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#format = format;
    this.#end = end;
    this.#next = start;
    this.#from = start;
    this.#to = start;
  }

  /** Moves to the next attribute; false at the end. @throws DecodeError if its length does not fit. */
  next(): boolean {
    const at = this.#next;
    if (at + HEADER_BYTES > this.#end) return false;
    const length = this.#bytes[at]! | (this.#bytes[at + 1]! << 8); // in bounds: just checked
    if (length < HEADER_BYTES || at + length > this.#end) {
      throw new DecodeError(this.#format, at, `attribute of ${length} bytes in ${this.#end - at}`);
    }
    this.type = (this.#bytes[at + 2]! | (this.#bytes[at + 3]! << 8)) & TYPE_MASK;
    this.#from = at + HEADER_BYTES;
    this.#to = at + length;
    this.#next = at + aligned(length);
    return true;
  }

  /** Where the value begins, if it has at least `size` bytes. */
  #sized(size: number): number {
    if (this.#to - this.#from < size) {
      const problem = `attribute ${this.type} needs ${size} bytes, has ${this.#to - this.#from}`;
      throw new DecodeError(this.#format, this.#from, problem);
    }
    return this.#from;
  }

  u8(): number {
    return this.#bytes[this.#sized(1)]!; // in bounds: #sized checked, here and below
  }
  /** The second of two bytes. */
  secondU8(): number {
    return this.#bytes[this.#sized(2) + 1]!;
  }
  u16be(): number {
    const at = this.#sized(2);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }
  u32be(): number {
    const at = this.#sized(4);
    const bytes = this.#bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }
  u64be(): bigint {
    const at = this.#sized(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getBigUint64(0, false);
  }
  ipv4(): IpAddress {
    const at = this.#sized(4);
    return ipv4FromBytes(this.#bytes.subarray(at, at + 4));
  }
  ipv6(): IpAddress {
    const at = this.#sized(16);
    return ipv6FromBytes(this.#bytes.subarray(at, at + 16));
  }
  /** Text up to its NUL, or to its end if it has none. */
  text(): string {
    const value = this.#bytes.subarray(this.#from, this.#to);
    const end = value.indexOf(0);
    return utf8.decode(end === -1 ? value : value.subarray(0, end));
  }
  /** A copy, for it outlives the buffer. */
  copy(): Uint8Array {
    return this.#bytes.slice(this.#from, this.#to);
  }
  /** The attributes inside this one. */
  nest(): AttributeCursor {
    return new AttributeCursor(this.#bytes, this.#format, this.#from, this.#to);
  }

  fail(problem: string): never {
    throw new DecodeError(this.#format, this.#from, problem);
  }
}

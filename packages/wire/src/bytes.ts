/**
 * Reading and writing bytes with explicit byte order and bounds.
 *
 * `be` is network order, `host` is the order of the kernel we run on (little-endian; other hosts are refused by
 * `@systole/sys`). A reader past its end throws DecodeError with the offset, never anything else.
 */
import { DecodeError } from "./decode-error.js";

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #format: string;
  #at: number;

  /** @param format the name that a DecodeError carries */
  constructor(bytes: Uint8Array, format: string, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#format = format;
    this.#at = offset;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Moves past `count` bytes and returns where they began. */
  #take(count: number): number {
    if (count < 0 || count > this.remaining) this.fail(`needs ${count} more bytes, has ${this.remaining}`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  fail(problem: string): never {
    throw new DecodeError(this.#format, this.#at, problem);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16be(): number {
    return this.#view.getUint16(this.#take(2), false);
  }
  u16host(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32be(): number {
    return this.#view.getUint32(this.#take(4), false);
  }
  u32host(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  i32host(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  u64be(): bigint {
    return this.#view.getBigUint64(this.#take(8), false);
  }
  u64host(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A view, not a copy: valid as long as the bytes under it. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  skip(count: number): void {
    this.#take(count);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }
}

/** Grows as needed; the written bytes are taken out once, with `done`. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(sizeBytes = 256) {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  #room(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1); // may replace the view: first
    this.#view.setUint8(at, value);
    return this;
  }
  u16be(value: number): this {
    const at = this.#room(2); // may replace the view: first
    this.#view.setUint16(at, value, false);
    return this;
  }
  u16host(value: number): this {
    const at = this.#room(2); // may replace the view: first
    this.#view.setUint16(at, value, true);
    return this;
  }
  u32be(value: number): this {
    const at = this.#room(4); // may replace the view: first
    this.#view.setUint32(at, value, false);
    return this;
  }
  u32host(value: number): this {
    const at = this.#room(4); // may replace the view: first
    this.#view.setUint32(at, value, true);
    return this;
  }
  i32host(value: number): this {
    const at = this.#room(4); // may replace the view: first
    this.#view.setInt32(at, value, true);
    return this;
  }
  u64be(value: bigint): this {
    const at = this.#room(8); // may replace the view: first
    this.#view.setBigUint64(at, value, false);
    return this;
  }
  u64host(value: bigint): this {
    const at = this.#room(8); // may replace the view: first
    this.#view.setBigUint64(at, value, true);
    return this;
  }
  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }
  zeros(count: number): this {
    this.#room(count);
    return this;
  }

  /** Overwrites a host-order u16 written before: lengths that are known only at the end. */
  patchU16host(offset: number, value: number): void {
    this.#view.setUint16(offset, value, true);
  }
  patchU8(offset: number, value: number): void {
    this.#view.setUint8(offset, value);
  }
  patchU16be(offset: number, value: number): void {
    this.#view.setUint16(offset, value, false);
  }
  patchU32host(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }
  patchU32be(offset: number, value: number): void {
    this.#view.setUint32(offset, value, false);
  }

  /** What was written: a view on the writer's own memory. The writer is done with. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}

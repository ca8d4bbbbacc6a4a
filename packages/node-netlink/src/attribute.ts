/**
 * Netlink attributes: length, type, value, padded to four bytes, and nests of them.
 *
 * Layout: struct nlattr, include/uapi/linux/netlink.h. Length and type are in host order; what a value holds is each
 * attribute's own affair, hence `be` and `host` in the names here.
 */
import { ByteWriter, DecodeError, type IpAddress, ipBytes, ipFromBytes } from "@systole/wire";
import { aligned } from "./message.js";

export const NLA_F_NESTED = 0x8000;
export const NLA_F_NET_BYTEORDER = 0x4000;
const TYPE_MASK = 0x3fff;
const HEADER_BYTES = 4;

/**
 * Calls `visit` for each attribute with its type (flags removed), the value, and its place in `bytes`.
 * @throws DecodeError if a length does not fit. Up to three bytes of padding at the end are ignored.
 */
export function forEachAttribute(
  bytes: Uint8Array,
  format: string,
  visit: (type: number, value: Uint8Array, offset: number) => void,
): void {
  for (let start = 0; start + HEADER_BYTES <= bytes.length; ) {
    const length = bytes[start]! | (bytes[start + 1]! << 8); // within bounds: checked by the loop
    if (length < HEADER_BYTES || start + length > bytes.length) {
      throw new DecodeError(format, start, `attribute of ${length} bytes in ${bytes.length - start}`);
    }
    const type = (bytes[start + 2]! | (bytes[start + 3]! << 8)) & TYPE_MASK;
    visit(type, bytes.subarray(start + HEADER_BYTES, start + length), start + HEADER_BYTES);
    start += aligned(length);
  }
}

/** The attributes of one message or nest by type. Of equal types the last one counts; unknown ones are just there. */
export class Attributes {
  readonly #values = new Map<number, { readonly value: Uint8Array; readonly offset: number }>();
  readonly #format: string;

  /** @throws DecodeError if a length does not fit. */
  constructor(bytes: Uint8Array, format: string, offset = 0) {
    this.#format = format;
    forEachAttribute(bytes.subarray(offset), format, (type, value, at) => {
      this.#values.set(type, { value, offset: offset + at });
    });
  }

  has(type: number): boolean {
    return this.#values.has(type);
  }

  types(): number[] {
    return [...this.#values.keys()];
  }

  /** A view on the message: copy what is kept. */
  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type)?.value;
  }

  /** The value as a DataView if it has at least `size` bytes; undefined if the attribute is absent. */
  #sized(type: number, size: number): DataView | undefined {
    const entry = this.#values.get(type);
    if (entry === undefined) return undefined;
    const { value, offset } = entry;
    if (value.length < size) {
      throw new DecodeError(
        this.#format,
        offset,
        `attribute ${type} needs ${size} bytes, has ${value.length}`,
      );
    }
    return new DataView(value.buffer, value.byteOffset, value.byteLength);
  }

  u8(type: number): number | undefined {
    return this.#sized(type, 1)?.getUint8(0);
  }
  u16be(type: number): number | undefined {
    return this.#sized(type, 2)?.getUint16(0, false);
  }
  u16host(type: number): number | undefined {
    return this.#sized(type, 2)?.getUint16(0, true);
  }
  u32be(type: number): number | undefined {
    return this.#sized(type, 4)?.getUint32(0, false);
  }
  u32host(type: number): number | undefined {
    return this.#sized(type, 4)?.getUint32(0, true);
  }
  i32host(type: number): number | undefined {
    return this.#sized(type, 4)?.getInt32(0, true);
  }
  u64be(type: number): bigint | undefined {
    return this.#sized(type, 8)?.getBigUint64(0, false);
  }
  u64host(type: number): bigint | undefined {
    return this.#sized(type, 8)?.getBigUint64(0, true);
  }

  /** Text up to its NUL, or to its end if it has none. */
  text(type: number): string | undefined {
    const value = this.bytes(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return decodeText(end === -1 ? value : value.subarray(0, end));
  }

  /** An address of 4 or 16 bytes. */
  ip(type: number): IpAddress | undefined {
    const entry = this.#values.get(type);
    if (entry === undefined) return undefined;
    const address = ipFromBytes(entry.value);
    if (address === undefined) {
      throw new DecodeError(this.#format, entry.offset, `attribute ${type} is not an address`);
    }
    return address;
  }

  nest(type: number): Attributes | undefined {
    const value = this.bytes(type);
    return value && new Attributes(value, this.#format);
  }

  /** What is present, or a DecodeError that names what is missing. */
  need<T>(what: string, value: T | undefined): T {
    if (value === undefined) throw new DecodeError(this.#format, 0, `has no ${what}`);
    return value;
  }
}

const utf8 = new TextDecoder(); // ill-formed bytes become U+FFFD: names are shown, not trusted
const decodeText = (bytes: Uint8Array): string => utf8.decode(bytes);
const encodeText = new TextEncoder();

/** Writes attributes behind what a ByteWriter already holds. */
export class AttributeWriter {
  readonly #writer: ByteWriter;

  constructor(writer: ByteWriter = new ByteWriter()) {
    this.#writer = writer;
  }

  #header(type: number, length: number): ByteWriter {
    return this.#writer.u16host(HEADER_BYTES + length).u16host(type);
  }

  u8(type: number, value: number): this {
    this.#header(type, 1).u8(value).zeros(3);
    return this;
  }
  u16be(type: number, value: number): this {
    this.#header(type, 2).u16be(value).zeros(2);
    return this;
  }
  u16host(type: number, value: number): this {
    this.#header(type, 2).u16host(value).zeros(2);
    return this;
  }
  u32be(type: number, value: number): this {
    this.#header(type, 4).u32be(value);
    return this;
  }
  u32host(type: number, value: number): this {
    this.#header(type, 4).u32host(value);
    return this;
  }
  u64be(type: number, value: bigint): this {
    this.#header(type, 8).u64be(value);
    return this;
  }
  u64host(type: number, value: bigint): this {
    this.#header(type, 8).u64host(value);
    return this;
  }
  bytes(type: number, value: Uint8Array): this {
    this.#header(type, value.length)
      .bytes(value)
      .zeros(aligned(value.length) - value.length);
    return this;
  }
  /** With its closing NUL, as the kernel's NLA_NUL_STRING wants it. */
  text(type: number, value: string): this {
    return this.bytes(type, encodeText.encode(`${value}\0`));
  }
  ip(type: number, value: IpAddress): this {
    return this.bytes(type, ipBytes(value));
  }
  /** An attribute of attributes, marked as nested. */
  nest(type: number, write: (inner: this) => void): this {
    const start = this.#writer.length;
    this.#header(type | NLA_F_NESTED, 0);
    write(this);
    this.#writer.patchU16host(start, this.#writer.length - start);
    return this;
  }

  /** Everything written so far; the writer is done with. */
  done(): Uint8Array {
    return this.#writer.done();
  }
}

/** Where in a netlink message the attributes of a flow are: found once, no object and no view for any of them. */
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
} from "@systole/node-netlink";
import { DecodeError } from "@systole/wire";

export const FORMAT = "conntrack flow";
/** Attribute numbers of one nest, at most: a bit for each. */
const TYPES = 32;

/** Places of the attributes of one nest by number: where each value begins, and its size. */
export class Places {
  readonly at = new Int32Array(TYPES);
  readonly size = new Int32Array(TYPES);
  #present = 0;

  /** @throws DecodeError if a length does not fit. */
  read(bytes: Uint8Array, from: number, to: number): void {
    this.#present = 0;
    for (let at = from; at + 4 <= to; ) {
      const length = bytes[at]! | (bytes[at + 1]! << 8);
      if (length < 4 || at + length > to) {
        throw new DecodeError(FORMAT, at - from, `attribute of ${length} bytes in ${to - at}`);
      }
      const type = (bytes[at + 2]! | (bytes[at + 3]! << 8)) & 0x3fff;
      if (type < TYPES) this.put(type, at + 4, length - 4);
      at += (length + 3) & ~3;
    }
  }

  clear(): void {
    this.#present = 0;
  }

  put(type: number, at: number, size: number): void {
    this.#present |= 1 << type;
    this.at[type] = at;
    this.size[type] = size;
  }

  has(type: number): boolean {
    return (this.#present & (1 << type)) !== 0;
  }

  /** Where a value of at least `size` bytes begins, or 0. */
  place(type: number, size: number): number {
    return this.has(type) && this.size[type]! >= size ? this.at[type]! : 0;
  }
}

/** Type (with the bit for nests) and length of an attribute as its first word, which is in little-endian order. */
const header = (type: number, size: number): number => (type << 16) | (size + 4);
const nest = (type: number, size: number): number => header(type | 0x8000, size);

/** The kernel writes every tuple of IPv4 with ports in this order: word offset and word of each header. */
const PLAIN_BYTES = 48;
const PLAIN = Int32Array.of(
  ...[0, nest(CTA_TUPLE_IP, 16), 1, header(CTA_IP_V4_SRC, 4), 3, header(CTA_IP_V4_DST, 4)],
  ...[5, nest(CTA_TUPLE_PROTO, 24), 6, header(CTA_PROTO_NUM, 1)],
  ...[8, header(CTA_PROTO_SRC_PORT, 2), 10, header(CTA_PROTO_DST_PORT, 2)],
);

/** One tuple: its addresses and its protocol part. */
export class TuplePlaces {
  readonly ip = new Places();
  readonly proto = new Places();
  readonly #nest = new Places();

  /** @throws DecodeError if a length does not fit. */
  read(bytes: Uint8Array, words: Int32Array, from: number, size: number): void {
    this.ip.clear();
    this.proto.clear();
    if (isPlain(words, from, size)) this.#readPlain(from);
    else this.#read(bytes, from, size);
  }

  #readPlain(from: number): void {
    this.ip.put(CTA_IP_V4_SRC, from + 8, 4);
    this.ip.put(CTA_IP_V4_DST, from + 16, 4);
    this.proto.put(CTA_PROTO_NUM, from + 28, 1);
    this.proto.put(CTA_PROTO_SRC_PORT, from + 36, 2);
    this.proto.put(CTA_PROTO_DST_PORT, from + 44, 2);
  }

  #read(bytes: Uint8Array, from: number, size: number): void {
    const nested = this.#nest;
    nested.read(bytes, from, from + size);
    const part = (places: Places, type: number) => {
      const at = nested.at[type]!;
      if (nested.has(type)) places.read(bytes, at, at + nested.size[type]!);
    };
    part(this.ip, CTA_TUPLE_IP);
    part(this.proto, CTA_TUPLE_PROTO);
  }
}

function isPlain(words: Int32Array, from: number, size: number): boolean {
  if (size !== PLAIN_BYTES || (from & 3) !== 0) return false;
  const first = from >> 2;
  for (let n = 0; n < PLAIN.length; n += 2) if (words[first + PLAIN[n]!] !== PLAIN[n + 1]) return false;
  return true;
}

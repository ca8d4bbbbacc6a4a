/**
 * The attributes of a synchronisation message: their numbers, sizes and order.
 *
 * Layout of one: u16 length (4 + payload), u16 type, payload, zero bytes up to a multiple of 4; all big-endian.
 * Numbers, sizes and order of sending are conntrackd's, protocol version 1; names as in its documentation.
 * The bytes of all attributes of one message are called its body. Bodies are also how the caches keep flows: 52 bytes
 * for a plain TCP flow over IPv4.
 */
import { type ByteWriter, DecodeError } from "@systole/wire";

/** Attributes of a flow message. */
export const CT = {
  IPV4: 0,
  IPV6: 1,
  L4PROTO: 2,
  PORT: 3,
  TCP_STATE: 4,
  STATUS: 5,
  TIMEOUT: 6,
  MARK: 7,
  MASTER_IPV4: 8,
  MASTER_IPV6: 9,
  MASTER_L4PROTO: 10,
  MASTER_PORT: 11,
  SNAT_IPV4: 12,
  DNAT_IPV4: 13,
  SPAT_PORT: 14,
  DPAT_PORT: 15,
  NAT_SEQ_ADJ: 16,
  SCTP_STATE: 17,
  SCTP_VTAG_ORIG: 18,
  SCTP_VTAG_REPL: 19,
  DCCP_STATE: 20,
  DCCP_ROLE: 21,
  ICMP_TYPE: 22,
  ICMP_CODE: 23,
  ICMP_ID: 24,
  TCP_WSCALE_ORIG: 25,
  TCP_WSCALE_REPL: 26,
  HELPER_NAME: 27,
  LABELS: 28,
  SNAT_IPV6: 29,
  DNAT_IPV6: 30,
  SYNPROXY: 31,
  ZONE: 32,
} as const;

/** Attributes of an expectation message. */
export const EXP = {
  MASTER_IPV4: 0,
  MASTER_IPV6: 1,
  MASTER_L4PROTO: 2,
  MASTER_PORT: 3,
  EXPECT_IPV4: 4,
  EXPECT_IPV6: 5,
  EXPECT_L4PROTO: 6,
  EXPECT_PORT: 7,
  MASK_IPV4: 8,
  MASK_IPV6: 9,
  MASK_L4PROTO: 10,
  MASK_PORT: 11,
  TIMEOUT: 12,
  FLAGS: 13,
  CLASS: 14,
  NAT_IPV4: 15,
  NAT_PORT: 16,
  NAT_L4PROTO: 17,
  NAT_DIR: 18,
  HELPER_NAME: 19,
  FN: 20,
} as const;

/** Smallest and largest payload of each attribute by number, and the order in which they are sent. */
export interface AttributeSet {
  readonly format: string;
  readonly sizes: readonly (readonly [smallest: number, largest: number])[];
  /** Attribute numbers in the order of sending. */
  readonly order: readonly number[];
}

const fixed = (size: number): readonly [number, number] => [size, size];

export const FLOW_ATTRIBUTES: AttributeSet = {
  format: "flow message",
  sizes: [
    ...[8, 32, 1, 4, 1, 4, 4, 4, 8, 32, 1, 4, 4, 4, 2, 2, 24, 1, 4, 4, 1, 1, 1, 1, 2, 1, 1].map(fixed),
    [1, 12], // HELPER_NAME
    [4, 1024], // LABELS
    ...[16, 16, 12, 2].map(fixed),
  ],
  // biome-ignore format: one line for each kind of fact
  order: [
    CT.IPV4, CT.IPV6, CT.STATUS, CT.L4PROTO, CT.PORT,
    CT.TCP_STATE, CT.TCP_WSCALE_ORIG, CT.TCP_WSCALE_REPL,
    CT.SCTP_STATE, CT.SCTP_VTAG_ORIG, CT.SCTP_VTAG_REPL, CT.DCCP_STATE, CT.DCCP_ROLE,
    CT.ICMP_TYPE, CT.ICMP_CODE, CT.ICMP_ID,
    CT.TIMEOUT, CT.MARK,
    CT.MASTER_IPV4, CT.MASTER_IPV6, CT.MASTER_L4PROTO, CT.MASTER_PORT,
    CT.SNAT_IPV4, CT.SNAT_IPV6, CT.DNAT_IPV4, CT.DNAT_IPV6, CT.SPAT_PORT, CT.DPAT_PORT,
    CT.NAT_SEQ_ADJ, CT.HELPER_NAME, CT.LABELS, CT.SYNPROXY, CT.ZONE,
  ],
};

export const EXPECTATION_ATTRIBUTES: AttributeSet = {
  format: "expectation message",
  sizes: [
    ...[8, 32, 1, 4, 8, 32, 1, 4, 8, 32, 1, 4, 4, 4, 4, 8, 4, 1, 4].map(fixed),
    [1, 12], // HELPER_NAME
    [1, 28], // FN
  ],
  // biome-ignore format: one line for each kind of fact
  order: [
    EXP.MASTER_IPV4, EXP.MASTER_IPV6, EXP.MASTER_L4PROTO, EXP.MASTER_PORT,
    EXP.EXPECT_IPV4, EXP.EXPECT_IPV6, EXP.EXPECT_L4PROTO, EXP.EXPECT_PORT,
    EXP.MASK_IPV4, EXP.MASK_IPV6, EXP.MASK_L4PROTO, EXP.MASK_PORT,
    EXP.TIMEOUT, EXP.FLAGS, EXP.CLASS,
    EXP.NAT_IPV4, EXP.NAT_L4PROTO, EXP.NAT_PORT, EXP.NAT_DIR,
    EXP.HELPER_NAME, EXP.FN,
  ],
};

const padded = (size: number): number => (size + 3) & ~3;

/**
 * Where the attributes of a body are. Made once, then pointed at one body after the other with `scan`: no object per
 * message, no view per attribute.
 */
export class AttributeIndex {
  readonly #set: AttributeSet;
  readonly #smallest: Int32Array;
  readonly #largest: Int32Array;
  /** Payload offsets and sizes by attribute number; what they say counts only for those that are present. */
  readonly #at: Int32Array;
  readonly #size: Int32Array;
  /** A bit for each of the attributes 0 to 31 that is present. */
  #present = 0;
  /** The same for those from 32 on, which is one. */
  #presentAbove = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  #end = 0;
  /** Every attribute is there once, and nothing is behind the last. */
  #whole = true;

  constructor(set: AttributeSet) {
    this.#set = set;
    this.#smallest = Int32Array.from(set.sizes, ([smallest]) => smallest);
    this.#largest = Int32Array.from(set.sizes, ([, largest]) => largest);
    this.#at = new Int32Array(set.sizes.length);
    this.#size = new Int32Array(set.sizes.length);
  }

  /**
   * Reads the places of all attributes of the body that lies in `bytes` from `from` to `to`. A repeated one counts with
   * its last value. Up to 4 bytes at the end are ignored, as conntrackd does.
   *
   * @throws DecodeError for an unknown number, a size outside its bounds, or more than is left.
   */
  scan(bytes: Uint8Array, from = 0, to = bytes.length): this {
    this.#bytes = bytes;
    this.#from = from;
    this.#present = 0;
    this.#presentAbove = 0;
    const smallest = this.#smallest;
    const largest = this.#largest;
    let count = 0;
    let at = from;
    while (to - at > 4) {
      const length = (bytes[at]! << 8) | bytes[at + 1]!; // in bounds: just checked
      const type = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      const size = length - 4;
      if (type >= smallest.length || size < smallest[type]! || size > largest[type]! || length > to - at) {
        this.#refuse(type, length, at - from, to - at);
      }
      if (type < 32) this.#present |= 1 << type;
      else this.#presentAbove |= 1 << type;
      this.#at[type] = at + 4;
      this.#size[type] = size;
      count += 1;
      at += (length + 3) & ~3;
    }
    this.#end = to;
    this.#whole = at === to && count === bits(this.#present) + bits(this.#presentAbove);
    return this;
  }

  /**
   * The attributes of a plain flow as bits, by number; 0 for any other. Plain is what nearly all are, and what can be
   * found and changed without a scan: a whole body that begins with IPV4, STATUS, L4PROTO and PORT, without ZONE.
   */
  get plainShape(): number {
    const at = this.#at;
    const first = at[CT.IPV4]!;
    const plain =
      this.#whole &&
      (this.#present & PLAIN_HEAD) === PLAIN_HEAD &&
      this.#presentAbove === 0 &&
      first === this.#from + 4 &&
      at[CT.STATUS] === first + 12 &&
      at[CT.L4PROTO] === first + 20 &&
      at[CT.PORT] === first + 28;
    return plain ? this.#present >>> 0 : 0;
  }

  #refuse(type: number, length: number, at: number, left: number): never {
    const { format, sizes } = this.#set;
    if (sizes[type] === undefined) throw new DecodeError(format, at + 2, `unknown attribute ${type}`);
    if (length < 4 || length > left) {
      throw new DecodeError(format, at, `attribute ${type} of ${length} bytes, ${left} left`);
    }
    throw new DecodeError(format, at, `attribute ${type} of ${length} bytes has a wrong size`);
  }

  has(type: number): boolean {
    return ((type < 32 ? this.#present : this.#presentAbove) & (1 << type)) !== 0;
  }

  /** The memory that was scanned; `offset` and `size` say where in it a payload is. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }
  /** Where in it the scanned body begins and ends. */
  get start(): number {
    return this.#from;
  }
  get end(): number {
    return this.#end;
  }
  /** Where the payload begins; 0 if the attribute is absent. */
  offset(type: number): number {
    return this.has(type) ? this.#at[type]! : 0;
  }
  /** Bytes of a payload that is there. */
  size(type: number): number {
    return this.#size[type]!;
  }

  /** A view of the payload; only for an attribute that is there. */
  payload(type: number): Uint8Array {
    const at = this.#at[type]!;
    return this.#bytes.subarray(at, at + this.#size[type]!);
  }

  /** Fixed-size numbers: the bounds were checked by `scan`, so only ask for what is there. */
  u8(type: number): number {
    return this.#bytes[this.#at[type]!]!;
  }
  u16be(type: number): number {
    const at = this.#at[type]!;
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }
  /** SPAT_PORT, DPAT_PORT and ICMP_ID travel byte-swapped: little-endian, whatever the host. */
  u16le(type: number): number {
    const at = this.#at[type]!;
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }
  u32be(type: number, index = 0): number {
    return this.i32(type, index) >>> 0;
  }
  /** The same 32 bits as a signed number: what hashing wants. */
  i32(type: number, index = 0): number {
    const at = this.#at[type]! + 4 * index;
    const bytes = this.#bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  /** Text up to its zero byte. @throws DecodeError if there is none within the attribute. */
  text(type: number): string {
    const payload = this.payload(type);
    const end = payload.indexOf(0);
    if (end === -1) throw new DecodeError(this.#set.format, this.#at[type]!, "text without a zero byte");
    return String.fromCharCode(...payload.subarray(0, end));
  }

  /** Is this attribute absent in both, or there in both with the same bytes? */
  same(other: AttributeIndex, type: number): boolean {
    if (!this.has(type)) return !other.has(type);
    const size = this.#size[type]!;
    if (!other.has(type) || size !== other.#size[type]) return false;
    const mine = this.#at[type]!;
    const theirs = other.#at[type]!;
    for (let n = 0; n < size; n++) if (this.#bytes[mine + n] !== other.#bytes[theirs + n]) return false;
    return true;
  }

  /**
   * Does `older` say the same about every attribute that is here? Absent there is equal to zero here: an event leaves
   * out a mark of 0 that a dump has.
   */
  confirms(older: AttributeIndex, except: number): boolean {
    for (const type of this.#set.order) {
      if (type === except || !this.has(type)) continue;
      if (older.has(type) ? !this.same(older, type) : !this.#isZero(type)) return false;
    }
    return true;
  }

  #isZero(type: number): boolean {
    const at = this.#at[type]!;
    for (let n = 0; n < this.#size[type]!; n++) if (this.#bytes[at + n] !== 0) return false;
    return true;
  }

  /**
   * Writes every attribute in the order of sending into `into` from `at` on: from this body, or else from `older`.
   *
   * @param into with room for LARGEST_BODY bytes behind `at`.
   * @returns where the writing ended.
   */
  writeMerged(into: Uint8Array, at: number, older?: AttributeIndex): number {
    let end = at;
    const { order } = this.#set;
    for (let n = 0; n < order.length; n++) {
      const type = order[n]!;
      if (this.has(type)) end = this.#write(type, into, end);
      else if (older?.has(type) === true) end = older.#write(type, into, end);
    }
    return end;
  }

  #write(type: number, into: Uint8Array, at: number): number {
    const size = this.#size[type]!;
    const from = this.#at[type]!;
    const end = putHeader(into, at, type, size);
    for (let n = 0; n < size; n++) into[at + 4 + n] = this.#bytes[from + n]!;
    return end;
  }
}

const PLAIN_HEAD = (1 << CT.IPV4) | (1 << CT.STATUS) | (1 << CT.L4PROTO) | (1 << CT.PORT);

/** How many bits are set. */
function bits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Longer than any body: every attribute at its largest. */
export const LARGEST_BODY = 2048;

/** Length, type and padding of an attribute. @returns where the next one begins. */
export function putHeader(into: Uint8Array, at: number, type: number, size: number): number {
  const length = size + 4;
  into[at] = length >> 8;
  into[at + 1] = length;
  into[at + 2] = 0; // all types are below 256
  into[at + 3] = type;
  const end = at + padded(length);
  for (let n = at + length; n < end; n++) into[n] = 0;
  return end;
}

/** Writes one attribute with its padding. */
export function writeAttribute(writer: ByteWriter, type: number, payload: Uint8Array): void {
  const length = 4 + payload.length;
  writer
    .u16be(length)
    .u16be(type)
    .bytes(payload)
    .zeros(padded(length) - length);
}

export const writeU8 = (writer: ByteWriter, type: number, value: number): ByteWriter =>
  writer.u16be(5).u16be(type).u8(value).zeros(3);

export const writeU32 = (writer: ByteWriter, type: number, value: number): ByteWriter =>
  writer.u16be(8).u16be(type).u32be(value);

/** Text with its zero byte; left out when it does not fit, because a receiver would drop the whole message. */
export function writeText(writer: ByteWriter, set: AttributeSet, type: number, text: string): void {
  const payload = Uint8Array.from([...text].map((letter) => letter.charCodeAt(0) & 0xff).concat(0));
  if (payload.length <= set.sizes[type]![1]) writeAttribute(writer, type, payload);
}

/**
 * Messages of conntrackd's protocol, version 1, and the datagrams that carry them.
 *
 * A datagram is messages one behind the other. Each begins with 8 bytes: version (high nibble) and type, flags,
 * u16 length of the whole message, u32 sequence, big-endian. ACK, NACK and RESYNC go on with u32 from and u32 to, both
 * inclusive; data goes on with its body of attributes.
 */
import { RESULT, SAMPLES_VERSION } from "./sample.js";

export const VERSION = 1;

/** Types. */
export const CT_NEW = 0;
export const CT_UPD = 1;
export const CT_DEL = 2;
export const EXP_NEW = 3;
export const EXP_UPD = 4;
export const EXP_DEL = 5;
export const CTL = 10;

/** Flags. */
export const RESYNC = 0x02;
export const NACK = 0x04;
export const ACK = 0x08;
export const ALIVE = 0x10;
export const HELLO = 0x20;
export const HELLO_BACK = 0x40;

/** What a receiver does with a message; the first that fits counts. */
export type MessageKind = "data" | "ack" | "nack" | "resync" | "alive" | "sample" | "bad";

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly kind: MessageKind;
  /** ACK and NACK: the first and the last sequence they speak of. */
  readonly from: number;
  readonly to: number;
  /** The attributes lie in the datagram from `start` to `end`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Why the rest of a datagram, from `offset` on, was dropped. */
export interface Fault {
  readonly problem: "truncated" | "bad size";
  readonly offset: number;
}

const HEADER = 8;
const CONTROL = 16;

/**
 * Reads datagrams, message by message: it is the message that was read last, so that none costs an object. Whatever the
 * bytes, it answers.
 */
export class DatagramReader implements Message {
  type = 0;
  flags = 0;
  sequence = 0;
  kind: MessageKind = "bad";
  from = 0;
  to = 0;
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Messages of another protocol version in this datagram so far, skipped. */
  otherVersion = 0;
  /** What was wrong with the rest, once `next` has said that there is no more. */
  fault: Fault | undefined;

  /** Begins with another datagram. */
  open(bytes: Uint8Array): this {
    this.bytes = bytes;
    this.end = 0;
    this.otherVersion = 0;
    this.fault = undefined;
    return this;
  }

  /** Goes on to the next message. @returns false if there is none, or what is left is none. */
  next(): boolean {
    const { bytes } = this;
    while (this.end < bytes.length) {
      const offset = this.end;
      const left = bytes.length - offset;
      if (left < HEADER) return this.#broken("truncated", offset);
      const length = u16(bytes, offset + 2);
      const hasRange = (bytes[offset + 1]! & (ACK | NACK | RESYNC)) !== 0;
      if (hasRange && left < CONTROL) return this.#broken("truncated", offset);
      if (length < (hasRange ? CONTROL : HEADER) || length > left) return this.#broken("bad size", offset);
      this.end = offset + length;
      if (bytes[offset]! >> 4 === VERSION || isSample(bytes, offset)) {
        this.#read(offset, hasRange);
        return true;
      }
      this.otherVersion += 1;
    }
    return false;
  }

  #broken(problem: Fault["problem"], offset: number): false {
    this.fault = { problem, offset };
    this.end = this.bytes.length;
    return false;
  }

  #read(at: number, hasRange: boolean): void {
    const { bytes } = this;
    this.type = bytes[at]! & 0x0f;
    this.flags = bytes[at + 1]!;
    this.sequence = u32(bytes, at + 4);
    this.kind = bytes[at]! >> 4 === VERSION ? kindOf(this.type, this.flags) : "sample";
    this.from = hasRange ? u32(bytes, at + 8) : 0;
    this.to = hasRange ? u32(bytes, at + 12) : 0;
    this.start = at + HEADER;
  }
}

const isSample = (bytes: Uint8Array, at: number): boolean =>
  bytes[at]! >> 4 === SAMPLES_VERSION && (bytes[at]! & 0x0f) <= RESULT && bytes[at + 1] === 0;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const u32 = (bytes: Uint8Array, at: number): number => ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;

/**
 * How many bytes from the beginning of a stream are whole messages: the rest waits for the next read. A length that
 * cannot be true counts as whole, so that `readDatagram` says what is wrong with it.
 */
export function wholeMessages(bytes: Uint8Array): number {
  let at = 0;
  while (bytes.length - at >= HEADER) {
    const length = u16(bytes, at + 2);
    if (length < HEADER) return bytes.length;
    if (length > bytes.length - at) break;
    at += length;
  }
  return at;
}

function kindOf(type: number, flags: number): MessageKind {
  if (type <= EXP_DEL && (flags & ~(HELLO | HELLO_BACK)) === 0) return "data";
  if (type !== CTL) return "bad";
  if (flags & ACK) return "ack";
  if (flags & NACK) return "nack";
  if (flags & RESYNC) return "resync";
  return flags & ALIVE ? "alive" : "bad";
}

/** How long a data message with a body of this length is. */
export const dataLength = (bodyLength: number): number => HEADER + bodyLength;

export const CONTROL_LENGTH = CONTROL;
export const HEADER_LENGTH = HEADER;

/** Writes the 8 bytes at `at`; `length` is that of the whole message. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  { type, flags, length, sequence }: { type: number; flags: number; length: number; sequence: number },
): void {
  into[at] = (VERSION << 4) | type;
  into[at + 1] = flags;
  into[at + 2] = length >> 8;
  into[at + 3] = length;
  writeU32(into, at + 4, sequence);
}

/** Writes a control message: 8 bytes for ALIVE, else 16. @returns where it ends. */
export function writeControl(
  into: Uint8Array,
  at: number,
  stamp: { readonly flags: number; readonly sequence: number },
  range: { readonly from: number; readonly to: number } | undefined,
): number {
  const length = range === undefined ? HEADER : CONTROL;
  writeHeader(into, at, { type: CTL, length, ...stamp });
  if (range !== undefined) {
    writeU32(into, at + 8, range.from);
    writeU32(into, at + 12, range.to);
  }
  return at + length;
}

function writeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

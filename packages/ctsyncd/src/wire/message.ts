/**
 * Messages of conntrackd's protocol, version 1, and the datagrams that carry them.
 *
 * A datagram is messages one behind the other. Each begins with 8 bytes: version (high nibble) and type, flags,
 * u16 length of the whole message, u32 sequence, big-endian. ACK, NACK and RESYNC go on with u32 from and u32 to, both
 * inclusive; data goes on with its body of attributes.
 */
import type { ByteWriter } from "@systole/wire";

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
export type MessageKind = "data" | "ack" | "nack" | "resync" | "alive" | "bad";

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly kind: MessageKind;
  /** ACK and NACK: the first and the last sequence they speak of. */
  readonly from: number;
  readonly to: number;
  /** The attributes: a view of the datagram. */
  readonly body: Uint8Array;
}

/** What a datagram held, and what was wrong with the rest of it. */
export interface Datagram {
  readonly messages: readonly Message[];
  /** Messages of another protocol version, skipped. */
  readonly otherVersion: number;
  /** Why the rest, from `offset` on, was dropped. */
  readonly fault: { readonly problem: "truncated" | "bad size"; readonly offset: number } | undefined;
}

const HEADER = 8;
const CONTROL = 16;

/** Reads a datagram. Whatever the bytes, it answers. */
export function readDatagram(bytes: Uint8Array): Datagram {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Message[] = [];
  let otherVersion = 0;
  for (let offset = 0; offset < bytes.length; ) {
    const left = bytes.length - offset;
    if (left < HEADER) return { messages, otherVersion, fault: { problem: "truncated", offset } };
    const length = view.getUint16(offset + 2);
    const flags = bytes[offset + 1]!;
    const hasRange = (flags & (ACK | NACK | RESYNC)) !== 0;
    if (hasRange && left < CONTROL)
      return { messages, otherVersion, fault: { problem: "truncated", offset } };
    if (length < (hasRange ? CONTROL : HEADER) || length > left) {
      return { messages, otherVersion, fault: { problem: "bad size", offset } };
    }
    if (bytes[offset]! >> 4 === VERSION) messages.push(readMessage(bytes, view, offset, length, hasRange));
    else otherVersion += 1;
    offset += length;
  }
  return { messages, otherVersion, fault: undefined };
}

function readMessage(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  hasRange: boolean,
): Message {
  const type = bytes[at]! & 0x0f;
  const flags = bytes[at + 1]!;
  return {
    type,
    flags,
    sequence: view.getUint32(at + 4),
    kind: kindOf(type, flags),
    from: hasRange ? view.getUint32(at + 8) : 0,
    to: hasRange ? view.getUint32(at + 12) : 0,
    body: bytes.subarray(at + HEADER, at + length),
  };
}

function kindOf(type: number, flags: number): MessageKind {
  if (type <= EXP_DEL && (flags & ~(HELLO | HELLO_BACK)) === 0) return "data";
  if (type !== CTL) return "bad";
  if (flags & ACK) return "ack";
  if (flags & NACK) return "nack";
  if (flags & RESYNC) return "resync";
  return flags & ALIVE ? "alive" : "bad";
}

/** How long a data message with this body is. */
export const dataLength = (body: Uint8Array): number => HEADER + body.length;

export const CONTROL_LENGTH = CONTROL;

/** Writes a data message. */
export function writeData(
  writer: ByteWriter,
  type: number,
  flags: number,
  sequence: number,
  body: Uint8Array,
): void {
  writer
    .u8((VERSION << 4) | type)
    .u8(flags)
    .u16be(dataLength(body))
    .u32be(sequence)
    .bytes(body);
}

/** Writes a control message: 8 bytes for ALIVE, else 16. */
export function writeControl(
  writer: ByteWriter,
  flags: number,
  sequence: number,
  range: { readonly from: number; readonly to: number } | undefined,
): void {
  writer
    .u8((VERSION << 4) | CTL)
    .u8(flags)
    .u16be(range === undefined ? HEADER : CONTROL)
    .u32be(sequence);
  if (range !== undefined) writer.u32be(range.from).u32be(range.to);
}

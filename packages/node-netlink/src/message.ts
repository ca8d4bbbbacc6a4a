/**
 * Netlink messages: the header that every family shares, and several messages in one datagram.
 *
 * Layout: struct nlmsghdr, include/uapi/linux/netlink.h. Integers are in host order.
 */
import { ByteWriter, DecodeError } from "@systole/wire";

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
/** For requests that make something. */
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** In an acknowledgement: the request is cut to its header; attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Byte offsets of the header. */
const at = {
  length: 0, // u32, header included
  type: 4, // u16
  flags: 6, // u16, NLM_F_*
  sequence: 8, // u32
  portId: 12, // u32
  payload: 16,
} as const;

export const HEADER_BYTES = at.payload;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  /** When decoded: a view on the datagram, valid as long as that is. */
  readonly payload: Uint8Array;
}

/** Lengths are padded to four bytes. */
export const aligned = (length: number): number => (length + 3) & ~3;

/** Appends one message and its padding. */
export function writeMessage(writer: ByteWriter, message: NetlinkMessage): void {
  const length = HEADER_BYTES + message.payload.length;
  writer
    .u32host(length)
    .u16host(message.type)
    .u16host(message.flags)
    .u32host(message.sequence)
    .u32host(message.portId)
    .bytes(message.payload)
    .zeros(aligned(length) - length);
}

/** One message as a datagram. */
export function encodeMessage(message: NetlinkMessage): Uint8Array {
  const writer = new ByteWriter(aligned(HEADER_BYTES + message.payload.length));
  writeMessage(writer, message);
  return writer.done();
}

/**
 * Calls `visit` for each message of a datagram, in order. The padding of the last one may be missing.
 *
 * @throws DecodeError at the first message that does not fit; `visit` has seen those before it.
 */
export function forEachMessage(datagram: Uint8Array, visit: (message: NetlinkMessage) => void): void {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  for (let start = 0; start < datagram.length; ) {
    if (start + HEADER_BYTES > datagram.length) throw new DecodeError("netlink", start, "header is cut off");
    const length = view.getUint32(start + at.length, true);
    if (length < HEADER_BYTES || start + length > datagram.length) {
      throw new DecodeError("netlink", start, `message of ${length} bytes in ${datagram.length - start}`);
    }
    visit({
      type: view.getUint16(start + at.type, true),
      flags: view.getUint16(start + at.flags, true),
      sequence: view.getUint32(start + at.sequence, true),
      portId: view.getUint32(start + at.portId, true),
      payload: datagram.subarray(start + at.payload, start + length),
    });
    start += aligned(length);
  }
}

/** All messages of a datagram. @throws DecodeError */
export function decodeMessages(datagram: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  forEachMessage(datagram, (message) => messages.push(message));
  return messages;
}

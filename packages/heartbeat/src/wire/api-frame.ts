/**
 * Frames of the client API's stream: a length and a mark, each 32 bits in the byte order of the machine, then one
 * unsigned message in classic framing with a NUL at its end, which is counted.
 *
 * Source: specification of heartbeat, section 8.2, and the clients of the original.
 */
import { DecodeError } from "@systole/wire";
import { CLASSIC_END, CLASSIC_START, encodeClassic } from "./classic.js";
import { decodeUnsigned } from "./datagram.js";
import { byteString, bytesOf, type Fields } from "./field.js";

const MAGIC = 0xabcd;
const HEADER = 8;
/** Far beyond what a request or a client's message needs. */
const LONGEST = 64 * 1024;
const FORMAT = "client API frame";

export function encodeApiFrame(fields: Fields): Uint8Array {
  const message = bytesOf(`${CLASSIC_START}${encodeClassic(fields)}${CLASSIC_END}\0`);
  const frame = new Uint8Array(HEADER + message.length);
  const view = new DataView(frame.buffer);
  view.setInt32(0, message.length, true);
  view.setUint32(4, MAGIC, true);
  frame.set(message, HEADER);
  return frame;
}

/** Cuts a stream into messages. @throws DecodeError: what follows cannot be understood any more, so hang up. */
export function apiFrameReader(): (chunk: Uint8Array) => readonly Fields[] {
  let pending = new Uint8Array();
  return (chunk) => {
    const bytes = new Uint8Array(pending.length + chunk.length);
    bytes.set(pending);
    bytes.set(chunk, pending.length);
    const found: Fields[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const view = new DataView(bytes.buffer, at);
      const length = view.getInt32(0, true);
      if (view.getUint32(4, true) !== MAGIC) throw new DecodeError(FORMAT, at + 4, "needs its mark");
      if (length < 0 || length > LONGEST) throw new DecodeError(FORMAT, at, `${length} bytes`);
      if (bytes.length - at - HEADER < length) break;
      const text = byteString(bytes.subarray(at + HEADER, at + HEADER + length));
      found.push(decodeUnsigned(text.replace(/\0+$/, "")));
      at += HEADER + length;
    }
    pending = bytes.slice(at);
    return found;
  };
}

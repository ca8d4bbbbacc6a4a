/**
 * One heartbeat message as one datagram, in either framing.
 *
 *   netstring  ###\n <len>:(<type>)<name>=<value>, ... %%%\n <len>:<n> <digest>,
 *   classic    >>>\n <name>=<value>\n ... auth=<n> <digest>\n <<<\n NUL
 *
 * A receiver takes both, at any time. It finds the signature at the end and checks it before it looks at any field:
 * nobody without a key makes us parse anything. The one exception is claimed-sender.ts, which parses nothing either.
 */
import { DecodeError } from "@systole/wire";
import { CLASSIC_END, CLASSIC_START, decodeClassic, encodeClassic } from "./classic.js";
import { compressedPayload } from "./compressed.js";
import { byteString, bytesOf, type Fields, string } from "./field.js";
import { decodeNetstring, encodeNetstring, NETSTRING_END, NETSTRING_START } from "./netstring.js";
import { formatSignature, type KeyRing, LONGEST_DIGEST, type Signature, sign } from "./signature.js";

export type Framing = "netstring" | "classic";

/** A datagram whose fields nobody has looked at yet. */
export interface Envelope {
  readonly framing: Framing;
  /** The bytes that the digest covers. */
  readonly covered: Uint8Array;
  readonly signature: Signature;
}

/** How to put a message into a datagram. */
export interface Sealing {
  readonly framing: Framing;
  /** With netstring framing: also the `auth` field of `msgfmt classic`, which old tools look at. */
  readonly innerAuth: boolean;
}

const FORMAT = "heartbeat datagram";
const TAIL = 4 + 4 + 3 + LONGEST_DIGEST + 8;
const NETSTRING_TAIL = /%%%\n([1-9]\d{0,2}):((\d|1[0-5]) ([0-9a-f]{1,128})),$/;
const CLASSIC_TAIL = /\nauth=(\d|1[0-5]) ([0-9a-f]{1,128})\n<<<\n\0?$/;

/**
 * Finds framing and signature without reading a field.
 *
 * @throws DecodeError if the datagram is neither framing or does not end in a signature.
 */
export function openEnvelope(datagram: Uint8Array): Envelope {
  const start = byteString(datagram.subarray(0, 4));
  const tailAt = Math.max(0, datagram.length - TAIL);
  const tail = byteString(datagram.subarray(tailAt));
  if (start === NETSTRING_START) {
    const found = NETSTRING_TAIL.exec(tail);
    if (found === null || Number(found[1]) !== found[2]!.length) throw unsigned(datagram);
    const covered = datagram.subarray(0, tailAt + found.index + NETSTRING_END.length);
    return {
      framing: "netstring",
      covered,
      signature: { keyIndex: Number(found[3]), digest: found[4]! },
    };
  }
  if (start === CLASSIC_START) {
    const found = CLASSIC_TAIL.exec(tail);
    if (found === null) throw unsigned(datagram);
    const covered = datagram.subarray(CLASSIC_START.length, Math.max(4, tailAt + found.index + 1));
    return {
      framing: "classic",
      covered,
      signature: { keyIndex: Number(found[1]), digest: found[2]! },
    };
  }
  throw new DecodeError(FORMAT, 0, "begins with neither ### nor >>>");
}

const unsigned = (datagram: Uint8Array) =>
  new DecodeError(FORMAT, datagram.length, "does not end in a signature");

/**
 * The fields of an envelope whose signature has been verified; those of the inner message if it is compressed.
 *
 * @throws DecodeError if they are malformed.
 */
export function decodeFields({ framing, covered }: Envelope): Fields {
  const text = byteString(covered);
  const fields = framing === "netstring" ? decodeNetstring(text) : decodeClassic(text);
  const inner = compressedPayload(fields);
  return inner === undefined ? fields : decodeInner(byteString(inner));
}

/** A compressed message is not compressed again: whatever it holds is only data. */
function decodeInner(text: string): Fields {
  const whole = text.replace(/\0$/, "");
  return whole.startsWith(NETSTRING_START) ? decodeNetstring(whole) : decodeUnsigned(whole);
}

/** What is signed, without marks: of the classic form. */
export const classicBody = (fields: Fields): Uint8Array => bytesOf(encodeClassic(fields));

/** Signs a message with the active key and frames it. */
export function seal(fields: Fields, sealing: Sealing, ring: KeyRing): Uint8Array {
  const inner = sealing.framing === "netstring" && sealing.innerAuth;
  const whole = inner
    ? [...fields, string("auth", formatSignature(sign(ring, classicBody(fields))))]
    : fields;
  return frame(whole, sealing.framing, (covered) => sign(ring, covered));
}

/** Frames a message with a signature made from the bytes that it covers. */
export function frame(
  fields: Fields,
  framing: Framing,
  signed: (covered: Uint8Array) => Signature,
): Uint8Array {
  if (framing === "classic") {
    const body = encodeClassic(fields);
    const signature = formatSignature(signed(bytesOf(body)));
    return bytesOf(`${CLASSIC_START}${body}auth=${signature}\n${CLASSIC_END}\0`);
  }
  const body = encodeNetstring(fields);
  const signature = formatSignature(signed(bytesOf(body)));
  return bytesOf(`${body}${signature.length}:${signature},`);
}

/**
 * Reads a command of the FIFO: classic framing, unsigned, written by root's tools.
 *
 * @throws DecodeError if a mark is missing or a line is malformed.
 */
export function decodeUnsigned(text: string): Fields {
  const end = text.lastIndexOf(`\n${CLASSIC_END}`);
  if (!text.startsWith(CLASSIC_START) || end === -1) throw new DecodeError(FORMAT, 0, "needs >>> and <<<");
  return decodeClassic(text.slice(CLASSIC_START.length, end + 1));
}

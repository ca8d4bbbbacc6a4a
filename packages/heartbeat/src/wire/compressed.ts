/**
 * A message too long for the original's buffers travels inside another one: `_compressed_payload`, the whole inner
 * message without signature, and `_compression_algorithm`. Only zlib is read, nothing is ever sent this way.
 *
 * Source: specification of heartbeat, section 6.7. The original does so from 256 KiB on; v1 clusters never get there.
 */
import { inflateSync } from "node:zlib";
import { DecodeError } from "@systole/wire";
import { binaryOf, type Fields, textOf } from "./field.js";

const FORMAT = "heartbeat compressed message";

/** The original refuses longer ones, too; the limit is enforced while inflating. */
const LONGEST = 2 * 1024 * 1024;

/**
 * The inner message of an authentic one, still as bytes; undefined if this is not such a message.
 *
 * @throws DecodeError if the method is not zlib, or the payload is broken or inflates beyond 2 MiB.
 */
export function compressedPayload(fields: Fields): Uint8Array | undefined {
  const method = textOf(fields, "_compression_algorithm");
  if (method === undefined) return undefined;
  const payload = binaryOf(fields, "_compressed_payload");
  if (method !== "zlib" || payload === undefined) throw new DecodeError(FORMAT, 0, `cannot read ${method}`);
  try {
    return inflateSync(payload, { maxOutputLength: LONGEST });
  } catch {
    throw new DecodeError(FORMAT, 0, `does not inflate to at most ${LONGEST} bytes`);
  }
}

/**
 * Whose name a datagram bears that failed authentication: the one exception to "authenticated before it is parsed".
 *
 * Nothing is parsed, and no text of the stranger's leaves this file: for each name that we know, the bytes of a whole
 * field `src` with that name are looked for, within a bounded head of the datagram. The answer is one of our names, or
 * nothing. That two nodes have different keys is seen this way and no other (core/other-key.ts); what else the datagram
 * says counts for nothing.
 */
import type { Envelope, Framing } from "./datagram.js";

/** What a status says of claims and interfaces stands before its sender: some hundred groups fit. */
const HEAD_BYTES = 8192;

/** The field as each framing writes it, which is also how a real heartbeat does. */
const fieldOf: Record<Framing, (name: string) => string> = {
  netstring: (name) => `${`(0)src=${name}`.length}:(0)src=${name},`,
  classic: (name) => `\nsrc=${name}\n`,
};

/** @param names in lower case, as they travel. */
export function claimedSender({ framing, covered }: Envelope, names: readonly string[]): string | undefined {
  const bytes = covered.subarray(0, HEAD_BYTES);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return names.find((name) => head.includes(fieldOf[framing](name), 0, "latin1"));
}

/**
 * Memory seen as 32-bit words: netlink, bodies and datagrams lie at multiples of 4, and a word at a time is four times
 * faster than a byte at a time. The words are the host's: good for copying and comparing, not for their value.
 */

/** @param bytes a view that begins at a multiple of 4 of its memory. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

/** Copies `size` bytes, a multiple of 4, between places that are multiples of 4. */
export function copyWords(from: Int32Array, at: number, into: Int32Array, to: number, size: number): void {
  const first = at >> 2;
  const target = to >> 2;
  const count = size >> 2;
  for (let n = 0; n < count; n++) into[target + n] = from[first + n]!;
}

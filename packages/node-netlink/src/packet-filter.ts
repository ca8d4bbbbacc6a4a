/**
 * Classic packet filters as bytes: what SO_ATTACH_FILTER takes.
 *
 * An instruction is 8 bytes in this machine's byte order: u16 code, u8 and u8 jumps if true and if not, u32 operand.
 * Source: Documentation/networking/filter.rst.
 */
export type Instruction = readonly [code: number, ifTrue: number, ifNot: number, operand: number];

/** A jump is one byte. */
export const FARTHEST_JUMP = 255;

export function assembleFilter(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(8 * program.length);
  for (const [index, [code, ifTrue, ifNot, operand]] of program.entries()) {
    const at = 8 * index;
    new Uint16Array(bytes.buffer, at, 1)[0] = code;
    bytes[at + 2] = ifTrue;
    bytes[at + 3] = ifNot;
    new Uint32Array(bytes.buffer, at + 4, 1)[0] = operand;
  }
  return bytes;
}

/** Sequence numbers: 32 bits, compared modulo 2^32. */

/** Is `a` after `b`? */
export const after = (a: number, b: number): boolean => ((b - a) | 0) < 0;

/** The number `steps` later. */
export const plusSequence = (sequence: number, steps: number): number => (sequence + steps) >>> 0;

/** How many steps from `a` to `b`. */
export const stepsBetween = (a: number, b: number): number => (b - a) >>> 0;

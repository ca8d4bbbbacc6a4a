/** Weights as a row of slots: slot `n` names the real server that the n-th connection goes to. Pure. */

/** More slots than this are not loaded; larger weights are scaled down. */
export const MOST_SLOTS = 2048;

/**
 * Indices of the real servers, each as often as its weight, spread evenly: weights 3 and 1 give 0 0 1 0.
 *
 * The smooth order of weighted round robin: each turn everyone gains its weight, the richest is chosen and pays the
 * sum. Weight 0 gets no slot. Weights are divided by their common divisor, and scaled when they would need more than
 * MOST_SLOTS (then a small weight still gets one slot).
 */
export function weightedSlots(weights: readonly number[]): readonly number[] {
  const shares = scaled(reduced(weights));
  const sum = shares.reduce((total, share) => total + share, 0);
  const credit = shares.map(() => 0);
  const slots: number[] = [];
  for (let turn = 0; turn < sum; turn++) {
    let richest = -1;
    for (const [index, share] of shares.entries()) {
      credit[index]! += share;
      if (share > 0 && (richest === -1 || credit[index]! > credit[richest]!)) richest = index;
    }
    credit[richest]! -= sum;
    slots.push(richest);
  }
  return slots;
}

/** The weights divided by their greatest common divisor. */
export function reduced(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  return divisor > 1 ? weights.map((weight) => weight / divisor) : weights;
}

function scaled(weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum <= MOST_SLOTS) return weights;
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.round((weight * MOST_SLOTS) / sum))));
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);

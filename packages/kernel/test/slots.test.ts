import fc from "fast-check";
import { expect, test } from "vitest";
import { MAGLEV_SLOTS, maglevSlots } from "../src/nftables/maglev.js";
import { MOST_SLOTS, weightedSlots } from "../src/nftables/slots.js";

test.each([
  { name: "equal weights alternate", weights: [1, 1], slots: [0, 1] },
  { name: "equal large weights alternate, too", weights: [65535, 65535], slots: [0, 1] },
  { name: "weights 3 and 1 do not burst", weights: [3, 1], slots: [0, 0, 1, 0] },
  {
    name: "weights 5, 1, 1 as smooth round robin has them",
    weights: [5, 1, 1],
    slots: [0, 0, 1, 0, 2, 0, 0],
  },
  { name: "weight 0 gets none", weights: [0, 2, 0], slots: [1] },
  { name: "all weights 0: nobody", weights: [0, 0], slots: [] },
  { name: "no real server: nobody", weights: [], slots: [] },
])("$name", ({ weights, slots }) => {
  expect(weightedSlots(weights)).toEqual(slots);
});

const weights = fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 1, maxLength: 12 });
const count = (slots: readonly number[], index: number) => slots.filter((slot) => slot === index).length;

test("slots are as many as the weights say, within the rounding of large ones", () => {
  fc.assert(
    fc.property(weights, (given) => {
      const slots = weightedSlots(given);
      const sum = given.reduce((total, weight) => total + weight, 0);
      expect(slots.length).toBeLessThanOrEqual(MOST_SLOTS + given.length);
      for (const [index, weight] of given.entries()) {
        const got = count(slots, index);
        if (weight === 0) expect(got).toBe(0);
        else expect(Math.abs(got - (weight * slots.length) / sum)).toBeLessThanOrEqual(given.length);
        if (weight > 0) expect(got).toBeGreaterThan(0);
      }
    }),
  );
});

const members = (weightsOf: readonly number[]) =>
  weightsOf.map((weight, index) => ({ name: `10.0.0.${index}:80`, weight }));

test("Maglev fills every slot, in proportion to the weights", () => {
  const slots = maglevSlots(members([1, 2, 1]));
  expect(slots.length).toBe(MAGLEV_SLOTS);
  expect(count(slots, 0) / MAGLEV_SLOTS).toBeCloseTo(0.25, 1);
  expect(count(slots, 1) / MAGLEV_SLOTS).toBeCloseTo(0.5, 1);
});

test("Maglev: when one of ten goes, few clients of the others move", () => {
  const before = maglevSlots(members(Array(10).fill(1)));
  const after = maglevSlots(members([...Array(9).fill(1), 0]));
  const moved = before.filter((slot, at) => slot !== 9 && after[at] !== slot).length;
  expect(moved / MAGLEV_SLOTS).toBeLessThan(0.1);
  expect(after).not.toContain(9);
});

test("Maglev does not depend on anything but names and weights", () => {
  expect(maglevSlots(members([1, 1]))).toEqual(maglevSlots(members([7, 7])));
  expect(maglevSlots(members([0, 0]))).toEqual([]);
});

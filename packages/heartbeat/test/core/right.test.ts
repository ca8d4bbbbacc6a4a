import fc from "fast-check";
import { expect, test } from "vitest";
import type { GroupClaim } from "../../src/core/message.js";
import { type Other, precedes, rightTo } from "../../src/core/right.js";

const group = { key: "vip", preferred: "lb1", resources: ["vip"] };
const self = { node: "lb2", generation: 7 };
const preferred = { node: "lb1", generation: 7 };
const claim = (state: GroupClaim["state"], to?: GroupClaim["to"]): GroupClaim =>
  to === undefined ? { group: "vip", state } : { group: "vip", state, to };

const other: Other = { node: "lb1", absent: false, leaving: false, permits: true, claim: undefined };

test.each<{ name: string; who?: typeof self; others: Other[]; may: boolean; reason?: string }>([
  {
    name: "the other is absent: yes",
    others: [{ ...other, absent: true, permits: false }],
    may: true,
    reason: "lb1 is gone",
  },
  { name: "the other, which comes first, does not have it: it is waited for", others: [other], may: false },
  {
    name: "we come first and the other does not have it: yes",
    who: preferred,
    others: [{ ...other, node: "lb2" }],
    may: true,
    reason: "nobody has it",
  },
  {
    name: "without its recent acknowledgement of our present life: no",
    who: preferred,
    others: [{ ...other, node: "lb2", permits: false }],
    may: false,
  },
  { name: "the first is leaving and has let go: yes", others: [{ ...other, leaving: true }], may: true },
  {
    name: "the first is leaving and still has it: no",
    others: [{ ...other, leaving: true, claim: claim("running") }],
    may: false,
  },
  {
    name: "it is being stopped there: no",
    who: preferred,
    others: [{ ...other, node: "lb2", claim: claim("stopping") }],
    may: false,
  },
  {
    name: "given to this life of ours: yes",
    others: [{ ...other, claim: claim("given", self) }],
    may: true,
    reason: "lb1 gave it",
  },
  {
    name: "given to a former life of ours: no",
    others: [{ ...other, claim: claim("given", { ...self, generation: 6 }) }],
    may: false,
  },
  {
    name: "given to somebody else: no",
    others: [{ ...other, claim: claim("given", { node: "lb3", generation: 7 }) }],
    may: false,
  },
  {
    name: "of three, one absent and one that comes after us: yes",
    who: { node: "lb2", generation: 7 },
    others: [
      { ...other, absent: true },
      { ...other, node: "lb3" },
    ],
    may: true,
  },
])("$name", ({ who = self, others, may, reason }) => {
  const right = rightTo(group, who, others);
  expect(right.may).toBe(may);
  if (right.may) expect(right.from).toBe(reason === "lb1 gave it" ? "lb1" : undefined);
  if (right.may && reason !== undefined) expect(right.reason).toBe(reason);
});

test("of any nodes exactly one comes before all the others, whichever is preferred", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(names, fc.string(), (nodes, stranger) => {
      for (const first of [...nodes, stranger]) {
        const best = nodes.filter((a) => nodes.every((b) => a === b || precedes({ preferred: first }, a, b)));
        expect(best).toHaveLength(1);
      }
    }),
  );
});

test("two that see each other alike never both have the right", () => {
  const claims = fc.option(
    fc.oneof(
      fc.constantFrom("starting", "running", "stopping" as const).map((state) => claim(state)),
      fc.constantFrom("lb1", "lb2").map((node) => claim("given", { node, generation: 7 })),
    ),
    { nil: undefined },
  );
  fc.assert(
    fc.property(claims, claims, fc.boolean(), fc.boolean(), (a, b, aLeaving, bLeaving) => {
      const taker = (node: string, own: GroupClaim | undefined, leaving: boolean, theirs: Other): boolean =>
        own === undefined && !leaving && rightTo(group, { node, generation: 7 }, [theirs]).may;
      const lb1 = taker("lb1", a, aLeaving, { ...other, node: "lb2", claim: b, leaving: bLeaving });
      const lb2 = taker("lb2", b, bLeaving, { ...other, node: "lb1", claim: a, leaving: aLeaving });
      expect(lb1 && lb2).toBe(false);
    }),
  );
});

import {
  earliest,
  earliestDeadline,
  type Instant,
  instant,
  type Machine,
  type Members,
  stepMember,
  tickMembers,
} from "@systole/machine";
import { expect, test } from "vitest";

/** Rings once, at its moment. */
type Alarm = { readonly at: Instant | undefined };
const alarm: Machine<Alarm, { type: "set"; at: Instant }, string> = {
  step(state, event, now) {
    if (event.type === "set") return { state: { at: event.at }, actions: [`set ${event.at}`] };
    return state.at !== undefined && now >= state.at
      ? { state: { at: undefined }, actions: [`ring ${now}`] }
      : { state, actions: [] };
  },
  nextDeadline: (state) => state.at,
};

const members = (entries: Record<string, number | undefined>): Members<string, Alarm> =>
  new Map(
    Object.entries(entries).map(([key, at]) => [key, { at: at === undefined ? undefined : instant(at) }]),
  );

test("one member is fed, the others stay the very same", () => {
  const before = members({ a: 1, b: 2 });
  const { state, actions } = stepMember(alarm, before, "a", { type: "set", at: instant(9) }, instant(0));
  expect(actions).toEqual([{ of: "a", action: "set 9" }]);
  expect(state.get("a")).toEqual({ at: 9 });
  expect(state.get("b")).toBe(before.get("b"));
  expect(before.get("a")).toEqual({ at: 1 });
});

test("an unknown member changes nothing", () => {
  const before = members({ a: 1 });
  const step = stepMember(alarm, before, "z", { type: "set", at: instant(9) }, instant(0));
  expect(step).toEqual({ state: before, actions: [] });
});

test("a tick reaches those whose deadline has come, in order of insertion", () => {
  const { state, actions } = tickMembers(
    alarm,
    members({ late: 5, never: undefined, due: 10, not: 11 }),
    instant(10),
  );
  expect(actions).toEqual([
    { of: "late", action: "ring 10" },
    { of: "due", action: "ring 10" },
  ]);
  expect(state.get("not")).toEqual({ at: 11 });
});

test.each([
  { name: "nobody: none", entries: {}, deadline: undefined },
  { name: "nobody who wants one: none", entries: { a: undefined }, deadline: undefined },
  { name: "the first of several", entries: { a: 7, b: undefined, c: 3 }, deadline: 3 },
])("deadline of $name", ({ entries, deadline }) => {
  expect(earliestDeadline(alarm, members(entries))).toBe(deadline);
});

test("the earliest of moments ignores what is undefined", () => {
  expect(earliest([undefined, instant(4), instant(2), undefined])).toBe(2);
  expect(earliest([])).toBeUndefined();
});

import { combine, earliest, type Instant, instant, type Machine } from "@systole/machine";
import fc from "fast-check";
import { expect, test } from "vitest";

/** Rings once, at its moment. */
type Alarm = { readonly at: Instant | undefined };
type SetAlarm = { readonly type: "set"; readonly at: Instant };
const alarm: Machine<Alarm, SetAlarm, string> = {
  step(state, event, now) {
    if (event.type === "set") return { state: { at: event.at }, actions: [`set ${event.at}`] };
    return state.at !== undefined && now >= state.at
      ? { state: { at: undefined }, actions: [`ring ${now}`] }
      : { state, actions: [] };
  },
  nextDeadline: (state) => state.at,
};
const alarms = combine<string, Alarm, SetAlarm, string>(alarm);

const members = (entries: Record<string, number | undefined>) =>
  alarms.of(
    Object.entries(entries).map(([key, at]) => [key, { at: at === undefined ? undefined : instant(at) }]),
  );

test("one member is fed, the others stay the very same", () => {
  const before = members({ a: 1, b: 2 });
  const { state, actions } = alarms.step(before, "a", { type: "set", at: instant(9) }, instant(0));
  expect(actions).toEqual([{ of: "a", action: "set 9" }]);
  expect(state.get("a")).toEqual({ at: 9 });
  expect(state.get("b")).toBe(before.get("b"));
  expect(before.get("a")).toEqual({ at: 1 });
});

test("an unknown member changes nothing", () => {
  const before = members({ a: 1 });
  const step = alarms.step(before, "z", { type: "set", at: instant(9) }, instant(0));
  expect(step).toEqual({ state: before, actions: [] });
});

test("a tick reaches those whose deadline has come, in order of insertion", () => {
  const { state, actions } = alarms.tick(
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
  expect(members(entries).deadline).toBe(deadline);
});

test("any number of members, any order of steps: as if each had been stepped in a plain map", () => {
  const moment = fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined });
  const steps = fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 40 }),
      at: fc.integer({ min: 0, max: 50 }),
      tick: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 40 }), steps, (moments, plan) => {
      const plain = new Map(moments.map((at, index) => [`m${index}`, at]));
      let state = members(Object.fromEntries(plain));
      for (const { key, at, tick } of plan) {
        if (tick) {
          const rung = [...plain]
            .filter(([, when]) => when !== undefined && when <= at)
            .map(([name]) => name);
          const step = alarms.tick(state, instant(at));
          expect(step.actions.map(({ of }) => of)).toEqual(rung);
          state = step.state;
          for (const name of rung) plain.set(name, undefined);
        } else {
          if (plain.has(`m${key}`)) plain.set(`m${key}`, at);
          state = alarms.step(state, `m${key}`, { type: "set", at: instant(at) }, instant(0)).state;
        }
        expect([...state.values()].map((each) => each.at)).toEqual([...plain.values()]);
        expect([...state.keys()].map((name) => state.get(name)?.at)).toEqual([...plain.values()]);
        expect(state.deadline).toBe(earliest([...plain.values()].map((when) => when as Instant | undefined))); // numbers are
      }
    }),
  );
});

test("the earliest of moments ignores what is undefined", () => {
  expect(earliest([undefined, instant(4), instant(2), undefined])).toBe(2);
  expect(earliest([])).toBeUndefined();
});

/** Limits of checks: exact while the process runs, and none of it is lost to a stall of our own. */
import { milliseconds } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import { expect, test } from "vitest";
import { createAwakeTimer } from "../src/checks/awake.js";

/** A limit of 1 s from the start; when it was over, in milliseconds. */
function play(story: (clock: ReturnType<typeof fakeClock>, callOff: () => void) => void): number | undefined {
  const clock = fakeClock();
  let over: number | undefined;
  const callOff = createAwakeTimer(clock).after(milliseconds(1000), () => {
    over = clock.now();
  });
  story(clock, callOff);
  return over;
}

test.each([
  { name: "to the millisecond while the process runs", until: 1000, over: 1000 },
  { name: "and not before", until: 999, over: undefined },
])("a limit of 1 s is over $name", ({ until, over }) => {
  expect(play((clock) => clock.advance(milliseconds(until)))).toBe(over);
});

test("stopped for 2 s in the middle: of the stall 100 ms count", () => {
  const over = play((clock) => {
    clock.advance(milliseconds(500));
    clock.stall(milliseconds(2000));
    clock.advance(milliseconds(2000));
  });
  expect(over).toBe(500 + 2000 + 400);
});

test("stopped twice: 100 ms of each count", () => {
  const over = play((clock) => {
    clock.stall(milliseconds(5000));
    clock.advance(milliseconds(100));
    clock.stall(milliseconds(5000));
    clock.advance(milliseconds(5000));
  });
  expect(over).toBe(10_000 + 1000 - 200);
});

test("what arrived before the limit was told calls it off", () => {
  const over = play((clock, callOff) => {
    clock.advance(milliseconds(999));
    clock.stall(milliseconds(1));
    clock.arrive(callOff);
    clock.advance(milliseconds(1000));
  });
  expect(over).toBeUndefined();
});

test("limits of different lengths and starts end in their own time; then nothing is armed", () => {
  const clock = fakeClock();
  const awake = createAwakeTimer(clock);
  const ends: string[] = [];
  const begin = (name: string, length: number) =>
    awake.after(milliseconds(length), () => ends.push(`${name} ${clock.now()}`));
  begin("a", 300);
  clock.advance(milliseconds(130));
  begin("b", 300);
  begin("c", 20);
  const callOff = begin("d", 60);
  clock.advance(milliseconds(50));
  callOff();
  clock.advance(milliseconds(1000));
  expect(ends).toEqual(["c 150", "a 300", "b 430"]);
  expect(clock.armed).toBe(0);
  begin("e", 70);
  clock.advance(milliseconds(1000));
  expect(ends.at(-1)).toBe("e 1250");
});

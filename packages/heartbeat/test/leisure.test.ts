import { expect, test } from "vitest";
import { createLeisure } from "../src/shell/leisure.js";
import { virtualClock } from "./virtual-clock.js";

function leisurely() {
  const clock = virtualClock();
  const done: string[] = [];
  const leisure = createLeisure(clock);
  return { clock, done, leisure, tell: (what: string) => leisure.later(() => done.push(what)) };
}

test("what is told waits 10 ms, and comes in order; a later one waits no longer than the first", async () => {
  const { clock, done, tell } = leisurely();
  tell("dead");
  await clock.advance(9);
  tell("takeover");
  expect(done).toEqual([]);
  await clock.advance(1);
  expect(done).toEqual(["dead", "takeover"]);
  tell("running");
  await clock.advance(9);
  expect(done).toEqual(["dead", "takeover"]);
  await clock.advance(1);
  expect(done).toEqual(["dead", "takeover", "running"]);
});

test("at the end of the process nothing waits; what is told then comes behind the rest", async () => {
  const { clock, done, leisure, tell } = leisurely();
  leisure.later(() => {
    done.push("first");
    tell("last");
  });
  tell("second");
  leisure.flush();
  expect(done).toEqual(["first", "second", "last"]);
  await clock.advance(10);
  expect(done).toEqual(["first", "second", "last"]);
});

test("no more than 1,000 wait", () => {
  const { done, tell } = leisurely();
  for (let line = 0; line < 1000; line++) tell("line");
  expect(done.length).toBe(0);
  tell("line");
  expect(done.length).toBe(1001);
});

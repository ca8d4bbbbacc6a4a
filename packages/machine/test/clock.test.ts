import { type Instant, instant, milliseconds, plus, systemClock } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import { expect, test } from "vitest";

test("the system's clock is monotonic and a timer never runs before its moment", async () => {
  const clock = systemClock();
  const when = plus(clock.now(), milliseconds(15.5));
  const ran = await new Promise<Instant>((resolve) => void clock.at(when, () => resolve(clock.now())));
  expect(ran).toBeGreaterThanOrEqual(when);
});

test("a timer that was called off does not run, nor does what waited for pending input", async () => {
  const clock = systemClock();
  const ran: string[] = [];
  clock.at(clock.now(), () => ran.push("timer"))();
  clock.afterPending(() => ran.push("pending"))();
  await new Promise<void>((resolve) => void clock.afterPending(resolve));
  expect(ran).toEqual([]);
});

test("afterPending lets one whole poll phase pass", async () => {
  const clock = systemClock();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    clock.afterPending(() => {
      order.push("after");
      resolve();
    });
    setImmediate(() => order.push("this turn"));
  });
  expect(order).toEqual(["this turn", "after"]);
});

test("the fake runs timers in order of their moments, equals in order of arming", () => {
  const clock = fakeClock(instant(100));
  const ran: string[] = [];
  const note = (name: string) => () => void ran.push(`${clock.now()} ${name}`);
  clock.at(instant(120), note("c"));
  clock.at(instant(110), note("a"));
  clock.at(instant(110), note("b"));
  clock.at(instant(90), note("overdue"));
  clock.advance(milliseconds(15));
  expect(ran).toEqual(["100 overdue", "110 a", "110 b"]);
  expect(clock.now()).toBe(115);
  clock.advance(milliseconds(5));
  expect(ran.at(-1)).toBe("120 c");
});

test("the fake says so when the loop never rests", () => {
  const clock = fakeClock();
  const again = () => void clock.at(clock.now(), again);
  again();
  expect(() => clock.advance(milliseconds(1))).toThrow(/never rests at 0 ms/);
});

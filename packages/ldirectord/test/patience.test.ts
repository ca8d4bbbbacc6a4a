/** Limits of those whom we wait for: a silent server is found in time, one that spoke is not blamed for our stalls. */
import { milliseconds } from "@systole/machine";
import { type FakeClock, fakeClock } from "@systole/machine/fake";
import { expect, test } from "vitest";
import { createPatience, type Limit } from "../src/checks/patience.js";

const ms = milliseconds;

/** A limit of 1 s from the start; when it was over, in milliseconds. */
function play(story: (clock: FakeClock, limit: Limit) => void): number | undefined {
  const clock = fakeClock();
  let over: number | undefined;
  const limit = createPatience(clock).after(ms(1000), () => {
    over = clock.now();
  });
  story(clock, limit);
  return over;
}

test.each([
  { name: "to the millisecond while the process runs", until: 1000, over: 1000 },
  { name: "and not before", until: 999, over: undefined },
])("a limit of 1 s is over $name", ({ until, over }) => {
  expect(play((clock) => clock.advance(ms(until)))).toBe(over);
});

test("starved, 90 ms from look to look: over in time", () => {
  const over = play((clock) => {
    for (let turn = 0; turn < 15; turn++) {
      clock.stall(ms(90));
      clock.advance(ms(0));
    }
  });
  expect(over).toBeGreaterThanOrEqual(1000);
  expect(over).toBeLessThanOrEqual(1080);
});

test("starved without end, 300 ms from look to look: a silent server is found at the next look", () => {
  const over = play((clock) => {
    for (let turn = 0; turn < 10; turn++) {
      clock.stall(ms(300));
      clock.advance(ms(0));
    }
  });
  expect(over).toBe(1200); // its breath was over at 1000
});

test("stopped for 2 s, and nothing had been said: over 100 ms after the stall", () => {
  const over = play((clock) => {
    clock.advance(ms(500));
    clock.stall(ms(2000));
    clock.advance(ms(2000));
  });
  expect(over).toBe(500 + 2000 + 100);
});

test("stopped for 2 s, and something had been said: the 2 s are given back", () => {
  const over = play((clock, limit) => {
    clock.advance(ms(500));
    clock.stall(ms(2000));
    clock.arrive(() => limit.heard());
    clock.advance(ms(3000));
  });
  expect(over).toBeGreaterThanOrEqual(3000);
  expect(over).toBeLessThanOrEqual(3050); // the stall was noticed up to one look after it began
});

test("what is heard later gives nothing back again", () => {
  const over = play((clock, limit) => {
    clock.stall(ms(2000));
    clock.arrive(() => limit.heard());
    for (let turn = 0; turn < 30; turn++) {
      clock.advance(ms(100));
      clock.arrive(() => limit.heard());
    }
  });
  expect(over).toBe(3000);
});

test("a stall before it began is not its own", () => {
  const clock = fakeClock();
  const patience = createPatience(clock);
  let over: number | undefined;
  patience.after(ms(10_000), () => {});
  clock.stall(ms(2000));
  const limit = patience.after(ms(1000), () => {
    over = clock.now();
  });
  clock.arrive(() => limit.heard());
  clock.advance(ms(5000));
  expect(over).toBe(3000);
});

test("what arrived before the limit was told calls it off", () => {
  const over = play((clock, limit) => {
    clock.advance(ms(999));
    clock.stall(ms(1));
    clock.arrive(() => limit.callOff());
    clock.advance(ms(1000));
  });
  expect(over).toBeUndefined();
});

test("limits of different lengths and starts end in their own time; then nothing is armed", () => {
  const clock = fakeClock();
  const patience = createPatience(clock);
  const ends: string[] = [];
  const begin = (name: string, length: number) =>
    patience.after(ms(length), () => ends.push(`${name} ${clock.now()}`));
  begin("a", 300);
  clock.advance(ms(130));
  begin("b", 300);
  begin("c", 20);
  const called = begin("d", 60);
  clock.advance(ms(50));
  called.callOff();
  clock.advance(ms(1000));
  expect(ends).toEqual(["c 150", "a 300", "b 430"]);
  expect(clock.armed).toBe(0);
  begin("e", 70);
  clock.advance(ms(1000));
  expect(ends.at(-1)).toBe("e 1250");
});

import { expect, test } from "vitest";
import { createLoadAverage } from "../src/shell/load-average.js";
import { virtualClock } from "./virtual-clock.js";

test("the load is read once a second at most", async () => {
  const clock = virtualClock();
  let reads = 0;
  const load = createLoadAverage(clock, () => `read ${++reads}`);
  expect([load(), load()]).toEqual(["read 1", "read 1"]);
  await clock.advance(999);
  expect(load()).toBe("read 1");
  await clock.advance(1);
  expect(load()).toBe("read 2");
});

test("it is the kernel's text", () => {
  expect(createLoadAverage(virtualClock())()).toMatch(/^\d+\.\d\d \d+\.\d\d \d+\.\d\d \d+\/\d+ \d+$/);
});

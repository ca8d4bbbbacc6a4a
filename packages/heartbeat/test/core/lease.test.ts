import { seconds } from "@systole/machine";
import { expect, test } from "vitest";
import { deafLimit, leaseFor, silenceLimit } from "../../src/core/lease.js";

test.each([
  { keepalive: 1, deadtime: 5, lease: 3000 },
  { keepalive: 2, deadtime: 30, lease: 27_000 },
  { keepalive: 0.5, deadtime: 2, lease: 1000 },
  { keepalive: 0.1, deadtime: 1.6, lease: 1000 },
  { keepalive: 0.1, deadtime: 1.59, lease: undefined },
  { keepalive: 1, deadtime: 3, lease: undefined },
  { keepalive: 1, deadtime: 3.5, lease: 2000 },
])("keepalive $keepalive s, deadtime $deadtime s: a lease of $lease ms", ({ keepalive, deadtime, lease }) => {
  expect(leaseFor({ keepalive: seconds(keepalive), deadtime: seconds(deadtime) })).toBe(lease);
});

test("without a lease whoever is silent for deadtime less a keepalive starts over", () => {
  const timing = { keepalive: seconds(0.1), deadtime: seconds(1), lease: undefined };
  expect(silenceLimit(timing)).toBe(900);
});

test("a deaf peer is noticed a keepalive and a half before it takes over, at the latest", () => {
  const timing = { keepalive: seconds(1), deadtime: seconds(5), lease: seconds(3) };
  expect(deafLimit(timing)).toBe(2500);
  expect(deafLimit({ ...timing, keepalive: seconds(2) })).toBe(3000);
});

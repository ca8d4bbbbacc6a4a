import { seconds } from "@systole/machine";
import { expect, test } from "vitest";
import { deafLimit, lateness, leaseFor, silenceLimit, soon } from "../../src/core/lease.js";

test.each([
  { keepalive: 1, deadtime: 5, lease: "address 3000" },
  { keepalive: 2, deadtime: 30, lease: "address 27000" },
  { keepalive: 0.5, deadtime: 2, lease: "address 1000" },
  { keepalive: 0.1, deadtime: 1.6, lease: "address 1000" },
  { keepalive: 0.1, deadtime: 1.59, lease: "guard 1430" },
  { keepalive: 1, deadtime: 3.5, lease: "address 2000" },
  { keepalive: 1, deadtime: 3.01, lease: "guard 1500" },
  { keepalive: 1, deadtime: 3, lease: undefined },
  { keepalive: 0.2, deadtime: 1, lease: "guard 690" },
  { keepalive: 0.05, deadtime: 0.25, lease: "guard 165" },
  { keepalive: 0.02, deadtime: 0.1, lease: "guard 60" },
])("keepalive $keepalive s, deadtime $deadtime s: $lease", ({ keepalive, deadtime, lease: wanted }) => {
  const timing = { keepalive: seconds(keepalive), deadtime: seconds(deadtime) };
  const lease = leaseFor(timing, true);
  expect(lease && `${lease.kind} ${lease.length}`).toBe(wanted);
  expect(leaseFor(timing, false)).toEqual(lease?.kind === "guard" ? undefined : lease);
});

test.each([
  { keepalive: seconds(1), deadtime: seconds(5) },
  { keepalive: seconds(0.2), deadtime: seconds(1) },
  { keepalive: seconds(0.02), deadtime: seconds(0.1) },
])(
  "a lease renewed with every heartbeat does not end in between, and ends before the peer's deadtime",
  (timing) => {
    const lease = leaseFor(timing, true)!;
    const { keepalive, deadtime } = timing;
    expect(lease.length).toBeGreaterThan(keepalive + soon(timing));
    expect(keepalive + lease.length + lateness(lease)).toBeLessThan(deadtime);
  },
);

test("without a lease whoever is silent for deadtime less a keepalive starts over", () => {
  const timing = { keepalive: seconds(0.1), deadtime: seconds(1), lease: undefined };
  expect(silenceLimit(timing)).toBe(900);
});

test("a deaf peer is noticed a keepalive and a half before it takes over, at the latest", () => {
  const timing = {
    keepalive: seconds(1),
    deadtime: seconds(5),
    lease: { kind: "address", length: seconds(3) } as const,
  };
  expect(deafLimit(timing)).toBe(2500);
  expect(deafLimit({ ...timing, keepalive: seconds(2) })).toBe(3000);
});

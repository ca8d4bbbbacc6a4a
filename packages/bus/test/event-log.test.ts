import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventLog } from "../src/index.js";

const source = {
  boot: "b1",
  node: "lb1",
  daemon: "heartbeat",
  wallClock: () => 1_700_000_000_000,
  monotonicMs: () => 60_000,
};
const loaded = { kind: "config.loaded", file: "/etc/ha.d/ha.cf" } as const;

function filled(count: number, length = 4) {
  const log = eventLog(source, length);
  for (let i = 0; i < count; i++) log.publish("info", loaded);
  return log;
}

describe("a reader that asks since", () => {
  test.each([
    { name: "knows everything: nothing", published: 3, boot: "b1", sequence: 3, missed: 0, got: [] },
    { name: "has the first: the others", published: 3, boot: "b1", sequence: 1, missed: 0, got: [2, 3] },
    {
      name: "comes at the limit: all, none missed",
      published: 4,
      boot: "b1",
      sequence: 0,
      missed: 0,
      got: [1, 2, 3, 4],
    },
    {
      name: "comes one late: one missed",
      published: 5,
      boot: "b1",
      sequence: 0,
      missed: 1,
      got: [2, 3, 4, 5],
    },
    {
      name: "knows another boot: all of this one",
      published: 3,
      boot: "b0",
      sequence: 99,
      missed: 0,
      got: [1, 2, 3],
    },
    {
      name: "knows another boot, much happened",
      published: 6,
      boot: "",
      sequence: 0,
      missed: 2,
      got: [3, 4, 5, 6],
    },
    { name: "claims the future: nothing", published: 2, boot: "b1", sequence: 7, missed: 0, got: [] },
  ])("$name", ({ published, boot, sequence, missed, got }) => {
    const since = filled(published).since(boot, sequence);
    expect(since.missed).toBe(missed);
    expect(since.events.map((event) => event.sequence)).toEqual(got);
    expect(since.last).toBe(published);
  });
});

test("a watcher hears each event until it stops", () => {
  const log = filled(1);
  const heard: number[] = [];
  const stop = log.watch((event) => heard.push(event.sequence));
  log.publish("info", loaded);
  stop();
  log.publish("info", loaded);
  expect(heard).toEqual([2]);
});

test("whatever was seen: missed + got + seen = published", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 10 }), (published, seenAny, length) => {
      const seen = Math.min(seenAny, published);
      const { missed, events } = filled(published, length).since("b1", seen);
      expect(missed + events.length + seen).toBe(published);
    }),
  );
});

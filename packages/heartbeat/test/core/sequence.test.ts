import { instant, milliseconds } from "@systole/machine";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  acknowledges,
  ask,
  giveUp,
  nextAsk,
  nothingReceived,
  type Reception,
  receive,
} from "../../src/wire/reception.js";
import { count, countStatus, leftAt, nothingSent, repeat, type Sent } from "../../src/wire/sequence.js";

const maxDelay = milliseconds(250);

/** `7/3` is sequence 3 of generation 7. */
function hear(places: readonly string[]): { reception: Reception; verdicts: string[] } {
  let reception = nothingReceived;
  const verdicts = places.map((place) => {
    const [generation, sequence] = place.split("/").map(Number);
    const received = receive(
      reception,
      { generation: generation!, sequence: sequence! },
      instant(0),
      maxDelay,
    );
    reception = received.reception;
    const { verdict } = received;
    return verdict.kind === "next" && verdict.lost > 0 ? `lost ${verdict.lost}` : verdict.kind;
  });
  return { reception, verdicts };
}

test.each<{ name: string; heard: string[]; verdicts: string[]; missing: number[] }>([
  { name: "in order", heard: ["7/1", "7/2", "7/3"], verdicts: ["new-life", "next", "next"], missing: [] },
  {
    name: "twice, as with two media",
    heard: ["7/1", "7/1", "7/2", "7/2"],
    verdicts: ["new-life", "duplicate", "next", "duplicate"],
    missing: [],
  },
  {
    name: "a gap, filled later",
    heard: ["7/1", "7/4", "7/3", "7/2", "7/2"],
    verdicts: ["new-life", "lost 2", "filled", "filled", "duplicate"],
    missing: [],
  },
  { name: "a gap that stays", heard: ["7/1", "7/4"], verdicts: ["new-life", "lost 2"], missing: [2, 3] },
  {
    name: "a gap of 250 is asked for",
    heard: ["7/1", "7/252"],
    verdicts: ["new-life", "lost 250"],
    missing: Array.from({ length: 250 }, (_, at) => at + 2),
  },
  { name: "one of 251 is not", heard: ["7/1", "7/253"], verdicts: ["new-life", "lost 251"], missing: [] },
  {
    name: "a new life begins anew",
    heard: ["7/1", "7/4", "8/1"],
    verdicts: ["new-life", "lost 2", "new-life"],
    missing: [],
  },
  {
    name: "a former life is a replay",
    heard: ["8/1", "7/99"],
    verdicts: ["new-life", "replay"],
    missing: [],
  },
])("$name", ({ heard, verdicts, missing }) => {
  const result = hear(heard);
  expect(result.verdicts).toEqual(verdicts);
  expect(result.reception.missing.map((one) => one.sequence)).toEqual(missing);
});

test("what is missing is asked for between 50 and 250 ms later, then every 250 ms, in ranges", () => {
  const { reception } = hear(["7/1", "7/4", "7/6"]);
  expect(nextAsk(reception)).toBeGreaterThanOrEqual(50);
  const first = ask(reception, instant(250), maxDelay);
  expect(first.ranges).toEqual([
    { first: 2, last: 3 },
    { first: 5, last: 5 },
  ]);
  expect(ask(first.reception, instant(499), maxDelay).ranges).toEqual([]);
  expect(ask(giveUp(first.reception, 2), instant(500), maxDelay).ranges).toEqual([
    { first: 3, last: 3 },
    { first: 5, last: 5 },
  ]);
});

test("every tenth is acknowledged, unless an older one is missing", () => {
  expect(acknowledges(hear(["7/1", "7/2", "7/3"]).reception, 13, 3)).toBe(true);
  expect(acknowledges(hear(["7/1", "7/2", "7/3"]).reception, 14, 3)).toBe(false);
  expect(acknowledges(hear(["7/1", "7/3"]).reception, 13, 3)).toBe(false);
});

test("whatever comes in whatever order, each place is accepted at most once", () => {
  const places = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 30 })));
  fc.assert(
    fc.property(places, (all) => {
      const names = all.map(([generation, sequence]) => `${generation}/${sequence}`);
      const accepted = hear(names).verdicts.flatMap((verdict, at) =>
        verdict === "duplicate" || verdict === "replay" ? [] : [names[at]],
      );
      expect(new Set(accepted).size).toBe(accepted.length);
    }),
  );
});

function sentUpTo(last: number): Sent {
  let sent = nothingSent;
  for (let at = 0; at < last; at++) sent = count(sent);
  return sent;
}

test.each([
  { name: "what was sent is sent again", first: 3, last: 5, again: [3, 4, 5], refused: [] },
  { name: "what was never sent is ignored", first: 599, last: 700, again: [599, 600], refused: [] },
  {
    name: "what is older than 500 messages is refused",
    first: 99,
    last: 102,
    again: [101, 102],
    refused: [99, 100],
  },
  {
    name: "at most 50 at once",
    first: 200,
    last: 600,
    again: Array.from({ length: 50 }, (_, at) => at + 200),
    refused: [],
  },
  { name: "a range that makes no sense is nothing", first: 9, last: 3, again: [], refused: [] },
])("repetition: $name", ({ first, last, again, refused }) => {
  const sent = sentUpTo(first < 99 ? 10 : 600);
  expect(repeat(sent, { first, last }, instant(0), maxDelay)).toMatchObject({ again, refused });
});

test("the same is not sent again within 240 ms", () => {
  const once = repeat(sentUpTo(10), { first: 3, last: 4 }, instant(1000), maxDelay);
  expect(repeat(once.sent, { first: 3, last: 5 }, instant(1239), maxDelay).again).toEqual([5]);
  expect(repeat(once.sent, { first: 3, last: 5 }, instant(1240), maxDelay).again).toEqual([3, 4, 5]);
});

test("when a heartbeat left is known for the last 64, by the newest status up to a sequence", () => {
  let sent = nothingSent;
  for (let at = 1; at <= 100; at++) sent = countStatus(count(sent), instant(at * 1000));
  expect(leftAt(sent, 200)).toBe(100_000);
  expect(leftAt(sent, 199)).toBe(99_000);
  expect(leftAt(sent, 2 * 37)).toBe(37_000);
  expect(leftAt(sent, 2 * 37 - 1)).toBeUndefined();
});

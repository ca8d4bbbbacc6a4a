import { type Instant, instant, milliseconds } from "@systole/machine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digest, digestMachine, digestTiming, GROUP_LIMIT, QUIET } from "../src/core/digest.js";
import { severityOf } from "../src/core/facts.js";
import { atLeast, type ClusterEvent } from "../src/types.js";
import { chatter, dead, finished, serverDown, started } from "./event.js";

const options = {
  ...digestTiming(milliseconds(2000)),
  wanted: (event: ClusterEvent) =>
    atLeast(
      severityOf(event, () => false),
      "notice",
    ),
  alone: ({ daemon, fact }: ClusterEvent) => fact.kind === "letter" && daemon !== "heartbeat",
};
const machine = digestMachine(options);

/** Plays events at their times, ticks at each deadline; tells when which sequences became a letter. */
function play(
  script: readonly (readonly [number, ClusterEvent | "close" | string])[],
  until: number,
): string[] {
  let state: Digest = QUIET;
  const letters: string[] = [];
  function feed(event: Parameters<typeof machine.step>[1], now: Instant): void {
    const step = machine.step(state, event, now);
    state = step.state;
    for (const { incident } of step.actions) {
      const sequences = incident.events.map((told) => told.sequence);
      letters.push([`${now}: ${sequences.join(" ")}`, ...incident.notes].join(" + "));
    }
  }
  function tickUntil(limit: number): void {
    for (
      let due = machine.nextDeadline(state);
      due !== undefined && due <= limit;
      due = machine.nextDeadline(state)
    ) {
      feed({ type: "tick" }, due);
    }
  }
  for (const [at, what] of script) {
    tickUntil(at - 1);
    if (what === "close") feed({ type: "close" }, instant(at));
    else if (typeof what === "string") feed({ type: "note", text: what }, instant(at));
    else feed({ type: "event", event: what }, instant(at));
  }
  tickUntil(until);
  return letters;
}

describe("a letter is written", () => {
  test.each<{ name: string; script: [number, ClusterEvent | string][]; letters: string[] }>([
    { name: "one wait after a single event", script: [[1000, dead(1)]], letters: ["3000: 1"] },
    { name: "never, if nobody wants to hear of it", script: [[1000, chatter(1)]], letters: [] },
    {
      name: "one wait after the last of a burst: ten servers down, one letter",
      script: [
        [0, serverDown(1)],
        [500, serverDown(2)],
        [2400, serverDown(3)],
      ],
      letters: ["4400: 1 2 3"],
    },
    {
      name: "twice for two events further apart than a wait",
      script: [
        [0, serverDown(1)],
        [2001, serverDown(2)],
      ],
      letters: ["2000: 1", "4001: 2"],
    },
    {
      name: "after five waits at the latest",
      script: Array.from({ length: 8 }, (_, i) => [i * 1500, serverDown(i + 1)]),
      letters: ["10000: 1 2 3 4 5 6 7", "12500: 8"],
    },
    {
      name: "with the story before it, but not with what is older than half a minute",
      script: [
        [0, chatter(1)],
        [10_000, chatter(2)],
        [35_000, dead(3)],
      ],
      letters: ["37000: 2 3"],
    },
    {
      name: "with what comes meanwhile, which does not make it wait",
      script: [
        [0, dead(1)],
        [1900, chatter(2)],
      ],
      letters: ["2000: 1 2"],
    },
    {
      name: "for a whole failover, however long it takes",
      script: [
        [0, dead(1)],
        [1, started(2)],
        [20_000, finished(3)],
      ],
      letters: ["22000: 1 2 3"],
    },
    {
      name: "for a failover of several groups, until the last of them",
      script: [
        [0, dead(1)],
        [1, started(2, "a")],
        [1, started(3, "b")],
        [5000, finished(4, "a")],
        [9000, finished(5, "b")],
      ],
      letters: ["11000: 1 2 3 4 5"],
    },
    {
      name: "after a minute for a takeover that does not end",
      script: [
        [0, dead(1)],
        [1, started(2)],
        [90_000, serverDown(4)],
      ],
      letters: ["60001: 1 2", "92000: 4"],
    },
    {
      name: "with the notes that came before",
      script: [
        [0, "3 events of heartbeat are lost"],
        [1000, dead(9)],
      ],
      letters: ["3000: 9 + 3 events of heartbeat are lost"],
    },
  ])("$name", ({ script, letters }) => expect(play(script, 1_000_000)).toEqual(letters));

  test("at once if the daemon stops", () => {
    expect(
      play(
        [
          [0, dead(1)],
          [5, "close"],
        ],
        100,
      ),
    ).toEqual(["5: 1"]);
  });

  test("when the group is full", () => {
    const burst = Array.from({ length: GROUP_LIMIT + 1 }, (_, i) => [i, serverDown(i + 1)] as const);
    expect(play(burst, 100_000)).toHaveLength(2);
  });
});

test("whatever comes when: each wanted event is in exactly one letter, in order", () => {
  const kinds = [dead, serverDown, chatter, started, finished].map(
    (make) => (sequence: number) => make(sequence),
  );
  const script = fc.array(fc.tuple(fc.nat(20_000), fc.nat(kinds.length - 1)), { maxLength: 60 });
  fc.assert(
    fc.property(script, (steps) => {
      let at = 0;
      const events = steps.map(([pause, kind], index) => {
        at += pause;
        return [at, kinds[kind]!(index + 1)] as const;
      });
      const wanted = events.map(([, event]) => event).filter(options.wanted);
      const told = play(events, 10_000_000).flatMap((line) => line.split(": ")[1]!.split(" ").map(Number));
      const sequences = new Set(wanted.map((event) => event.sequence));
      expect(told.filter((sequence) => sequences.has(sequence))).toEqual([...sequences]);
    }),
  );
});

import { instant, milliseconds } from "@systole/machine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ClusterEvent,
  type Cursor,
  eventLog,
  type Subscription,
  type SubscriptionAction,
  type SubscriptionEvent,
  subscription,
  subscriptionMachine,
} from "../src/index.js";

const timing = {
  firstWait: milliseconds(100),
  longestWait: milliseconds(1000),
  answerWithin: milliseconds(500),
};
const machine = subscriptionMachine(timing);

const event = (sequence: number, boot = "b1"): ClusterEvent => ({
  ...{ v: 1, boot, sequence, node: "lb1", daemon: "heartbeat", atMs: 0, severity: "info" },
  fact: { kind: "config.loaded", file: "ha.cf" },
});

type Told = SubscriptionEvent | { readonly type: "tick" };

/** Plays events at their times and tells the actions in words. */
function play(script: readonly (readonly [number, Told])[], cursor: Cursor = { boot: "b1", sequence: 0 }) {
  let state: Subscription = subscription(cursor, instant(0));
  const told: string[] = [];
  for (const [at, what] of script) {
    const step = machine.step(state, what, instant(at));
    state = step.state;
    told.push(...step.actions.map((action) => `${at} ${say(action)}`));
  }
  return { told, state };
}

function say(action: SubscriptionAction): string {
  switch (action.type) {
    case "subscribe":
      return `subscribe ${action.cursor.boot}/${action.cursor.sequence}`;
    case "deliver":
      return `deliver ${action.event.sequence}`;
    case "report-gap":
      return `gap ${action.missed}`;
    default:
      return action.type;
  }
}

const tick = { type: "tick" } as const;
const connected = { type: "connected" } as const;
const answered = (boot = "b1") => ({ type: "answered", boot }) as const;
const arrived = (sequence: number, boot = "b1") => ({ type: "event", event: event(sequence, boot) }) as const;
const lost = (jitter = 0.5) => ({ type: "lost", problem: "ECONNREFUSED", jitter }) as const;
const live: [number, Told][] = [
  [0, tick],
  [1, connected],
  [2, answered()],
];
const liveTold = ["0 connect", "1 subscribe b1/0", "2 report-live"];

describe("a subscription", () => {
  test.each<{ name: string; script: [number, Told][]; told: string[] }>([
    { name: "connects at once, asks since, is live", script: live, told: liveTold },
    {
      name: "delivers in order and drops what it has seen",
      script: [...live, [3, arrived(1)], [4, arrived(1)], [5, arrived(2)]],
      told: [...liveTold, "3 deliver 1", "5 deliver 2"],
    },
    {
      name: "reports a gap that the publisher announced, once",
      script: [...live, [3, { type: "gap", missed: 4 }], [3, arrived(5)]],
      told: [...liveTold, "3 gap 4", "3 deliver 5"],
    },
    {
      name: "reports a hole that nobody announced",
      script: [...live, [3, arrived(3)]],
      told: [...liveTold, "3 gap 2", "3 deliver 3"],
    },
    {
      name: "ignores events of another boot",
      script: [...live, [3, arrived(1, "b0")]],
      told: liveTold,
    },
    {
      name: "starts anew with a new boot, and says so",
      script: [
        [0, tick],
        [1, connected],
        [2, answered("b2")],
        [3, arrived(1, "b2")],
      ],
      told: ["0 connect", "1 subscribe b1/0", "2 report-live", "2 report-restart", "3 deliver 1"],
    },
    {
      name: "comes back with the last sequence after a loss",
      script: [...live, [3, arrived(1)], [10, lost()], [110, tick], [111, connected]],
      told: [...liveTold, "3 deliver 1", "10 report-lost", "110 connect", "111 subscribe b1/1"],
    },
    {
      name: "reports a dead publisher once",
      script: [
        [0, tick],
        [1, lost()],
        [101, tick],
        [102, lost()],
        [302, tick],
        [303, lost()],
      ],
      told: ["0 connect", "1 report-lost", "101 connect", "302 connect"],
    },
    {
      name: "hangs up on a publisher that does not answer within the limit",
      script: [
        [0, tick],
        [1, connected],
        [499, tick],
        [500, tick],
        [501, lost()],
      ],
      told: ["0 connect", "1 subscribe b1/0", "500 disconnect", "501 report-lost"],
    },
    {
      name: "steps back before an event that could not be kept",
      script: [
        ...live,
        ...([
          [3, arrived(1)],
          [4, arrived(2)],
          [5, { type: "refused", event: event(1) }],
        ] as [number, Told][]),
        ...([
          [5, { type: "refused", event: event(2) }],
          [6, lost()],
          [500, tick],
        ] as [number, Told][]),
        [501, connected],
      ],
      told: [...liveTold, "3 deliver 1", "4 deliver 2", "5 disconnect", "500 connect", "501 subscribe b1/0"],
    },
  ])("$name", ({ script, told }) => {
    expect(play(script).told).toEqual(told);
  });
});

test.each([
  { name: "first wait, no jitter to either side", losses: 1, jitter: 0.5, until: 100 },
  { name: "least jitter", losses: 1, jitter: 0, until: 80 },
  { name: "most jitter", losses: 1, jitter: 1, until: 120 },
  { name: "the third doubles twice", losses: 3, jitter: 0.5, until: 400 },
  { name: "never longer than the longest", losses: 30, jitter: 0.5, until: 1000 },
])("wait after losses: $name", ({ losses, jitter, until }) => {
  let state: Subscription = subscription({ boot: "", sequence: 0 }, instant(0));
  for (let i = 0; i < losses; i++) {
    state = machine.step(
      { ...state, kind: "connecting", until: instant(0), losses: i },
      lost(jitter),
      instant(0),
    ).state;
  }
  expect(machine.nextDeadline(state)).toBeCloseTo(until);
});

test("whatever is cut and whenever: each event is delivered once, or is in a gap", () => {
  const acts = fc.array(fc.constantFrom("publish", "publish", "publish", "cut", "refuse", "tick"), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(acts, (script) => {
      const log = eventLog(
        { boot: "b1", node: "lb1", daemon: "x", wallClock: () => 0, monotonicMs: () => 0 },
        5,
      );
      let state = subscription({ boot: "b1", sequence: 0 }, instant(0));
      let now = 0;
      let connection: (() => void) | undefined;
      let refuse = false;
      let published = 0;
      const accounted: number[] = [];
      let at = 0; // the last sequence accounted for

      function feed(told: Told): void {
        const step = machine.step(state, told, instant(now));
        state = step.state;
        for (const action of step.actions) perform(action);
      }
      function hangUp(): void {
        connection?.();
        connection = undefined;
      }
      function perform(action: SubscriptionAction): void {
        if (action.type === "connect") feed(connected);
        if (action.type === "subscribe") {
          const since = log.since(action.cursor.boot, action.cursor.sequence);
          feed(answered());
          if (since.missed > 0) feed({ type: "gap", missed: since.missed });
          connection = log.watch((event) => feed({ type: "event", event }));
          for (const event of since.events) feed({ type: "event", event });
        }
        if (action.type === "disconnect") {
          hangUp();
          feed(lost());
        }
        if (action.type === "report-gap") {
          for (let i = 0; i < action.missed; i++) accounted.push(++at);
        }
        if (action.type === "deliver") {
          if (refuse) {
            refuse = false;
            feed({ type: "refused", event: action.event });
          } else {
            expect(action.event.sequence).toBe(at + 1);
            accounted.push(++at);
          }
        }
      }

      for (const act of [...script, "tick", "tick", "tick"]) {
        now += 2000;
        if (act === "publish") {
          published += 1;
          log.publish("info", { kind: "config.loaded", file: "x" });
        } else if (act === "cut") {
          hangUp();
          feed(lost());
        } else if (act === "refuse") refuse = true;
        else feed(tick);
      }
      refuse = false;
      now += 2000;
      feed(tick);
      expect(accounted).toEqual(Array.from({ length: published }, (_, index) => index + 1));
    }),
    { numRuns: 500 },
  );
});

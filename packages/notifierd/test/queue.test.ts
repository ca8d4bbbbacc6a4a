import { instant, milliseconds } from "@systole/machine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY, type Queue, type QueueAction, type QueueEvent, queueMachine } from "../src/core/queue.js";
import { retryWait, verdictOf } from "../src/core/retry.js";
import type { Letter } from "../src/types.js";

const letter = (id: string, addresses = ["ops"]): Letter => ({
  ...{ schemaVersion: 1, id, createdAtMs: 0, messageId: `<${id}>`, from: "f", subject: "s", text: "t" },
  ...{ severity: "info", node: "lb2", opens: [], closes: [], events: [] },
  deliveries: addresses.map((address) => ({ address, state: "waiting", attempts: 0 })),
});

const DAYS = milliseconds(5 * 86_400_000);
const add = (id: string, addresses?: string[]): QueueEvent => ({
  type: "add",
  letter: letter(id, addresses),
  left: DAYS,
  age: milliseconds(0),
});
type Verdict = "delivered" | "later" | "never";
const answered = (id: string, verdicts: Record<string, Verdict>): QueueEvent => ({
  ...{ type: "answered", id, jitter: 0.5 },
  answers: Object.entries(verdicts).map(([address, verdict]) => ({ address, verdict, reply: verdict })),
});
const unreachable = (id: string): QueueEvent => ({
  type: "unreachable",
  id,
  problem: "refused",
  jitter: 0.5,
});

function say(action: QueueAction): string {
  switch (action.type) {
    case "send":
      return `send ${action.letter.id} to ${action.to.join(" ")}`;
    case "save":
      return `save ${action.letter.id}`;
    case "settle":
      return `${action.into} ${action.letter.id}: ${action.letter.deliveries.map((one) => one.state).join(" ")}`;
    default:
      return action.type;
  }
}

/** Plays events, with a tick at each deadline before and between them. */
function play(script: readonly (readonly [number, QueueEvent])[], until: number): string[] {
  let state: Queue = EMPTY;
  const told: string[] = [];
  const feed = (event: Parameters<typeof queueMachine.step>[1], now: number) => {
    const step = queueMachine.step(state, event, instant(now));
    state = step.state;
    told.push(...step.actions.map((action) => `${now} ${say(action)}`));
  };
  const tickUntil = (limit: number) => {
    for (let due = queueMachine.nextDeadline(state); due !== undefined && due <= limit; ) {
      feed({ type: "tick" }, due);
      const next = queueMachine.nextDeadline(state);
      expect(next === undefined || next > due).toBe(true); // a deadline that stands still would spin the driver
      due = next;
    }
  };
  for (const [at, event] of script) {
    tickUntil(at - 1);
    feed(event, at);
  }
  tickUntil(until);
  return told;
}

describe("a letter", () => {
  test.each<{ name: string; script: [number, QueueEvent][]; until?: number; told: string[] }>([
    {
      name: "is sent at once and is done",
      script: [
        [0, add("a", ["ops", "boss"])],
        [9, answered("a", { ops: "delivered", boss: "delivered" })],
      ],
      told: ["0 send a to ops boss", "9 done a: delivered delivered"],
    },
    {
      name: "refused for good by one: fails for that one only",
      script: [
        [0, add("a", ["ops", "boss"])],
        [9, answered("a", { ops: "delivered", boss: "never" })],
      ],
      told: ["0 send a to ops boss", "9 failed a: delivered rejected"],
    },
    {
      name: "put off by one: only that one is asked again, after 5 s",
      script: [
        [0, add("a", ["ops", "boss"])],
        [0, answered("a", { ops: "delivered", boss: "later" })],
      ],
      until: 5000,
      told: ["0 send a to ops boss", "0 save a", "5000 send a to boss"],
    },
    {
      name: "put off again and again: 5 s, 15 s, a minute",
      script: [
        [0, add("a")],
        [0, answered("a", { ops: "later" })],
        [5000, answered("a", { ops: "later" })],
        [20_000, answered("a", { ops: "later" })],
      ],
      until: 80_000,
      told: ["0 send a to ops", "0 save a", "5000 send a to ops"]
        .slice(0, 2)
        .concat(["5000 save a", "20000 save a", "80000 send a to ops"]),
    },
    {
      name: "tried now if somebody asks",
      script: [
        [0, add("a")],
        [0, answered("a", { ops: "later" })],
        [7, { type: "flush", id: "a" }],
      ],
      until: 100,
      told: ["0 send a to ops", "0 save a", "7 send a to ops"],
    },
  ])("$name", ({ script, until = 1000, told }) => expect(play(script, until)).toEqual(told));

  test("too old is given up, with the last answer", () => {
    const script: [number, QueueEvent][] = [
      [0, { type: "add", letter: letter("a"), left: milliseconds(3000), age: milliseconds(0) }],
      [0, answered("a", { ops: "later" })],
    ];
    expect(play(script, 10_000)).toEqual(["0 send a to ops", "0 save a", "3000 failed a: expired"]);
  });
});

describe("an outage", () => {
  test("one probe at a time, the oldest; then all, in order", () => {
    const script: [number, QueueEvent][] = [
      [0, add("a")],
      [0, unreachable("a")],
      [1, add("c")],
      [2, add("b")],
      [5001, unreachable("a")],
      [20_002, answered("a", { ops: "delivered" })],
      [20_003, answered("b", { ops: "delivered" })],
    ];
    expect(play(script, 30_000)).toEqual([
      "0 send a to ops",
      "0 report-outage",
      "5000 send a to ops",
      "20001 send a to ops",
      "20002 report-outage-over",
      "20002 done a: delivered",
      "20002 send b to ops",
      "20003 done b: delivered",
      "20003 send c to ops",
    ]);
  });

  test("an hour of it: every letter arrives, in order", () => {
    const down = 3_600_000;
    let state: Queue = EMPTY;
    const arrived: string[] = [];
    const pending: { at: number; event: QueueEvent }[] = [];
    const feed = (event: Parameters<typeof queueMachine.step>[1], now: number) => {
      const step = queueMachine.step(state, event, instant(now));
      state = step.state;
      for (const action of step.actions) {
        if (action.type === "settle") arrived.push(action.letter.id);
        if (action.type !== "send") continue;
        const { id } = action.letter;
        pending.push({
          at: now + 50,
          event: now < down ? unreachable(id) : answered(id, { ops: "delivered" }),
        });
      }
    };
    for (let i = 0; i < 100; i++) pending.push({ at: i * 30_000, event: add(String(i).padStart(4, "0")) });
    for (let now = 0; now < down + 3_600_000; ) {
      pending.sort((a, b) => a.at - b.at);
      const due = queueMachine.nextDeadline(state);
      const next = pending[0];
      if (next === undefined && due === undefined) break;
      if (next !== undefined && (due === undefined || next.at <= due)) {
        pending.shift();
        now = next.at;
        feed(next.event, now);
      } else {
        now = due!;
        feed({ type: "tick" }, now);
      }
    }
    expect(arrived).toEqual(Array.from({ length: 100 }, (_, i) => String(i).padStart(4, "0")));
  });
});

test("never more than one on its way, none lost, whatever the server says", () => {
  const verdict = fc.constantFrom<Verdict | "unreachable">("delivered", "later", "never", "unreachable");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(verdict), (count, verdicts) => {
      let state: Queue = EMPTY;
      const sending: string[] = [];
      const settled: string[] = [];
      const feed = (event: Parameters<typeof queueMachine.step>[1], now: number) => {
        const step = queueMachine.step(state, event, instant(now));
        state = step.state;
        for (const action of step.actions) {
          if (action.type === "send") sending.push(action.letter.id);
          if (action.type === "settle") settled.push(action.letter.id);
        }
        expect(sending.length).toBeLessThanOrEqual(1);
      };
      for (let i = 0; i < count; i++) feed(add(String(i).padStart(2, "0")), 0);
      let now = 0;
      for (let steps = 0; settled.length < count && steps < 10_000; steps++) {
        const id = sending.shift();
        if (id === undefined) {
          now = queueMachine.nextDeadline(state)!;
          feed({ type: "tick" }, now);
        } else {
          const said = verdicts.next().value;
          feed(said === "unreachable" ? unreachable(id) : answered(id, { ops: said }), now);
        }
      }
      expect(settled.sort()).toEqual(Array.from({ length: count }, (_, i) => String(i).padStart(2, "0")));
    }),
    { numRuns: 200 },
  );
});

test.each([
  { failures: 1, jitter: 0.5, wait: 5000 },
  { failures: 1, jitter: 0, wait: 4000 },
  { failures: 1, jitter: 1, wait: 6000 },
  { failures: 4, jitter: 0.5, wait: 300_000 },
  { failures: 6, jitter: 0.5, wait: 1_800_000 },
  { failures: 99, jitter: 0.5, wait: 1_800_000 },
])("wait after $failures failures, jitter $jitter: $wait ms", ({ failures, jitter, wait }) => {
  expect(retryWait(failures, jitter)).toBeCloseTo(wait);
});

test.each([
  { code: 250, verdict: "delivered" },
  { code: 451, verdict: "later" },
  { code: 550, verdict: "never" },
  { code: 0, verdict: "later" },
])("an answer of $code means $verdict", ({ code, verdict }) => expect(verdictOf(code)).toBe(verdict));

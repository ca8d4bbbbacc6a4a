import { drive, type Instant, instant, type Machine, milliseconds, plus, seconds } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import fc from "fast-check";
import { expect, test } from "vitest";

/** A peer is dead after five seconds without a heartbeat: the smallest machine with a deadline. */
type State = { readonly heardAt: Instant; readonly dead: boolean };
type Event = { readonly type: "heard" };
const DEADTIME = seconds(5);

const peer: Machine<State, Event, string> = {
  step(state, event, now) {
    if (event.type === "heard") return { state: { heardAt: now, dead: false }, actions: [`${now} heard`] };
    const due = !state.dead && now >= plus(state.heardAt, DEADTIME);
    return due ? { state: { ...state, dead: true }, actions: [`${now} dead`] } : { state, actions: [] };
  },
  nextDeadline: (state) => (state.dead ? undefined : plus(state.heardAt, DEADTIME)),
};

function driven() {
  const clock = fakeClock();
  const log: string[] = [];
  const machine = drive(
    peer,
    { heardAt: clock.now(), dead: false },
    clock,
    (action) => void log.push(action),
  );
  const heard = () => machine.feed({ type: "heard" });
  return { clock, log, machine, heard };
}

test("the deadline is ticked at its moment, not a millisecond before", () => {
  const { clock, log } = driven();
  clock.advance(milliseconds(4999));
  expect(log).toEqual([]);
  clock.advance(milliseconds(1));
  expect(log).toEqual(["5000 dead"]);
});

test("an event moves the deadline: one timer is armed, for the new one", () => {
  const { clock, log, heard } = driven();
  clock.advance(seconds(4));
  heard();
  expect(clock.armed).toBe(1);
  clock.advance(seconds(4));
  expect(log).toEqual(["4000 heard"]);
  clock.advance(seconds(1));
  expect(log).toEqual(["4000 heard", "9000 dead"]);
  expect(clock.armed).toBe(0);
});

test("a late timer never lies: what arrived during a stall is heard before anyone is called dead", () => {
  const { clock, log, heard } = driven();
  clock.advance(seconds(4));
  clock.stall(seconds(3)); // past the deadline at 5 s
  clock.arrive(heard); // sent in time, it waited in the socket
  clock.advance(milliseconds(0));
  expect(log).toEqual(["7000 heard"]);
  clock.advance(milliseconds(4999));
  expect(log).toEqual(["7000 heard"]);
});

test("a stall without a heartbeat in the socket is a death, told late", () => {
  const { clock, log } = driven();
  clock.stall(seconds(7));
  clock.advance(milliseconds(0));
  expect(log).toEqual(["7000 dead"]);
});

test("a timer that fires early is no tick: the deadline counts", () => {
  const { clock, log } = driven();
  clock.advance(seconds(4));
  expect(clock.now()).toBe(4000);
  expect(log).toEqual([]);
});

test("an event from within an action is queued: steps never nest", () => {
  const clock = fakeClock();
  const order: string[] = [];
  const counter: Machine<number, { type: "more" }, string> = {
    step: (state, event) =>
      event.type === "tick"
        ? { state, actions: [] }
        : { state: state + 1, actions: [`first of ${state + 1}`, `second of ${state + 1}`] },
    nextDeadline: () => undefined,
  };
  const machine = drive(counter, 0, clock, (action) => {
    order.push(action);
    if (action === "first of 1") machine.feed({ type: "more" });
  });
  machine.feed({ type: "more" });
  expect(order).toEqual(["first of 1", "second of 1", "first of 2", "second of 2"]);
});

test("after stop there are no ticks and no steps", () => {
  const { clock, log, machine, heard } = driven();
  machine.stop();
  heard();
  clock.advance(seconds(60));
  expect(log).toEqual([]);
  expect(clock.armed).toBe(0);
});

test("stop between an expired timer and its verdict: no verdict", () => {
  const { clock, log, machine } = driven();
  clock.stall(seconds(7));
  clock.arrive(() => machine.stop());
  clock.advance(milliseconds(0));
  expect(log).toEqual([]);
});

test("stop from within an action: the actions of that step still happen, later events do not", () => {
  const clock = fakeClock();
  const order: string[] = [];
  const machine = drive(peer, { heardAt: instant(0), dead: false }, clock, (action) => {
    order.push(action);
    machine.stop();
  });
  machine.feed({ type: "heard" });
  machine.feed({ type: "heard" });
  expect(order).toEqual(["0 heard"]);
});

test("whatever arrives and stalls: dead exactly when nothing was heard for a deadtime when we looked", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant("run" as const), ms: fc.integer({ min: 0, max: 8000 }) }),
      fc.record({ do: fc.constant("stall" as const), ms: fc.integer({ min: 0, max: 8000 }) }),
      fc.record({ do: fc.constant("arrive" as const), ms: fc.constant(0) }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(steps, (schedule) => {
      const { clock, log, heard } = driven();
      for (const { do: what, ms } of schedule) {
        if (what === "run") clock.advance(milliseconds(ms));
        else if (what === "stall") clock.stall(milliseconds(ms));
        else clock.arrive(heard);
      }
      let last = 0;
      for (const line of log) {
        const [at, what] = line.split(" ");
        if (what === "dead") expect(Number(at) - last).toBeGreaterThanOrEqual(5000);
        else last = Number(at);
      }
      clock.advance(milliseconds(5000));
      expect(log.length === 0 || log.at(-1)?.endsWith("dead")).toBe(log.length > 0);
    }),
  );
});

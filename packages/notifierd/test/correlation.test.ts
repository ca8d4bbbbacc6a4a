import { expect, test } from "vitest";
import { correlate, NOTHING_OPEN, OPEN_LIMIT } from "../src/core/correlation.js";
import type { ClusterEvent } from "../src/types.js";
import { eventId } from "../src/types.js";
import { alive, chatter, dead, event, finished, mailTo, serverDown, serverUp, started } from "./event.js";

/** The sequence of the event that each one shares its id with. */
function shared(events: readonly ClusterEvent[]): readonly number[] {
  let open = NOTHING_OPEN;
  const places = new Map(events.map((each, index) => [eventId(each), index + 1]));
  return events.map((each) => {
    const told = correlate(open, eventId(each), each.fact);
    open = told.open;
    return places.get(told.correlation) ?? 0;
  });
}

const vip = (sequence: number) =>
  event(sequence, { kind: "vip.up", address: "192.0.2.10", device: "eth0", reason: "takeover" });
const handedOver = (sequence: number) =>
  event(sequence, { kind: "takeover.started", groups: ["lb1"], reason: "lb1 gave it", from: "lb1" });

test.each([
  {
    what: "a failover is one story, to the node's return",
    events: [dead(1), started(2), vip(3), finished(4), alive(5)],
    is: [1, 1, 1, 1, 1],
  },
  {
    what: "a hand-over has nothing to do with a death",
    events: [dead(1), handedOver(2), finished(3)],
    is: [1, 2, 2],
  },
  { what: "a VIP outside of a move stands alone", events: [started(1), finished(2), vip(3)], is: [1, 1, 3] },
  {
    what: "each real server has a story of its own, and after its end a new one",
    events: [
      serverDown(1),
      serverDown(2, "10.0.0.12:80"),
      serverUp(3),
      serverDown(4),
      serverUp(5, "10.0.0.12:80"),
    ],
    is: [1, 2, 1, 4, 2],
  },
  { what: "an end whose beginning nobody saw stands alone", events: [serverUp(1), alive(2)], is: [1, 2] },
  { what: "what is no trouble stands alone", events: [dead(1), chatter(2), mailTo(3)], is: [1, 2, 3] },
])("$what", ({ events, is }) => {
  expect(shared(events)).toEqual(is);
});

test("what is open is bounded: the oldest is forgotten", () => {
  const downs = Array.from({ length: OPEN_LIMIT + 1 }, (_, n) => serverDown(n + 1, `10.1.${n}.1:80`));
  const last = shared([...downs, serverUp(2000, "10.1.0.1:80"), serverUp(2001, "10.1.1.1:80")]);
  expect(last.slice(-2)).toEqual([OPEN_LIMIT + 2, 2]);
});

/** A partition between us and a real heartbeat that is preferred heals: it will give up everything 2 s later. */
import { expect, test } from "vitest";
import type { Message } from "../../src/core/message.js";
import { besideReal, met, statuses } from "./beside-real.js";

/** Together until second 20; the link is cut until second 30. */
const before = [...statuses(1, 20), ...met("local")];

test("we keep it through the heal and its restart", () => {
  const givesUp: Message = { type: "resource", holds: "none", stable: false, info: "shutdown" };
  const heal = [...statuses(30, 32), [33, givesUp], [34, { type: "shutdone" }], ...statuses(34, 36)] as const;
  expect(besideReal([...before, ...heal], 60)).toEqual(["25 start"]);
});

test("one that does not give up, because it heard us all the time, keeps it: we release after 10 s", () => {
  expect(besideReal([...before, ...statuses(30, 60)], 60)).toEqual(["25 start", "40 stop"]);
});

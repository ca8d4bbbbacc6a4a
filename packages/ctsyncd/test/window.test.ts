/** FTFW, one side each: what arrives, what is asked for; what is sent, what is sent again. */
import { describe, expect, test } from "vitest";
import {
  ACK,
  ALIVE,
  CT_UPD,
  CTL,
  HELLO,
  HELLO_BACK,
  type Message,
  NACK,
  RESYNC,
} from "../src/wire/message.js";
import { Outbox } from "../src/wire/outbox.js";
import { after, plusSequence } from "../src/wire/sequence.js";
import { acknowledge, arrive, openWindow, type Window } from "../src/wire/window.js";

const message = (sequence: number, flags = 0): Message => ({
  type: CT_UPD,
  flags,
  sequence,
  kind: "data",
  from: 0,
  to: 0,
  bytes: new Uint8Array(0),
  start: 0,
  end: 0,
});

const ordersText = (orders: readonly { flag: number; from: number; to: number }[]) =>
  orders.map(({ flag, from, to }) => `${flag === ACK ? "ACK" : "NACK"} ${from}..${to}`);

/** Plays sequences into a window of 3; a sequence with an exclamation mark carries HELLO. */
function play(arrivals: readonly string[]): string[] {
  let window: Window = openWindow(3);
  return arrivals.map((text) => {
    const arrival = arrive(window, message(Number.parseInt(text, 10), text.endsWith("!") ? HELLO : 0), 3);
    window = arrival.window;
    const verdict = arrival.restarted ? "new peer" : arrival.accepted ? "taken" : "dropped";
    return [verdict, ...ordersText(arrival.orders)].join(", ");
  });
}

describe("receiving", () => {
  test.each([
    {
      name: "in order: every third is acknowledged",
      arrivals: ["10", "11", "12", "13"],
      says: ["taken", "taken", "taken, ACK 10..12", "taken"],
    },
    {
      name: "a gap: what came is acknowledged, what is missing asked for",
      arrivals: ["10", "11", "15", "16"],
      says: ["taken", "taken", "taken, ACK 10..11, NACK 12..14", "taken"],
    },
    {
      name: "twice or late: dropped",
      arrivals: ["10", "11", "11", "10"],
      says: ["taken", "taken", "dropped", "dropped"],
    },
    {
      name: "HELLO with a lower number: a new peer",
      arrivals: ["10", "5!", "6!", "7"],
      says: ["taken", "new peer", "taken, ACK 5..6", "taken"],
    },
    { name: "HELLO first of all", arrivals: ["10!", "11!"], says: ["new peer", "taken"] },
    {
      name: "numbers begin again at 0",
      arrivals: ["4294967295", "0", "1"],
      says: ["taken", "taken", "taken, ACK 4294967295..1"],
    },
  ])("$name", ({ arrivals, says }) => {
    expect(play(arrivals)).toEqual(says);
  });

  test("a second of quiet acknowledges what is pending, once", () => {
    const { window } = arrive(openWindow(300), message(7), 300);
    const first = acknowledge(window);
    expect(first.order).toEqual({ flag: ACK, from: 7, to: 7 });
    expect(acknowledge(first.window).order).toBeUndefined();
  });
});

describe("sending", () => {
  const make = (resendLimit = 8, firstSequence = 100) => {
    const settled: number[] = [];
    const outbox = new Outbox({ reliable: true, resendLimit, firstSequence }, (flow) => settled.push(flow));
    /** Sends everything that waits; each as `sequence:flow` or `sequence:control`. */
    const flush = () => {
      const sent: string[] = [];
      for (let item = outbox.take(); item !== undefined; item = outbox.take()) {
        if ("flow" in item) sent.push(`${outbox.sendFlow(item.flow).sequence}:${item.flow}`);
        else
          sent.push(
            `${outbox.sendControl(item.control, item.control.flag !== ALIVE).sequence}:c${item.control.flag}`,
          );
      }
      return sent;
    };
    return { outbox, settled, flush };
  };

  test("a flow that changes twice while it waits is sent once, in its old place", () => {
    const { outbox, flush } = make();
    for (const flow of [1, 2, 1]) outbox.queue(flow);
    expect(flush()).toEqual(["100:1", "101:2"]);
  });

  test("what the peer misses is sent again under a new number, once, though it was lost twice", () => {
    const { outbox, flush } = make();
    outbox.queue(1);
    flush();
    outbox.queue(1);
    outbox.queue(2);
    flush();
    outbox.missing(100, 102);
    expect(flush()).toEqual(["103:1", "104:2"]);
  });

  test("acknowledged flows are settled, others not", () => {
    const { outbox, settled, flush } = make();
    for (const flow of [1, 2, 3]) outbox.queue(flow);
    flush();
    outbox.acknowledged(100, 101);
    expect(settled).toEqual([1, 2]);
    expect(outbox.unacknowledged).toBe(1);
  });

  test("a flow that changed after it was sent is not settled by the old acknowledgement", () => {
    const { outbox, settled, flush } = make();
    outbox.queue(1);
    flush();
    outbox.queue(1);
    outbox.acknowledged(100, 100);
    expect(settled).toEqual([]);
  });

  test("what falls out of the resend queue is settled and counted", () => {
    const { outbox, settled, flush } = make(4);
    for (let flow = 0; flow < 6; flow++) outbox.queue(flow);
    flush();
    expect(settled).toEqual([0, 1]);
    expect(outbox.dropped).toBe(2);
    outbox.missing(100, 105);
    expect(flush()).toEqual(["106:2", "107:3", "108:4", "109:5"]);
  });

  test("numbers go on behind 2^32 and nothing is lost there", () => {
    const { outbox, settled, flush } = make(8, 0xfffffffe);
    for (const flow of [1, 2, 3, 4]) outbox.queue(flow);
    expect(flush()).toEqual(["4294967294:1", "4294967295:2", "0:3", "1:4"]);
    outbox.acknowledged(0xfffffffe, 1);
    expect(settled).toEqual([1, 2, 3, 4]);
  });

  test("HELLO stands on every message until it is answered; HELLO_BACK on one", () => {
    const { outbox } = make();
    const flags = () => outbox.sendControl({ flag: ALIVE, from: 0, to: 0 }, false).flags;
    expect(flags()).toBe(ALIVE | HELLO);
    outbox.answerHello();
    expect(flags()).toBe(ALIVE | HELLO | HELLO_BACK);
    outbox.helloAnswered();
    expect(flags()).toBe(ALIVE);
  });

  test("control messages wait behind what waits already", () => {
    const { outbox, flush } = make();
    outbox.queue(1);
    outbox.queueControl({ flag: RESYNC, from: 0, to: 0 });
    outbox.queue(2);
    expect(flush()).toEqual(["100:1", "101:c2", "102:2"]);
    outbox.missing(101, 101);
    expect(flush()).toEqual(["103:c2"]);
  });

  test("ranges that make no sense change nothing and end at once", () => {
    const { outbox, flush } = make();
    outbox.queue(1);
    flush();
    for (const [from, to] of [
      [0, 0],
      [200, 4_000_000_000],
      [3_000_000_000, 5],
      [101, 100],
    ] as const) {
      outbox.missing(from, to);
      expect(outbox.waiting).toBe(0);
    }
    expect(after(5, plusSequence(5, -1))).toBe(true);
    expect([CTL, NACK]).toEqual([10, 4]);
  });
});

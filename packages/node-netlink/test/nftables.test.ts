import { DecodeError, parseIp, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { counterAnswer, dumpCounters, encodeCounter } from "../src/nftables/counter.js";
import { addElements, removeElements } from "../src/nftables/set-element.js";

const answer = (payload: Uint8Array) =>
  counterAnswer({ type: 0x0a12, flags: 2, sequence: 1, portId: 1, payload });

test("the request for the counters of a table, byte for byte", () => {
  const { type, payload } = dumpCounters("inet", "t");
  expect(type).toBe(0x0a13);
  expect(toHex(payload)).toBe(
    "01000000" + "0600010074000000" + "0800030000000001", // nfgenmsg, table "t", type counter
  );
});

test("a counter comes back as it was written", () => {
  const counter = { table: "systole", name: "r_1", packets: 7n, bytes: 2n ** 60n };
  expect(answer(encodeCounter(counter))).toEqual(counter);
});

test("any bytes are a counter, none, or a DecodeError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => {
      try {
        answer(payload);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});

test("an element with a timeout, byte for byte", () => {
  const set = { family: "inet", table: "t", name: "s" } as const;
  const { type, flags, payload } = addElements(set, [parseIp("192.0.2.10")!], 690);
  expect([type, flags]).toEqual([0x0a0c, 0x400]);
  expect(toHex(payload)).toBe(
    "01000000" + // nfgenmsg
      "0600010074000000" + // table "t"
      "0600020073000000" + // set "s"
      "2000" +
      "0380" + // elements
      "1c00" +
      "0180" + // one element
      "0c000180" +
      "08000100" +
      "c000020a" + // its key
      "0c000400" +
      "00000000000002b2", // 690 ms
  );
  expect(removeElements(set, [parseIp("192.0.2.10")!]).type).toBe(0x0a0e);
});

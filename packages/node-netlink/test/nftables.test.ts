import { DecodeError, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { counterAnswer, dumpCounters, encodeCounter } from "../src/nftables/counter.js";

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

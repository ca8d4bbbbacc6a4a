/** Every message that two real conntrackd exchanged decodes to what is listed and encodes to the same bytes again. */
import { DecodeError, hex, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AttributeIndex, EXPECTATION_ATTRIBUTES, FLOW_ATTRIBUTES } from "../src/wire/attribute.js";
import { decodeExpectation, encodeExpectation } from "../src/wire/expectation.js";
import { decodeFlow, encodeFlow } from "../src/wire/flow.js";
import { dataLength, EXP_NEW, type Message, writeControl, writeHeader } from "../src/wire/message.js";
import { datagramVectors, readDatagram } from "./vectors.js";

const flows = new AttributeIndex(FLOW_ATTRIBUTES);
const expectations = new AttributeIndex(EXPECTATION_ATTRIBUTES);

/** Decodes the body to a value and encodes that value again. */
function again({ type, bytes, start, end }: Message): Uint8Array {
  const body = bytes.subarray(start, end);
  if (type >= EXP_NEW)
    return encodeExpectation(decodeExpectation(expectations.scan(body)), { timeout: true });
  return encodeFlow(decodeFlow(flows.scan(body)), { windowTracking: true, timeout: true });
}

let counted = 0;
test.each(datagramVectors())("$scenario: decodes as listed, encodes to the same bytes", ({ frames }) => {
  for (const frame of frames) {
    const bytes = hex(frame.payload);
    const { messages, fault, otherVersion } = readDatagram(bytes);
    expect({ fault, otherVersion, count: messages.length }).toEqual({
      fault: undefined,
      otherVersion: 0,
      count: frame.messages.length,
    });
    const written = new Uint8Array(bytes.length);
    let at = 0;
    for (const [index, message] of messages.entries()) {
      const listed = frame.messages[index]!;
      expect(message).toMatchObject({ type: listed.type, flags: listed.flags, sequence: listed.seq });
      if (message.kind === "data") {
        const body = again(message);
        const length = dataLength(body.length);
        writeHeader(written, at, { ...message, length });
        written.set(body, at + length - body.length);
        at += length;
      } else at = writeControl(written, at, message, message.kind === "alive" ? undefined : message);
      counted += 1;
    }
    expect(toHex(written.subarray(0, at))).toBe(frame.payload);
  }
});

test("all 582 messages were compared", () => expect(counted).toBe(582));

test.each(datagramVectors())("$scenario: each attribute has its listed payload", ({ frames }) => {
  for (const frame of frames) {
    for (const [index, message] of readDatagram(hex(frame.payload)).messages.entries()) {
      const attributes = message.type >= EXP_NEW ? expectations : flows;
      if (message.kind !== "data") continue;
      attributes.scan(message.bytes, message.start, message.end);
      for (const { nta, hex: payload } of frame.messages[index]!.attrs ?? []) {
        expect(toHex(attributes.payload(nta))).toBe(payload);
      }
    }
  }
});

test("a flow with source NAT: the port stands byte-swapped, the reply tuple is rebuilt", () => {
  const body = hex(
    "000c 0000 0a3c0102 0a3c0202" +
      "0008 0005 00000198" +
      "0005 0002 06 000000" +
      "0008 0003 afc92328" +
      "0005 0004 01 000000" +
      "0008 0006 00000078" +
      "0008 000c 0a3c0264" +
      "0006 000e 54c3 0000",
  );
  const flow = decodeFlow(flows.scan(body));
  expect(flow.reply).toEqual({
    source: "10.60.2.2",
    destination: "10.60.2.100",
    protocol: 6,
    sourcePort: 9000,
    destinationPort: 50004,
  });
  expect(toHex(encodeFlow(flow, { windowTracking: false, timeout: true }))).toBe(toHex(body));
});

test.each([
  { name: "an unknown attribute", bytes: "0008 0021 00000000" },
  { name: "a length under 4", bytes: "0003 0000 0a3c01020a3c0202" },
  { name: "more than is left", bytes: "000c 0000 0a3c0102" },
  { name: "a wrong fixed size", bytes: "0008 0000 0a3c0102" },
  { name: "a helper name of 12 letters and its zero", bytes: "0011 001b 6162636465666768696a6b6c00 000000" },
])("$name makes the whole message malformed", ({ bytes }) => {
  expect(() => flows.scan(hex(bytes))).toThrow(DecodeError);
});

test.each([
  { name: "no addresses", bytes: "0005 0002 06 000000" },
  { name: "no protocol", bytes: "000c 0000 0a3c0102 0a3c0202" },
  { name: "TCP without ports", bytes: "000c 0000 0a3c0102 0a3c0202 0005 0002 06 000000" },
  {
    name: "text without an end",
    bytes: "000c 0000 0a3c0102 0a3c0202 0005 0002 01 000000 0008 001b 66747066",
  },
])("$name is no flow", ({ bytes }) => {
  expect(() => decodeFlow(flows.scan(hex(bytes)))).toThrow(DecodeError);
});

test.each([
  { name: "7 bytes", bytes: "10000008000000", problem: "truncated" },
  { name: "length 0", bytes: "1000000000000001", problem: "bad size" },
  { name: "a length beyond the datagram", bytes: "1000000900000001", problem: "bad size" },
  { name: "an ACK of 8 bytes", bytes: "1a08000800000001", problem: "truncated" },
  { name: "an ACK that says 8 of 16 bytes", bytes: "1a0800080000000100000000 00000000", problem: "bad size" },
])("$name: the rest of the datagram is dropped as $problem", ({ bytes, problem }) => {
  const good = "1a30000800000001";
  expect(readDatagram(hex(good + bytes))).toMatchObject({
    messages: [{ kind: "alive", sequence: 1 }],
    fault: { problem, offset: 8 },
  });
});

test("a message of version 2 is skipped alone", () => {
  expect(readDatagram(hex("2a30000800000001" + "1a10000800000002"))).toMatchObject({
    messages: [{ sequence: 2 }],
    otherVersion: 1,
    fault: undefined,
  });
});

test("any bytes either decode or raise DecodeError, never another error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
      readDatagram(bytes);
      for (const read of [
        () => decodeFlow(flows.scan(bytes)),
        () => decodeExpectation(expectations.scan(bytes)),
      ]) {
        try {
          read();
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }),
  );
});

test("any mutation of a recorded datagram does so, too", () => {
  const payloads = datagramVectors().flatMap(({ frames }) => frames.map(({ payload }) => payload));
  fc.assert(
    fc.property(
      fc.constantFrom(...payloads),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
      (payload, changes) => {
        const bytes = hex(payload);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        for (const message of readDatagram(bytes).messages) {
          if (message.kind !== "data") continue;
          try {
            again(message);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

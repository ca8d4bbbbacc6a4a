import {
  decodeConntrackEvent,
  decodeExpectation,
  decodeFlow,
  decodeFlowPatch,
  decodeMessages,
  deleteFlow,
  describeTuple,
  dumpFlows,
  type Flow,
  flowAnswer,
  newFlow,
  type Tuple,
} from "@systole/node-netlink";
import { DecodeError, hex, type IpAddress, parseIp, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { recordedEvents } from "./vectors.js";

const ip = (text: string): IpAddress => parseIp(text)!; // literals of this test

const CLIENT: Tuple = {
  source: ip("10.60.1.2"),
  destination: ip("10.60.2.2"),
  protocol: 6,
  sourcePort: 45001,
  destinationPort: 8080,
};
const SERVER: Tuple = {
  source: ip("10.60.2.2"),
  destination: ip("10.60.1.2"),
  protocol: 6,
  sourcePort: 8080,
  destinationPort: 45001,
};

test("an error about a flow names its protocol and both ends", () => {
  expect(describeTuple(CLIENT)).toBe("6 10.60.1.2:45001 -> 10.60.2.2:8080");
  expect(newFlow({ original: CLIENT, reply: SERVER }).operation).toBe(
    "add flow 6 10.60.1.2:45001 -> 10.60.2.2:8080",
  );
});

test("a flow is removed by family, original tuple and zone alone", () => {
  const { payload, type } = deleteFlow(CLIENT, 7);
  expect(type).toBe(0x102);
  expect(toHex(payload)).toBe(
    "02000000" +
      "34000180" +
      "14000180" +
      "080001000a3c0102" +
      "080002000a3c0202" +
      "1c000280" +
      "0500010006000000" +
      "06000200afc90000" +
      "060003001f900000" +
      "0600120000070000",
  );
});

test("the kernel is asked to leave out what does not match", () => {
  expect(toHex(dumpFlows({ mark: { value: 1, mask: 0xff } }).payload)).toBe(
    "00000000" + "0800080000000001" + "08001500000000ff",
  );
  expect(toHex(dumpFlows({ family: "inet6" }).payload)).toBe("0a000000");
});

test("a message of another subsystem is no event and no flow", () => {
  const message = { type: 0x0a00, flags: 0, sequence: 0, portId: 0, payload: hex("02000000") };
  expect(decodeConntrackEvent(message)).toBeUndefined();
  expect(flowAnswer(message)).toBeUndefined();
});

test("a flow without reply tuple is a patch, not a flow", () => {
  const { payload } = deleteFlow(CLIENT);
  expect(decodeFlowPatch(payload)).toEqual({ original: CLIENT });
  expect(() => decodeFlow(payload)).toThrow(DecodeError);
});

const address = fc
  .ipV4()
  .map((text) => parseIp(text))
  .filter((parsed): parsed is IpAddress => parsed !== undefined);
const address6 = fc
  .ipV6()
  .map((text) => parseIp(text))
  .filter((parsed): parsed is IpAddress => parsed !== undefined);
const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

const tuples: fc.Arbitrary<Tuple> = fc
  .tuple(
    fc.oneof(fc.tuple(address, address), fc.tuple(address6, address6)),
    fc.oneof(
      fc.record({ protocol: fc.constantFrom(6, 17, 132), sourcePort: u16, destinationPort: u16 }),
      fc.record({ protocol: fc.constantFrom(1, 58), icmp: fc.record({ type: u8, code: u8, id: u16 }) }),
      fc.record({ protocol: fc.constantFrom(89, 50) }),
      fc.record({ protocol: fc.constant(6), sourcePort: u16, destinationPort: u16, zone: u16 }),
    ),
  )
  .map(([[source, destination], protocol]) => ({ source, destination, ...protocol }));

const adjustment = fc.record({ correctionPosition: u32, offsetBefore: u32, offsetAfter: u32 });
const natRange = fc.record(
  { address, lastAddress: address, ports: fc.record({ first: u16, last: u16 }) },
  { requiredKeys: [] },
);
const both = fc.record({ original: u8, reply: u8 });
const flows: fc.Arbitrary<Flow> = fc.record(
  {
    original: tuples,
    reply: tuples,
    status: u32,
    timeoutSeconds: u32,
    mark: u32,
    zone: u16,
    labels: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    helper: fc.constantFrom("ftp", "sip"),
    master: tuples,
    tcp: fc.record({ state: u8, windowScale: both, flags: both }, { requiredKeys: ["state"] }),
    sctp: fc.record({ state: u8, tagOriginal: u32, tagReply: u32 }),
    dccp: fc.record({ state: u8, role: u8, handshakeSequence: u64 }),
    sequenceAdjustment: fc.oneof(
      fc.record({ original: adjustment }),
      fc.record({ reply: adjustment }),
      fc.record({ original: adjustment, reply: adjustment }),
    ),
    synproxy: fc.record({ initialSequence: u32, initialTimestamp: u32, timestampOffset: u32 }),
    nat: fc.oneof(fc.record({ source: natRange }), fc.record({ destination: natRange })),
  },
  { requiredKeys: ["original", "reply"] },
);

test("what is said of a flow is understood again", () => {
  fc.assert(
    fc.property(flows, (flow) => {
      const plain = JSON.parse(JSON.stringify(flow, stringify)) as unknown; // without fast-check's null prototypes
      const read = decodeFlow(newFlow(flow).payload);
      expect(JSON.parse(JSON.stringify(read, stringify))).toEqual(plain);
    }),
  );
});

const stringify = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? toHex(value) : value;

test("a decoded flow does not hold on to the receive buffer", () => {
  const buffer = newFlow({
    original: CLIENT,
    reply: SERVER,
    labels: new Uint8Array(16).fill(1),
    helper: "ftp",
  }).payload;
  const flow = decodeFlow(buffer);
  buffer.fill(0xff);
  expect(flow).toEqual({
    original: CLIENT,
    reply: SERVER,
    labels: new Uint8Array(16).fill(1),
    helper: "ftp",
  });
});

test("any bytes, and any damage to recorded events, decode or raise DecodeError", () => {
  const samples = recordedEvents()
    .filter((_, index) => index % 10 === 0)
    .map(({ message }) => decodeMessages(hex(message.hex))[0]!.payload);
  const damaged = fc
    .tuple(fc.constantFrom(...samples), fc.nat(300), u8, fc.nat(400))
    .map(([sample, at, byte, length]) =>
      Uint8Array.from(sample, (old, i) => (i === at ? byte : old)).subarray(0, length),
    );
  for (const decode of [decodeFlow, decodeFlowPatch, decodeExpectation]) {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 96 }), damaged), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  }
});

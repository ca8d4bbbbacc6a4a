/** From the kernel's bytes to a message and back: the ways that make no value in between say what the values say. */
import { readdirSync, readFileSync } from "node:fs";
import { decodeFlow as decodeKernelFlow, RequestBatch } from "@systole/node-netlink";
import { DecodeError, hex, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AttributeIndex, FLOW_ATTRIBUTES, LARGEST_BODY } from "../src/wire/attribute.js";
import { encodeFlow } from "../src/wire/flow.js";
import { FlowFromKernel } from "../src/wire/flow-from-kernel.js";
import { FlowToKernel } from "../src/wire/flow-to-kernel.js";

const FOLDER = new URL("../../../test/vectors/conntrackd/", import.meta.url);
const NETLINK_HEADER = 16;

/** The payload of every flow that the kernel told of, in an event or an answer. */
function payloads(): Uint8Array[] {
  const names = readdirSync(FOLDER).filter((name) => name.startsWith("ctnl-"));
  const messages = names.flatMap((name) => {
    const file = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
    return file.events ?? file.groups.flatMap((group: { messages: unknown[] }) => group.messages);
  });
  return messages
    .filter(
      ({ decoded, dir }) => decoded?.subsys === "CTNETLINK" && dir !== "request" && decoded.event !== "GET",
    )
    .map((message) => hex(message.hex).slice(NETLINK_HEADER));
}

const recorded = payloads();
const into = new Uint8Array(LARGEST_BODY * 2);

test.each([
  { windowTracking: false, timeout: true },
  { windowTracking: true, timeout: false },
])("every recorded flow becomes the body that its value becomes: %j", (encoding) => {
  const translate = new FlowFromKernel(encoding);
  expect(recorded.length).toBeGreaterThan(100);
  for (const payload of recorded) {
    const end = translate.write(payload, 0, payload.length, into, 8);
    expect(toHex(into.subarray(8, end))).toBe(toHex(encodeFlow(decodeKernelFlow(payload), encoding)));
  }
});

test("any bytes are either translated or raise DecodeError, never another error", () => {
  const translate = new FlowFromKernel({ windowTracking: true, timeout: true });
  const mutated = fc
    .tuple(
      fc.constantFrom(...recorded),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
    )
    .map(([payload, changes]) => {
      const bytes = payload.slice();
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      try {
        const end = translate.write(bytes, 0, bytes.length, into, 0);
        new AttributeIndex(FLOW_ATTRIBUTES).scan(into, 0, end);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 3000 },
  );
});

/** The request for a body, as the kernel reads it. */
function requested(body: Uint8Array, write: (to: FlowToKernel, index: AttributeIndex) => void) {
  const batch = new RequestBatch();
  const index = new AttributeIndex(FLOW_ATTRIBUTES);
  write(new FlowToKernel(batch, { windowTracking: false }), index.scan(body));
  return batch.datagram(0, 1, 1, 0).slice(NETLINK_HEADER);
}

const encoding = { windowTracking: false, timeout: true };

test("what is written into the kernel is what was told: tuples, mark, state, labels, zone, helper, master", () => {
  for (const payload of recorded) {
    const flow = decodeKernelFlow(payload);
    const made = decodeKernelFlow(requested(encodeFlow(flow, encoding), (to, body) => to.create(body, true)));
    const { original, mark, zone, helper, master, labels, sequenceAdjustment, synproxy } = flow;
    expect(made.original).toEqual(hasNoPortsOnTheWire(flow) ? without(original) : original);
    const some = labels?.some((byte) => byte !== 0) ? labels : undefined;
    const kept = { mark, zone, helper, master, labels: some, sequenceAdjustment, synproxy };
    for (const [name, value] of Object.entries(kept))
      expect([name, made[name as keyof typeof kept]]).toEqual([name, value]);
    expect(made.tcp?.state).toBe(flow.tcp?.state);
  }
});

type Flow = ReturnType<typeof decodeKernelFlow>;

/** GRE keys and the ports of UDP-Lite do not travel; a kernel without DCCP knows no ports of it. */
const hasNoPortsOnTheWire = ({ original }: Flow) => ![1, 6, 17, 58, 132].includes(original.protocol);

function without({ sourcePort: _, destinationPort: _too, ...rest }: Flow["original"]) {
  return rest.protocol === 33 ? { ...rest, sourcePort: 0, destinationPort: 0 } : rest;
}

test("a translated flow is asked for with the plain inverse and its ranges", () => {
  const translated = recorded.map(decodeKernelFlow).filter(({ original, reply }) => {
    return original.source !== reply.destination || original.destination !== reply.source;
  });
  expect(translated.length).toBeGreaterThan(5);
  for (const flow of translated) {
    const made = decodeKernelFlow(requested(encodeFlow(flow, encoding), (to, body) => to.create(body, true)));
    expect(made.reply.source).toBe(flow.original.destination);
    expect(made.reply.destination).toBe(flow.original.source);
    const range = made.nat?.source ?? made.nat?.destination;
    expect([flow.reply.source, flow.reply.destination]).toContain(range?.address);
  }
});

test("a change carries neither NAT nor helper nor master; a removal only tuple and zone", () => {
  for (const payload of recorded) {
    const body = encodeFlow(decodeKernelFlow(payload), encoding);
    const changed = toHex(requested(body, (to, index) => to.update(index)));
    const removed = toHex(requested(body, (to, index) => to.remove(index)));
    // Nested attributes of the top level by their types: tuple reply 2, NAT 6 and 13, helper 5, master 14.
    for (const type of ["0280", "0680", "0d80", "0580", "0e80"])
      expect(topLevel(changed)).not.toContain(type);
    expect(topLevel(removed).every((type) => type === "0180" || type === "1200")).toBe(true);
  }
});

/** The types of the attributes of a payload, as they stand. */
function topLevel(text: string): string[] {
  const bytes = hex(text);
  const types: string[] = [];
  for (let at = 4; at < bytes.length; at += (bytes[at]! + (bytes[at + 1]! << 8) + 3) & ~3) {
    types.push(toHex(bytes.subarray(at + 2, at + 4)));
  }
  return types;
}

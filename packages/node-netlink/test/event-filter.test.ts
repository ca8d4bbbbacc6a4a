import { expect, test } from "vitest";
import { protocolEventFilter } from "../src/index.js";

const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** One attribute with its padding. */
function attribute(type: number, ...payload: readonly number[]): number[] {
  const length = 4 + payload.length;
  const padding = Array.from({ length: (4 - (length % 4)) % 4 }, () => 0);
  return [length, 0, type & 0xff, type >> 8, ...payload, ...padding];
}

const NEST = 0x8000;
/** nlmsghdr and nfgenmsg, of which the filter reads nothing, then the original tuple. */
const event = (...attributes: readonly number[]) =>
  Uint8Array.from([...Array.from({ length: 20 }, () => 0xff), ...attributes]);
const flowOf = (protocol: number) =>
  event(
    ...attribute(3, 0, 0, 0, 8), // CTA_STATUS before it: the order is the kernel's affair
    ...attribute(
      1 | NEST,
      ...attribute(1 | NEST, ...attribute(1, 10, 0, 0, 1)),
      ...attribute(2 | NEST, ...attribute(1, protocol)),
    ),
  );

/** nla_find: where in `from` to `to` the attribute of this number is, or 0. */
function find(bytes: Uint8Array, from: number, to: number, type: number): number {
  for (let at = from; at + 4 <= to; ) {
    const length = bytes[at]! | (bytes[at + 1]! << 8);
    if ((bytes[at + 2]! | ((bytes[at + 3]! & 0x3f) << 8)) === type) return at;
    at += (length + 3) & ~3;
  }
  return 0;
}

/** As the kernel runs it: the instructions that our program has. */
function run(program: Uint8Array, message: Uint8Array): number {
  const view = new DataView(program.buffer);
  let [a, x] = [0, 0];
  for (let at = 0; ; at++) {
    const code = view.getUint16(8 * at, little);
    const operand = view.getUint32(8 * at + 4, little);
    if (code === 0x00) a = operand;
    else if (code === 0x01) x = operand;
    else if (code === 0x07) x = a;
    else if (code === 0x30 && operand === 0xffff_f00c) a = find(message, a, message.length, x);
    else if (code === 0x30 && operand === 0xffff_f010) {
      a = find(message, a + 4, a + (message[a]! | (message[a + 1]! << 8)), x);
    } else if (code === 0x50) a = message[x + operand]!;
    else if (code === 0x15) at += program[8 * at + (a === operand ? 2 : 3)]!;
    else if (code === 0x06) return operand;
    else throw new Error(`instruction ${code} ${operand}`);
  }
}

const numbers = new Set([6, 17, 1]);

test.each([
  { name: "the first that is accepted", accepts: true, message: flowOf(6), comesIn: true },
  { name: "the last that is accepted", accepts: true, message: flowOf(1), comesIn: true },
  { name: "one that is not accepted", accepts: true, message: flowOf(47), comesIn: false },
  { name: "one that is ignored", accepts: false, message: flowOf(17), comesIn: false },
  { name: "one that is not ignored", accepts: false, message: flowOf(47), comesIn: true },
  { name: "no tuple: not to be judged", accepts: true, message: event(...attribute(3, 0)), comesIn: true },
  { name: "a tuple without protocol", accepts: true, message: event(...attribute(1 | NEST)), comesIn: true },
  {
    name: "a protocol without number",
    accepts: true,
    message: event(...attribute(1 | NEST, ...attribute(2 | NEST))),
    comesIn: true,
  },
])("$name: $comesIn", ({ accepts, message, comesIn }) => {
  expect(run(protocolEventFilter({ accepts, numbers })!, message) > 0).toBe(comesIn);
});

test("more numbers than a jump reaches over: no filter, everything comes in", () => {
  const all = new Set(Array.from({ length: 256 }, (_, number) => number));
  expect(protocolEventFilter({ accepts: true, numbers: all })).toBeUndefined();
});

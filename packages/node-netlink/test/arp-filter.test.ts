import { type Ipv4Address, parseIp, parseMac } from "@systole/wire";
import { describe, expect, test } from "vitest";
import { announcement, arpSenderFilter, encodeArp, probeOf } from "../src/index.js";

const ip = (text: string) => parseIp(text) as Ipv4Address; // written as IPv4 below
const mac = parseMac("02:00:00:00:00:01")!;

/** As the kernel runs it: the three instructions that our program has. Answers with how much of the packet comes in. */
function run(program: Uint8Array, packet: Uint8Array): number {
  const view = new DataView(program.buffer);
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const code = view.getUint16(8 * at, little);
    const operand = view.getUint32(8 * at + 4, little);
    if (code === 0x20) accumulator = new DataView(packet.buffer).getUint32(operand);
    else if (code === 0x15) at += program[8 * at + (accumulator === operand ? 2 : 3)]!;
    else if (code === 0x06) return operand;
    else throw new Error(`instruction ${code}`);
  }
}

const many = Array.from({ length: 255 }, (_, index) => ip(`10.1.0.${index}`));

describe("the filter of ARP by its sender", () => {
  test.each([
    { name: "one VIP, claimed", vips: [ip("10.0.1.200")], sender: ip("10.0.1.200"), comesIn: true },
    { name: "one VIP, another sender", vips: [ip("10.0.1.200")], sender: ip("10.0.1.201"), comesIn: false },
    { name: "the last of 255", vips: many, sender: ip("10.1.0.254"), comesIn: true },
    { name: "the first of 255", vips: many, sender: ip("10.1.0.0"), comesIn: true },
    { name: "none of 255", vips: many, sender: ip("10.2.0.1"), comesIn: false },
    { name: "no VIP at all", vips: [], sender: ip("10.0.1.200"), comesIn: false },
    {
      name: "the 256th is not let in",
      vips: [...many, ip("10.3.0.1")],
      sender: ip("10.3.0.1"),
      comesIn: false,
    },
    {
      name: "high addresses are numbers, too",
      vips: [ip("203.0.113.9")],
      sender: ip("203.0.113.9"),
      comesIn: true,
    },
  ])("$name", ({ vips, sender, comesIn }) => {
    expect(run(arpSenderFilter(vips), encodeArp(announcement(mac, sender))) > 0).toBe(comesIn);
  });

  test("a question in nobody's name is no claim, whoever asks", () => {
    expect(run(arpSenderFilter([ip("10.0.1.200")]), encodeArp(probeOf(mac, ip("10.0.1.200"))))).toBe(0);
  });
});

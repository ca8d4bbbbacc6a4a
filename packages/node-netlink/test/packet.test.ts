import {
  announcement,
  announcementReply,
  BROADCAST_MAC,
  decodeArp,
  decodeEthernet,
  decodeNeighbourAdvertisement,
  ETH_P_ARP,
  encodeArp,
  encodeEthernet,
  encodeNeighbourAdvertisement,
  unsolicitedAdvertisement,
} from "@systole/node-netlink";
import { DecodeError, hex, parseIpv4, parseIpv6, parseMac, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

const MAC = parseMac("02:00:00:00:00:01")!;
const VIP = parseIpv4("192.0.2.10")!;
const VIP6 = parseIpv6("2001:db8::10")!;

test("announcement of 192.0.2.10 by 02:00:00:00:00:01, byte for byte", () => {
  expect(encodeArp(announcement(MAC, VIP))).toEqual(
    hex("0001 0800 06 04 0001" + "020000000001 c000020a" + "000000000000 c000020a"),
  );
});

test("the same as a reply: operation 2, addressed to itself", () => {
  expect(encodeArp(announcementReply(MAC, VIP))).toEqual(
    hex("0001 0800 06 04 0002" + "020000000001 c000020a" + "020000000001 c000020a"),
  );
});

test("ARP reads back, padding behind byte 28 ignored", () => {
  const packet = Uint8Array.from([...encodeArp(announcement(MAC, VIP)), 1, 2, 3]);
  expect(decodeArp(packet)).toEqual(announcement(MAC, VIP));
});

test.each([
  { name: "27 bytes", bytes: encodeArp(announcement(MAC, VIP)).subarray(0, 27) },
  { name: "another hardware type", bytes: hex(`0006 0800 06 04 0001${"00".repeat(20)}`) },
  { name: "another protocol", bytes: hex(`0001 86dd 06 04 0001${"00".repeat(20)}`) },
  { name: "another address length", bytes: hex(`0001 0800 06 10 0001${"00".repeat(20)}`) },
])("$name is not ARP for Ethernet and IPv4", ({ bytes }) => {
  expect(() => decodeArp(bytes)).toThrow(DecodeError);
});

test("unsolicited advertisement of 2001:db8::10, byte for byte", () => {
  expect(toHex(encodeNeighbourAdvertisement(unsolicitedAdvertisement(MAC, VIP6, false)))).toBe(
    "88000000" + "20000000" + "20010db8000000000000000000000010" + "0201" + "020000000001",
  );
  expect(encodeNeighbourAdvertisement(unsolicitedAdvertisement(MAC, VIP6, true))[4]).toBe(0xa0);
});

test("an advertisement reads back, with and without the option", () => {
  for (const mac of [MAC, undefined]) {
    const said = { target: VIP6, mac, router: true, solicited: true, override: false };
    expect(decodeNeighbourAdvertisement(encodeNeighbourAdvertisement(said))).toEqual(said);
  }
});

test("an option of length zero is refused, not read for ever", () => {
  const bytes = hex("88000000 20000000 20010db8000000000000000000000010 0200 020000000001");
  expect(() => decodeNeighbourAdvertisement(bytes)).toThrow(/option of length 0/);
});

test("a frame is addresses, type and payload", () => {
  const payload = encodeArp(announcement(MAC, VIP));
  const frame = { destination: BROADCAST_MAC, source: MAC, etherType: ETH_P_ARP, payload };
  const bytes = encodeEthernet(frame);
  expect(toHex(bytes.subarray(0, 14))).toBe("ffffffffffff" + "020000000001" + "0806");
  expect(decodeEthernet(bytes)).toEqual(frame);
});

test.each([
  { name: "ARP", decode: decodeArp as (bytes: Uint8Array) => unknown, start: "0001080006040001" },
  { name: "neighbour advertisement", decode: decodeNeighbourAdvertisement, start: "8800000020000000" },
  { name: "Ethernet", decode: decodeEthernet, start: "" },
])("any bytes decode as $name or raise DecodeError", ({ decode, start }) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ maxLength: 64 }).map((rest) => Uint8Array.from([...hex(start), ...rest])),
  );
  fc.assert(
    fc.property(bytes, (packet) => {
      try {
        decode(packet);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});

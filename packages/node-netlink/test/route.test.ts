import {
  type AddressRecord,
  addAddress,
  decodeAddress,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  dumpAddresses,
  encodeAddress,
  encodeLink,
  encodeNeighbour,
  encodeRoute,
  getRoute,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  type LinkRecord,
  type NeighbourRecord,
  putAddress,
  type RouteRecord,
  removeAddress,
  setLinkUp,
} from "@systole/node-netlink";
import { DecodeError, hex, type IpAddress, parseIp, parseMac, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

const ip = (text: string): IpAddress => parseIp(text)!; // literals of this test
const mac = (text: string) => parseMac(text)!;

const VIP: AddressRecord = {
  index: 2,
  address: ip("192.0.2.10"),
  prefixLength: 24,
  scope: 0,
  flags: 0,
  label: "eth0:0",
  broadcast: ip("192.0.2.255"),
  lifetime: { validSeconds: 8, preferredSeconds: 8 },
};

test("a VIP of 8 seconds, byte for byte", () => {
  expect(toHex(encodeAddress(VIP))).toBe(
    "02180000" +
      "02000000" + // AF_INET, /24, index 2
      "08000200" +
      "c000020a" + // LOCAL
      "08000100" +
      "c000020a" + // ADDRESS
      "08000400" +
      "c00002ff" + // BROADCAST
      "0b000300" +
      "657468303a3000" +
      "00" + // LABEL eth0:0
      "14000600" +
      "08000000" +
      "08000000" +
      "0000000000000000", // CACHEINFO
  );
});

test("IPv6: no duplicate address detection, and flags above a byte in their own attribute", () => {
  const record: AddressRecord = {
    index: 3,
    address: ip("2001:db8::10"),
    prefixLength: 64,
    scope: 0,
    flags: IFA_F_NODAD | IFA_F_NOPREFIXROUTE,
    lifetime: { validSeconds: undefined, preferredSeconds: 0 },
  };
  expect(toHex(encodeAddress(record))).toBe(
    "0a400200" +
      "03000000" +
      "14000200" +
      "20010db8000000000000000000000010" +
      "14000100" +
      "20010db8000000000000000000000010" +
      "08000800" +
      "02020000" +
      "14000600" +
      "00000000" +
      "ffffffff" +
      "0000000000000000",
  );
});

test.each([
  { name: "add: only if it is not there", request: addAddress(VIP), type: 20, flags: 0x600 },
  { name: "put: add or renew", request: putAddress(VIP), type: 20, flags: 0x500 },
  { name: "remove", request: removeAddress(VIP), type: 21, flags: 0 },
  { name: "list", request: dumpAddresses("inet6"), type: 22, flags: 0 },
])("request: $name", ({ request, type, flags }) => {
  expect(request).toMatchObject({ type, flags });
});

test("an error about a VIP names address, length and label", () => {
  expect(addAddress(VIP).operation).toBe("add address 192.0.2.10/24 on interface eth0:0");
});

test("a link goes up by one bit and no other", () => {
  expect(toHex(setLinkUp(5, true).payload)).toBe("00000000" + "05000000" + "01000000" + "01000000");
  expect(toHex(setLinkUp(5, false).payload)).toBe("00000000" + "05000000" + "00000000" + "01000000");
});

test("the route to an address is asked for with its whole length", () => {
  expect(toHex(getRoute(ip("192.0.2.7")).payload)).toBe(
    "0220000000000000" + "00000000" + "08000100" + "c0000207",
  );
});

const address = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map((text) => parseIp(text))
  .filter((parsed): parsed is IpAddress => parsed !== undefined);
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const index = fc.integer({ min: 1, max: 0x7fff_ffff });
const u8 = fc.integer({ min: 0, max: 255 });
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const name = fc.stringMatching(/^[a-z][a-z0-9.:-]{0,14}$/);
const lifetimeSeconds = optional(fc.integer({ min: 0, max: 0xffff_fffe }));
const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 });
const anyMac = octets.map((bytes) => mac(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":")));

const addresses: fc.Arbitrary<AddressRecord> = fc.record({
  index,
  address,
  peer: fc.constant(undefined),
  prefixLength: fc.integer({ min: 0, max: 128 }),
  scope: u8,
  flags: u32,
  label: optional(name),
  broadcast: optional(address),
  lifetime: optional(fc.record({ validSeconds: lifetimeSeconds, preferredSeconds: lifetimeSeconds })),
  routePriority: optional(u32),
});
const links: fc.Arbitrary<LinkRecord> = fc.record({
  index,
  name,
  flags: u32,
  mac: optional(anyMac),
  mtu: optional(u32),
  operationalState: optional(u8),
  carrier: optional(fc.boolean()),
  master: optional(u32),
  kind: optional(name),
});
const routes: fc.Arbitrary<RouteRecord> = fc.record({
  family: fc.constantFrom("inet" as const, "inet6" as const),
  destination: optional(address),
  destinationLength: u8,
  table: fc.integer({ min: 1, max: 0xffff_ffff }),
  protocol: u8,
  scope: u8,
  type: u8,
  gateway: optional(address),
  outInterface: optional(u32),
  preferredSource: optional(address),
  priority: optional(u32),
});
const neighbours: fc.Arbitrary<NeighbourRecord> = fc.record({
  index,
  address,
  mac: optional(anyMac),
  state: fc.integer({ min: 0, max: 0xffff }),
  flags: u8,
});

function understood<T>(
  said: fc.Arbitrary<T>,
  encode: (it: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
) {
  fc.assert(
    fc.property(said, (it) => {
      expect(decode(encode(it))).toEqual(it);
    }),
  );
}

test("what is said of an address, a link, a route, a neighbour is understood again", () => {
  understood(addresses, encodeAddress, decodeAddress);
  understood(links, encodeLink, decodeLink);
  understood(routes, encodeRoute, decodeRoute);
  understood(neighbours, encodeNeighbour, decodeNeighbour);
});

test.each([
  { name: "address", decode: decodeAddress, sample: encodeAddress(VIP) },
  { name: "link", decode: decodeLink, sample: encodeLink({ index: 1, name: "lo", flags: 1, kind: "veth" }) },
  {
    name: "route",
    decode: decodeRoute,
    sample: encodeRoute({ family: "inet", destinationLength: 0, table: 254, protocol: 2, scope: 0, type: 1 }),
  },
  {
    name: "neighbour",
    decode: decodeNeighbour,
    sample: encodeNeighbour({ index: 1, address: ip("192.0.2.1"), state: 2, flags: 0 }),
  },
])("any bytes, and any damage to real ones, decode as $name or raise DecodeError", ({ decode, sample }) => {
  const damaged = fc
    .tuple(fc.nat(sample.length - 1), u8, fc.nat(sample.length))
    .map(([at, byte, length]) =>
      Uint8Array.from(sample, (old, i) => (i === at ? byte : old)).subarray(0, length),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), damaged), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
  );
});

test("a point-to-point address tells its other end", () => {
  const bytes = hex("02200000 02000000 08000100 0a000002 08000200 0a000001");
  expect(decodeAddress(bytes)).toMatchObject({ address: "10.0.0.1", peer: "10.0.0.2" });
});

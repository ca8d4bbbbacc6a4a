import { constants } from "node:os";
import {
  AttributeCursor,
  Attributes,
  AttributeWriter,
  decodeMessages,
  decodeVerdict,
  errnoName,
  errnoNumber,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "@systole/node-netlink";
import { DecodeError, hex, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

test("values are padded to four bytes, the length does not count the padding", () => {
  const bytes = new AttributeWriter().u8(1, 0xaa).text(2, "eth0").u16be(3, 80).u16host(4, 80).done();
  expect(toHex(bytes)).toBe(
    "0500 0100 aa000000".replaceAll(" ", "") +
      "0900020065746830 00000000".replaceAll(" ", "") +
      "0600030000500000" +
      "0600040050000000",
  );
});

test("a nest knows its own length and says that it is one", () => {
  const bytes = new AttributeWriter().nest(1, (outer) => outer.nest(2, (inner) => inner.u32be(3, 7))).done();
  expect(toHex(bytes)).toBe("10000180" + "0c000280" + "0800030000000007");
});

test("what was written is read back, whatever the order", () => {
  const bytes = new AttributeWriter()
    .u64be(9, 1n)
    .u64host(8, 2n)
    .u32be(7, 3)
    .u32host(6, 4)
    .u16be(5, 5)
    .u16host(4, 6)
    .u8(3, 7)
    .text(2, "lo")
    .nest(1, (nest) => nest.u8(1, 1))
    .done();
  const read = new Attributes(bytes, "test");
  expect([read.u64be(9), read.u64host(8), read.u32be(7), read.u32host(6)]).toEqual([1n, 2n, 3, 4]);
  expect([read.u16be(5), read.u16host(4), read.u8(3), read.text(2)]).toEqual([5, 6, 7, "lo"]);
  expect(read.nest(1)?.u8(1)).toBe(1);
  expect(read.u8(99)).toBeUndefined();
  expect(read.types()).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test("of two attributes of one type the last one counts, as in the kernel", () => {
  expect(new Attributes(new AttributeWriter().u8(1, 5).u8(1, 6).done(), "test").u8(1)).toBe(6);
});

test.each([
  { name: "a length below its own header", bytes: "0300 0100" },
  { name: "a length past the end", bytes: "0900 0100 00000000" },
])("$name is a DecodeError", ({ bytes }) => {
  expect(() => new Attributes(hex(bytes), "test")).toThrow(DecodeError);
  expect(() => new AttributeCursor(hex(bytes), "test").next()).toThrow(DecodeError);
});

test("a value that is too short is a DecodeError with its place", () => {
  const read = new Attributes(hex("0500 0100 aa000000"), "link");
  expect(() => read.u32host(1)).toThrow("link: attribute 1 needs 4 bytes, has 1 at byte 4");
});

test("cursor and map see the same attributes in any bytes, or both refuse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const walk = () => {
        const types: number[] = [];
        const cursor = new AttributeCursor(bytes, "test");
        while (cursor.next()) types.push(cursor.type);
        return [...new Set(types)].sort();
      };
      const map = () => new Attributes(bytes, "test").types().sort();
      expect(outcome(walk)).toEqual(outcome(map));
    }),
  );
});

function outcome<T>(run: () => T): T | "refused" {
  try {
    return run();
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return "refused";
  }
}

test.each([
  { name: "messages", decode: (bytes: Uint8Array) => decodeMessages(bytes) },
  {
    name: "an error",
    decode: (payload: Uint8Array) =>
      decodeVerdict({ type: NLMSG_ERROR, flags: 0x200, sequence: 1, portId: 1, payload }),
  },
  {
    name: "the end of a dump",
    decode: (payload: Uint8Array) =>
      decodeVerdict({ type: NLMSG_DONE, flags: 2, sequence: 1, portId: 1, payload }),
  },
])("any bytes decode as $name or raise DecodeError", ({ decode }) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void outcome(() => decode(bytes))));
});

test("errno names are those of this machine's C library", () => {
  const aliases = new Set(["EWOULDBLOCK", "ENOTSUP", "EDEADLOCK"]);
  for (const [name, number] of Object.entries(constants.errno)) {
    if (aliases.has(name)) continue;
    expect(errnoName(number)).toBe(name);
    expect(errnoNumber(name)).toBe(number);
  }
  expect(errnoName(999)).toBe("E999");
  expect(errnoNumber("ENOSUCH")).toBeUndefined();
});

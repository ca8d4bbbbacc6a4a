import { ByteReader, ByteWriter, DecodeError, hex, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

test("numbers are written in the order that their name says", () => {
  const bytes = new ByteWriter(1)
    .u8(0x01)
    .u16be(0x0203)
    .u16host(0x0203)
    .u32be(0x04050607)
    .u32host(0x04050607)
    .i32host(-2)
    .u64be(0x0102030405060708n)
    .u64host(0x0102030405060708n)
    .bytes(hex("aabb"))
    .zeros(2)
    .done();
  expect(toHex(bytes)).toBe(
    "01" +
      "0203" +
      "0302" +
      "04050607" +
      "07060504" +
      "feffffff" +
      "0102030405060708" +
      "0807060504030201" +
      "aabb0000",
  );
});

test("what was written is read back", () => {
  const number = (max: number) => fc.integer({ min: 0, max });
  const fields = fc.array(
    fc.oneof(
      fc.record({ as: fc.constant("u8" as const), value: number(0xff) }),
      fc.record({ as: fc.constantFrom("u16be" as const, "u16host" as const), value: number(0xffff) }),
      fc.record({ as: fc.constantFrom("u32be" as const, "u32host" as const), value: number(0xffff_ffff) }),
      fc.record({ as: fc.constant("i32host" as const), value: fc.integer() }),
    ),
  );
  fc.assert(
    fc.property(fields, (written) => {
      const writer = new ByteWriter(1);
      for (const { as, value } of written) writer[as](value);
      const reader = new ByteReader(writer.done(), "test");
      expect(written.map(({ as }) => reader[as]())).toEqual(written.map(({ value }) => value));
      expect(reader.remaining).toBe(0);
    }),
  );
});

test("a number over 32 bits keeps all of them", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const reader = new ByteReader(new ByteWriter().u64be(value).u64host(value).done(), "test");
      expect([reader.u64be(), reader.u64host()]).toEqual([value, value]);
    }),
  );
});

test("lengths known only at the end are patched in", () => {
  const writer = new ByteWriter().u16host(0).u16be(0).u32host(0);
  writer.patchU16host(0, 0x0102);
  writer.patchU16be(2, 0x0304);
  writer.patchU32host(4, 0x05060708);
  expect(toHex(writer.done())).toBe("0201" + "0304" + "08070605");
});

test("a read past the end is a DecodeError with format, offset and need", () => {
  const reader = new ByteReader(hex("010203"), "arp");
  reader.skip(2);
  expect(() => reader.u32be()).toThrow(new DecodeError("arp", 2, "needs 4 more bytes, has 1"));
  expect(() => reader.u32be()).toThrow("arp: needs 4 more bytes, has 1 at byte 2");
  expect(reader.u8()).toBe(3); // nothing was consumed by the failed read
});

test("a reader of a part of a buffer sees that part only", () => {
  const reader = new ByteReader(hex("ff 0102 ff").subarray(1, 3), "test");
  expect(reader.u16be()).toBe(0x0102);
  expect(() => reader.u8()).toThrow(DecodeError);
});

test.each([-1, 4])("%i bytes cannot be taken from 3", (count) => {
  expect(() => new ByteReader(hex("010203"), "test").bytes(count)).toThrow(DecodeError);
});

test("the rest of nothing is nothing", () => {
  expect(new ByteReader(new Uint8Array(0), "test").rest()).toEqual(new Uint8Array(0));
});

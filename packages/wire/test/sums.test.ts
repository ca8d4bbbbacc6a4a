import { checksum, crc32, hex, hexDump, toHex } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

test.each([
  { name: "the example of RFC 1071, section 3", bytes: "0001 f203 f4f5 f6f7", sum: 0x220d },
  { name: "an IPv4 header", bytes: "4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7", sum: 0xb861 },
  { name: "nothing", bytes: "", sum: 0xffff },
  { name: "an odd byte is the upper half of a word", bytes: "01", sum: 0xfeff },
])("Internet checksum of $name", ({ bytes, sum }) => {
  expect(checksum(hex(bytes))).toBe(sum);
});

test("with its own checksum in place a message sums to zero", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const padded = bytes.length % 2 === 0 ? bytes : Uint8Array.from([...bytes, 0]);
      const sum = checksum(padded);
      expect(checksum(Uint8Array.from([...padded, sum >> 8, sum & 255]))).toBe(0);
    }),
  );
});

// POSIX cksum without the length that it appends: published values of CRC-32/CKSUM do not apply.
test.each([
  { name: "nothing", text: "", crc: 0xffff_ffff },
  { name: "one zero byte", text: "\0", crc: 0xffff_ffff },
  { name: "one byte 1: the polynomial, inverted", text: "\x01", crc: ~0x04c1_1db7 >>> 0 },
])("CRC of $name", ({ text, crc }) => {
  expect(crc32(Buffer.from(text))).toBe(crc);
});

/** The definition, bit by bit. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = ((crc >>> 31) ^ (byte >> bit)) & 1;
      crc = (crc << 1) ^ (top === 1 ? 0x04c1_1db7 : 0);
    }
  }
  return ~crc >>> 0;
}

test("the table says what the polynomial says", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(crc32(bytes)).toBe(slowCrc(bytes));
    }),
  );
});

test("a flipped bit changes the CRC", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, where) => {
      const flipped = Uint8Array.from(bytes);
      const bit = where % (bytes.length * 8);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(crc32(flipped)).not.toBe(crc32(bytes));
    }),
  );
});

test("hexadecimal text and bytes are each other's inverse", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(hex(toHex(bytes))).toEqual(Uint8Array.from(bytes));
    }),
  );
});

test("a dump shows offset, bytes and what can be read", () => {
  expect(hexDump(Buffer.from("I'm alive!\n\x7f 17bytes"))).toBe(
    "000000  49 27 6d 20 61 6c 69 76 65 21 0a 7f 20 31 37 62  I'm alive!.. 17b\n" +
      `000010  ${"79 74 65 73 ".padEnd(48)} ytes`,
  );
});

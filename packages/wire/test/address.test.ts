import {
  type IpAddress,
  ipBytes,
  ipFromBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  macBytes,
  macFromBytes,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

test.each(["0.0.0.0", "192.0.2.10", "255.255.255.255"])("%s is an IPv4 address", (text) => {
  expect(parseIpv4(text)).toBe(text);
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "256.0.0.1",
  "01.2.3.4",
  "1.2.3.4 ",
  "1.2.3.-4",
  "0x1.2.3.4",
  "1.2.3.1e1",
  "a.b.c.d",
])("%j is not", (text) => {
  expect(parseIpv4(text)).toBeUndefined();
});

test.each([
  { text: "::", printed: "::" },
  { text: "::1", printed: "::1" },
  { text: "2001:DB8::1", printed: "2001:db8::1" },
  { text: "2001:db8:0:0:0:0:0:1", printed: "2001:db8::1" },
  { text: "2001:db8:0:1:1:1:1:1", printed: "2001:db8:0:1:1:1:1:1" }, // one group of zeros is not shortened
  { text: "2001:0:0:1:0:0:0:1", printed: "2001:0:0:1::1" }, // the longest run
  { text: "2001:db8:0:0:1:0:0:1", printed: "2001:db8::1:0:0:1" }, // of equals the first
  { text: "0:0:0:0:0:0:0:0", printed: "::" },
  { text: "fe80::", printed: "fe80::" },
  { text: "1:2:3:4:5:6:7::", printed: "1:2:3:4:5:6:7:0" },
  { text: "::ffff:192.0.2.1", printed: "::ffff:192.0.2.1" },
  { text: "::ffff:c000:201", printed: "::ffff:192.0.2.1" },
  { text: "64:ff9b::192.0.2.33", printed: "64:ff9b::c000:221" },
  { text: "1:2:3:4:5:6:1.2.3.4", printed: "1:2:3:4:5:6:102:304" },
])("IPv6 $text is printed as $printed", ({ text, printed }) => {
  expect(parseIpv6(text)).toBe(printed);
});

test.each([
  "",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "::1:2:3:4:5:6:7:8",
  "12345::",
  "g::",
  "fe80::1%eth0",
  "[::1]",
  "1.2.3.4::",
  "::1.2.3",
  "::1.2.3.4:5",
  " ::1",
])("%j is not an IPv6 address", (text) => {
  expect(parseIpv6(text)).toBeUndefined();
});

test.each([
  { text: "02:00:00:00:00:01", printed: "02:00:00:00:00:01" },
  { text: "02-AB-00-CD-00-01", printed: "02:ab:00:cd:00:01" },
  { text: "2:0:0:0:0:1", printed: undefined },
  { text: "02:00:00:00:00:01:00", printed: undefined },
  { text: "02:00:00:00:00:0g", printed: undefined },
])("MAC $text reads as $printed", ({ text, printed }) => {
  expect(parseMac(text)).toBe(printed);
});

test("any 4 or 16 bytes print as an address that reads back to the same bytes", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // many zeros, as real addresses have
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((b) => Uint8Array.from(b)),
  );
  fc.assert(
    fc.property(bytes, (original) => {
      const address = ipFromBytes(original) as IpAddress; // 4 or 16 bytes
      expect(parseIp(address)).toBe(address);
      expect(ipBytes(address)).toEqual(Uint8Array.from(original));
    }),
  );
});

test("bytes of another length are no address", () => {
  for (const length of [0, 3, 5, 15, 17]) expect(ipFromBytes(new Uint8Array(length))).toBeUndefined();
});

test("IPv6 is printed as Node's own parser of URLs prints it, but for IPv4-mapped addresses", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const address = ipv6FromBytes(bytes);
      if (address.startsWith("::ffff:")) return;
      expect(new URL(`http://[${address}]/`).hostname).toBe(`[${address}]`);
    }),
  );
});

test("any six bytes print as a MAC that reads back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      const mac = macFromBytes(bytes);
      expect(parseMac(mac)).toBe(mac);
      expect(macBytes(mac)).toEqual(Uint8Array.from(bytes));
    }),
  );
});

test("any text is an address that prints as itself, or none", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4(), fc.ipV4Extended()), (text) => {
      const address = parseIp(text);
      if (address !== undefined) expect(parseIp(address)).toBe(address);
    }),
  );
});

test("addresses made from bytes are the same values as parsed ones", () => {
  expect(ipv4FromBytes(Uint8Array.of(192, 0, 2, 10))).toBe(parseIpv4("192.0.2.10"));
});

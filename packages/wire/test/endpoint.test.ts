import { formatEndpoint, ipFromBytes, parseEndpoint } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

test.each(["192.0.2.10:80", "0.0.0.0:0", "[2001:db8::1]:443", "[::]:65535"])("%s is an endpoint", (text) => {
  const endpoint = parseEndpoint(text);
  expect(endpoint && formatEndpoint(endpoint)).toBe(text);
});

test.each([
  { text: "192.0.2.10", why: "no port" },
  { text: "192.0.2.10:", why: "no port behind the colon" },
  { text: "192.0.2.10:65536", why: "port above 65535" },
  { text: "192.0.2.10:-1", why: "negative port" },
  { text: "[192.0.2.10]:80", why: "IPv4 in brackets" },
  { text: "2001:db8::1:80", why: "IPv6 without brackets" },
  { text: "[2001:db8::1]80", why: "no colon" },
  { text: "www:80", why: "a name" },
  { text: "", why: "nothing" },
])("$text is none: $why", ({ text }) => {
  expect(parseEndpoint(text)).toBeUndefined();
});

test("every endpoint that is printed is read back", () => {
  const address = fc
    .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
    .map((bytes) => ipFromBytes(bytes)!); // 4 or 16 bytes
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 65535 }), (ip, port) => {
      expect(parseEndpoint(formatEndpoint({ address: ip, port }))).toEqual({ address: ip, port });
    }),
  );
});

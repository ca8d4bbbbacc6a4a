/** radius as a dialogue: the request is right byte for byte, and only who knows the secret is heard. */
import { createHash, createHmac } from "node:crypto";
import { milliseconds } from "@systole/machine";
import { parseIp } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Listener, Turn } from "../src/checks/conversation.js";
import { radiusCall } from "../src/checks/radius.js";
import { tlsSettings } from "../src/config/ssl.js";
import type { DialogueSpec } from "../src/core/configured.js";

const RANDOM = `${"0f403f9473978057bd83d5cb98f4227a"}00`;
const spec = (more: Partial<DialogueSpec> = {}): DialogueSpec => ({
  type: "negotiate",
  service: "radius",
  transport: "udp",
  target: { address: parseIp("192.0.2.21")!, port: 1812 },
  limit: milliseconds(2000),
  request: undefined,
  receive: undefined,
  virtualHost: undefined,
  method: "GET",
  login: "nemo",
  password: "arctangent",
  database: "",
  secret: "xyzzy5461",
  tls: tlsSettings({}, {}),
  redirects: true,
  ...more,
});

const bytes = (text: string) => Buffer.from(text, "latin1");
const begin = (what = spec(), address = "192.168.1.16") =>
  radiusCall(what).begin({ address: () => address, port: () => 5000 }, () => RANDOM);
const listener = ({ next }: Turn): Listener => {
  if (typeof next !== "function") throw new Error("a verdict before an answer");
  return next;
};
const hear = (text: string, to = begin()) => {
  const turn = listener(to)({ text, ended: false, data: undefined });
  return turn === undefined || typeof turn.next === "function" ? "nothing" : turn.next;
};

/** As a server answers that knows the secret. */
function answer(code: number, secret = "xyzzy5461", id = 0, attributes = ""): string {
  const length = 20 + attributes.length;
  const head = Buffer.from([code, id, length >> 8, length & 255]);
  const asked = Buffer.from(RANDOM.slice(0, 32), "hex");
  const proof = createHash("md5")
    .update(head)
    .update(asked)
    .update(bytes(attributes))
    .update(secret)
    .digest();
  return Buffer.concat([head, proof, bytes(attributes)]).toString("latin1");
}

test("the request of RFC 2865, 7.1: name, hidden password and address are its bytes", () => {
  const request = bytes(begin().say!);
  const attributes = request.subarray(20, -18).toString("hex");
  // User-Name nemo, User-Password as the RFC has it, NAS-IP-Address 192.168.1.16.
  expect(attributes).toBe("01066e656d6f" + "02120dbe708d93d413ce3196e43f782a0aee" + "0406c0a80110");
  expect(request.subarray(0, 20).toString("hex")).toBe(
    `0100${request.length.toString(16).padStart(4, "0")}${RANDOM.slice(0, 32)}`,
  );
});

test("the Message-Authenticator is made over the request with zeros in its place", () => {
  const request = bytes(begin().say!);
  const zeroed = Buffer.from(request);
  zeroed.fill(0, zeroed.length - 16);
  expect(request.subarray(-18, -16).toString("hex")).toBe("5012");
  expect(request.subarray(-16)).toEqual(createHmac("md5", "xyzzy5461").update(zeroed).digest());
});

test("over IPv6 the NAS has an IPv6 address", () => {
  expect(bytes(begin(spec(), "2001:db8::1").say!).toString("hex")).toContain(
    "5f1220010db8000000000000000000000001",
  );
});

test("a password of 16 bytes needs one block, of 17 two", () => {
  const size = (password: string) => bytes(begin(spec({ password })).say!)[27];
  expect([size("1234567890123456"), size("12345678901234567")]).toEqual([18, 34]);
});

test.each([
  { name: "Access-Accept is up", text: answer(2), end: { kind: "up", message: "Access-Accept" } },
  {
    name: "Access-Accept with attributes is up",
    text: answer(2, "xyzzy5461", 0, "\x12\x05abc"),
    end: { kind: "up", message: "Access-Accept" },
  },
  {
    name: "Access-Reject is down",
    text: answer(3),
    end: { kind: "down", reason: "answered with Access-Reject" },
  },
  { name: "a wrong secret is not heard", text: answer(2, "guessed"), end: "nothing" },
  { name: "another id is not heard", text: answer(2, "xyzzy5461", 7), end: "nothing" },
  { name: "half a packet is not heard", text: answer(2).slice(0, 12), end: "nothing" },
])("$name", ({ text, end }) => {
  expect(hear(text)).toEqual(end);
});

test("no bytes but the right ones are heard", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (packet) => {
      expect(hear(Buffer.from(packet).toString("latin1"))).toBe("nothing");
    }),
  );
});

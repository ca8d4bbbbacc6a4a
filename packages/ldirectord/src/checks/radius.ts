/**
 * radius: an Access-Request with a password, up at an Access-Accept whose authenticator proves the shared secret.
 *
 * RFC 2865, 3 to 5; Message-Authenticator by RFC 3579, 3.2, which servers ask of clients since the attack of 2024.
 * Answers that are not to our request, or not made with our secret, are not heard.
 */
import { createHash, createHmac } from "node:crypto";
import { ipBytes, parseIp } from "@systole/wire";
import type { NegotiateSpec } from "../core/configured.js";
import { type Call, down, type Listener, type LocalEnd, up } from "./conversation.js";

const ACCESS_REQUEST = 1;
const ACCESS_ACCEPT = 2;
const ANSWERS: Readonly<Record<number, string>> = { 3: "Access-Reject", 11: "Access-Challenge" };
const ATTRIBUTE = {
  userName: 1,
  userPassword: 2,
  nasIpAddress: 4,
  messageAuthenticator: 80,
  nasIpv6Address: 95,
} as const;
const HEAD = 20;

export function radiusCall(spec: NegotiateSpec): Call {
  const { address, port } = spec.target;
  const begin = (local: LocalEnd, random: () => string) => {
    const digits = random();
    const authenticator = Buffer.from(digits.slice(0, 32), "hex");
    const id = Number.parseInt(digits.slice(32, 34), 16);
    const request = accessRequest(spec, id, authenticator, local);
    return { say: request.toString("latin1"), secret: true, next: answer(spec, id, authenticator) };
  };
  return { host: address, port, transport: "udp", tls: undefined, begin };
}

const md5 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

function accessRequest(
  { login, password, secret }: NegotiateSpec,
  id: number,
  authenticator: Buffer,
  local: LocalEnd,
): Buffer {
  const own = parseIp(local.address());
  const nas = own === undefined ? undefined : ipBytes(own);
  const attributes = [
    attribute(ATTRIBUTE.userName, bytes(login)),
    attribute(ATTRIBUTE.userPassword, hidden(bytes(password), bytes(secret), authenticator)),
    ...(nas === undefined
      ? []
      : [attribute(nas.length === 4 ? ATTRIBUTE.nasIpAddress : ATTRIBUTE.nasIpv6Address, nas)]),
    attribute(ATTRIBUTE.messageAuthenticator, new Uint8Array(16)),
  ];
  const body = Buffer.concat(attributes);
  const head = Buffer.from([ACCESS_REQUEST, id, (HEAD + body.length) >> 8, (HEAD + body.length) & 255]);
  const request = Buffer.concat([head, authenticator, body]);
  // Last of all, made over the request with zeros in its place.
  createHmac("md5", bytes(secret))
    .update(request)
    .digest()
    .copy(request, request.length - 16);
  return request;
}

/** At most 253 bytes: longer names and passwords are refused when the file is read. */
const attribute = (type: number, value: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([type, value.length + 2]), value]);

/** RFC 2865, 5.2: the password, padded with zeros, each 16 bytes hidden by the 16 before them. */
function hidden(password: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  const out = Buffer.alloc(Math.max(16, Math.ceil(password.length / 16) * 16));
  password.copy(out);
  let before: Uint8Array = authenticator;
  for (let at = 0; at < out.length; at += 16) {
    const mask = md5(secret, before);
    for (let index = 0; index < 16; index++) out[at + index]! ^= mask[index]!;
    before = out.subarray(at, at + 16);
  }
  return out;
}

function answer(spec: NegotiateSpec, id: number, authenticator: Buffer): Listener {
  const listen: Listener = ({ text }) => {
    if (text === "") return undefined;
    const packet = bytes(text);
    const length = packet.length < HEAD ? 0 : packet.readUInt16BE(2);
    // Somebody who does not know the secret cannot take a server down: the right answer may still come.
    const notHeard = { rest: "", next: listen };
    if (length < HEAD || length > packet.length || packet[1] !== id) return notHeard;
    const proof = md5(
      packet.subarray(0, 4),
      authenticator,
      packet.subarray(HEAD, length),
      bytes(spec.secret),
    );
    if (!proof.equals(packet.subarray(4, HEAD))) return notHeard;
    const code = packet[0]!;
    return code === ACCESS_ACCEPT
      ? up("Access-Accept")
      : down(`answered with ${ANSWERS[code] ?? `code ${code}`}`);
  };
  return listen;
}

/** sip: OPTIONS, and `SIP/2.0 200 OK` as the first line of the answer. RFC 3261, 11. */
import type { NegotiateSpec } from "../core/configured.js";
import { type Call, down, type Listener, type LocalEnd, shortened, up } from "./conversation.js";

export function sipCall(spec: NegotiateSpec): Call {
  const { address, port } = spec.target;
  const begin = (local: LocalEnd, random: () => string) => ({
    say: request(spec, local, random()),
    next: answer,
  });
  return { host: address, port, transport: spec.transport, tls: undefined, begin };
}

function request({ login, transport }: NegotiateSpec, local: LocalEnd, random: string): string {
  const address = local.address();
  const host = address.includes(":") ? `[${address}]` : address;
  return [
    `OPTIONS sip:${login} SIP/2.0`,
    `Via: SIP/2.0/${transport.toUpperCase()} ${host}:${local.port()};branch=z9hG4bK${random.slice(0, 12)}`,
    "Max-Forwards: 70",
    `To: <sip:${login}>`,
    `From: <sip:${login}>;tag=${random.slice(12, 20)}`,
    `Call-ID: ${random.slice(16, 32)}`,
    "CSeq: 63104 OPTIONS",
    `Contact: <sip:${login}>`,
    "Accept: application/sdp",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}

const answer: Listener = ({ text, ended }) => {
  const end = text.indexOf("\n");
  if (end === -1 && !ended) return undefined;
  const first = (end === -1 ? text : text.slice(0, end)).trimEnd();
  return first.startsWith("SIP/2.0 200 OK") ? up(first) : down(`answered "${shortened(first)}"`);
};

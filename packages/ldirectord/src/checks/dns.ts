/**
 * dns: one question, and what its answer says. RFC 1035.
 *
 * Type A for a name, PTR for an address. Up: without `receive` any answer without an error and with a record; with it,
 * the text of an A, AAAA, CNAME or PTR record that matches.
 */
import { ByteReader, DecodeError, ipBytes, ipFromBytes, parseIp } from "@systole/wire";
import type { NegotiateSpec } from "../core/configured.js";
import { type Call, down, type Listener, type LocalEnd, shortened, up } from "./conversation.js";
import { compilePattern } from "./perl-pattern.js";

const TYPE = { A: 1, CNAME: 5, PTR: 12, AAAA: 28 } as const;
const CLASS_IN = 1;
const RECURSION_DESIRED = 0x0100;
const RCODES = ["no error", "format error", "server failure", "no such name", "not implemented", "refused"];

export function dnsCall(spec: NegotiateSpec): Call {
  const name = (spec.request ?? "").replace(/^\//, "");
  const stream = spec.transport === "tcp";
  const begin = (_: LocalEnd, random: () => string) => {
    const id = Number.parseInt(random().slice(0, 4), 16);
    const query = question(name, id);
    return { say: stream ? word(query.length) + query : query, next: answer(spec, id, stream) };
  };
  return {
    host: spec.target.address,
    port: spec.target.port,
    transport: spec.transport,
    tls: undefined,
    begin,
  };
}

const word = (value: number): string => String.fromCharCode(value >> 8, value & 255);

function question(name: string, id: number): string {
  const address = parseIp(name);
  const asked = address === undefined ? name : reverseName(ipBytes(address));
  const labels = asked
    .split(".")
    .filter(Boolean)
    .map((label) => String.fromCharCode(Math.min(63, label.length)) + label.slice(0, 63));
  const type = address === undefined ? TYPE.A : TYPE.PTR;
  const head = [id, RECURSION_DESIRED, 1, 0, 0, 0].map(word).join("");
  return `${head}${labels.join("")}\0${word(type)}${word(CLASS_IN)}`;
}

function reverseName(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${[...bytes].reverse().join(".")}.in-addr.arpa`;
  const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]).reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join(".")}.ip6.arpa`;
}

function answer(spec: NegotiateSpec, id: number, stream: boolean): Listener {
  return ({ text, ended }) => {
    const size = stream
      ? text.length < 2
        ? undefined
        : text.charCodeAt(0) * 256 + text.charCodeAt(1)
      : text.length;
    const start = stream ? 2 : 0;
    if (size === undefined || size === 0 || text.length < start + size) {
      return ended ? down("closed without an answer") : undefined;
    }
    try {
      const message = readMessage(
        Uint8Array.from(text.slice(start, start + size), (byte) => byte.charCodeAt(0)),
      );
      // An answer to somebody else's question is not heard.
      if (message.id !== id)
        return stream ? down("an answer with another id") : { rest: "", next: answer(spec, id, stream) };
      return judge(spec, message);
    } catch (error) {
      if (error instanceof DecodeError) return down(error.message);
      throw error;
    }
  };
}

interface Message {
  readonly id: number;
  readonly rcode: number;
  readonly texts: readonly string[];
  readonly records: number;
}

function judge(spec: NegotiateSpec, { rcode, texts, records }: Message) {
  if (rcode !== 0) return down(`the answer is ${RCODES[rcode] ?? `error ${rcode}`}`);
  if (spec.receive === undefined)
    return records > 0 ? up(texts.join(" ")) : down("an answer without a record");
  const said = shortened(texts.join(" ") || "no record");
  const otherwise = `"${shortened(spec.receive, 60)}" is not in the answer: ${said}`;
  return {
    next: {
      kind: "match",
      pattern: compilePattern(spec.receive),
      texts,
      message: texts.join(" "),
      otherwise,
    },
  } as const;
}

/** The answer section as texts. @throws DecodeError */
function readMessage(bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes, "dns");
  const id = reader.u16be();
  const flags = reader.u16be();
  const [questions, records] = [reader.u16be(), reader.u16be()];
  reader.bytes(4);
  const place = { at: 12 };
  for (let count = 0; count < questions; count++) {
    readName(bytes, place);
    place.at += 4;
  }
  const texts: string[] = [];
  for (let count = 0; count < records; count++) {
    readName(bytes, place);
    const head = new ByteReader(bytes.subarray(place.at, place.at + 10), "dns");
    const type = head.u16be();
    head.bytes(6);
    const length = head.u16be();
    const data = bytes.subarray(place.at + 10, place.at + 10 + length);
    if (data.length < length) throw new DecodeError("dns", place.at, "a record breaks off");
    const address = type === TYPE.A || type === TYPE.AAAA ? ipFromBytes(data) : undefined;
    if (address !== undefined) texts.push(address);
    if (type === TYPE.PTR || type === TYPE.CNAME) texts.push(readName(bytes, { at: place.at + 10 }));
    place.at += 10 + length;
  }
  return { id, rcode: flags & 15, texts, records };
}

/** A name with compression; `place` moves behind it. @throws DecodeError */
function readName(bytes: Uint8Array, place: { at: number }): string {
  const labels: string[] = [];
  let at = place.at;
  let moved = false;
  for (let hops = 0; hops < 128; hops++) {
    const length = bytes[at];
    if (length === undefined) throw new DecodeError("dns", at, "a name breaks off");
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) throw new DecodeError("dns", at, "a name breaks off");
      if (!moved) place.at = at + 2;
      moved = true;
      at = ((length & 0x3f) << 8) | low;
      continue;
    }
    at += 1;
    if (length === 0) {
      if (!moved) place.at = at;
      return labels.join(".");
    }
    labels.push(String.fromCharCode(...bytes.subarray(at, at + length)));
    at += length;
  }
  throw new DecodeError("dns", place.at, "a name that does not end");
}

/**
 * What tells one flow from another: original addresses, protocol, ports or ICMP type, code and id, and zone.
 *
 * Protocols without ports on the wire (GRE, UDP-Lite and all unlisted ones) have only addresses and number: two GRE
 * tunnels between the same hosts are one flow here, as for conntrackd.
 */
import type { TupleAttributes } from "./addresses.js";
import { type AttributeIndex, CT } from "./attribute.js";

/** The attributes of the original tuple. */
export const ORIGINAL: TupleAttributes = {
  ipv4: CT.IPV4,
  ipv6: CT.IPV6,
  protocol: CT.L4PROTO,
  port: CT.PORT,
};

/** A hash of the key of a scanned body, which must have addresses and protocol; every bit is good for an index. */
export function hashKey(body: AttributeIndex): number {
  let hash = body.u8(CT.L4PROTO);
  if (body.has(CT.IPV4)) {
    hash = mix(hash, body.i32(CT.IPV4));
    hash = mix(hash, body.i32(CT.IPV4, 1));
  } else for (let word = 0; word < 8; word++) hash = mix(hash, body.i32(CT.IPV6, word));
  if (body.has(CT.PORT)) hash = mix(hash, body.i32(CT.PORT));
  else if (body.has(CT.ICMP_ID)) hash = mix(hash, body.u16le(CT.ICMP_ID));
  if (body.has(CT.ZONE)) hash = mix(hash, body.u16be(CT.ZONE));
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  const turned = hash ^ Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}

/** Have two scanned bodies the same key? */
export function sameKey(body: AttributeIndex, other: AttributeIndex): boolean {
  return (
    body.same(other, CT.IPV4) &&
    body.same(other, CT.IPV6) &&
    body.u8(CT.L4PROTO) === other.u8(CT.L4PROTO) &&
    (body.has(CT.PORT) || other.has(CT.PORT) ? body.same(other, CT.PORT) : sameIcmp(body, other)) &&
    zoneOf(body) === zoneOf(other)
  );
}

const sameIcmp = (body: AttributeIndex, other: AttributeIndex): boolean =>
  body.same(other, CT.ICMP_ID) && body.same(other, CT.ICMP_TYPE) && body.same(other, CT.ICMP_CODE);

const zoneOf = (body: AttributeIndex): number => (body.has(CT.ZONE) ? body.u16be(CT.ZONE) : 0);

/**
 * A hash of everything that a flow is but its timeout, which runs; a mark of 0 is as good as none. The same for two
 * bodies of whatever order.
 */
export function digestOf(body: AttributeIndex): number {
  let hash = 0;
  for (const type of Object.values(CT)) {
    if (type === CT.TIMEOUT || !body.has(type)) continue;
    if (type === CT.MARK && body.u32be(type) === 0) continue;
    hash = mix(hash, type);
    const at = body.offset(type);
    for (let n = 0; n < body.size(type); n++) hash = mix(hash, body.bytes[at + n]!);
  }
  return hash >>> 0;
}

/** Where in a plain body the key lies: see `AttributeIndex.plainShape`. */
const ADDRESSES_AT = 4;
const PROTOCOL_AT = 24;
const PORTS_AT = 32;

/** The same for two plain bodies, of which the other one need not be scanned: it lies in `other` from `from` on. */
export function samePlainKey(body: AttributeIndex, other: Uint8Array, from: number): boolean {
  const mine = body.bytes;
  const at = body.offset(CT.IPV4) - ADDRESSES_AT;
  for (let n = 0; n < 4; n++) if (mine[at + PORTS_AT + n] !== other[from + PORTS_AT + n]) return false;
  for (let n = 0; n < 8; n++)
    if (mine[at + ADDRESSES_AT + n] !== other[from + ADDRESSES_AT + n]) return false;
  return mine[at + PROTOCOL_AT] === other[from + PROTOCOL_AT];
}

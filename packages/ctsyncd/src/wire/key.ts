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

/** Family and protocol (2), ports or ICMP (4), zone (2), two addresses (8 or 32). */
export const KEY_BYTES = 40;

/**
 * Writes the key of a scanned body, which must have addresses and protocol, into `key` (KEY_BYTES, reused).
 * @returns how many bytes of it count: 16 for IPv4, 40 for IPv6.
 */
export function writeKey(attributes: AttributeIndex, key: Uint8Array): number {
  const v4 = attributes.has(CT.IPV4);
  const addresses = attributes.payload(v4 ? CT.IPV4 : CT.IPV6);
  key[0] = v4 ? 4 : 6;
  key[1] = attributes.u8(CT.L4PROTO);
  key.fill(0, 2, 8);
  if (attributes.has(CT.PORT)) key.set(attributes.payload(CT.PORT), 2);
  else if (attributes.has(CT.ICMP_ID)) {
    key.set(attributes.payload(CT.ICMP_ID), 2);
    if (attributes.has(CT.ICMP_TYPE)) key[4] = attributes.u8(CT.ICMP_TYPE);
    if (attributes.has(CT.ICMP_CODE)) key[5] = attributes.u8(CT.ICMP_CODE);
  }
  if (attributes.has(CT.ZONE)) key.set(attributes.payload(CT.ZONE), 6);
  key.set(addresses, 8);
  return 8 + addresses.length;
}

/** FNV-1a over the first `length` bytes, mixed once more so that its low bits are good for an index. */
export function hashKey(key: Uint8Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ key[at]!, 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x85ebca6b) >>> 0;
}

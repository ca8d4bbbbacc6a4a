/**
 * IPv4, IPv6 and MAC addresses as their canonical text.
 *
 * The text is the value: two equal addresses are `===`, serve as keys of a Map and survive JSON. Only the parsers here
 * make one. IPv6 is printed as RFC 5952 says.
 */

declare const ipv4: unique symbol;
declare const ipv6: unique symbol;
declare const mac: unique symbol;

export type Ipv4Address = string & { readonly [ipv4]: true };
export type Ipv6Address = string & { readonly [ipv6]: true };
export type IpAddress = Ipv4Address | Ipv6Address;
export type MacAddress = string & { readonly [mac]: true };

/** AF_INET and AF_INET6 in words. */
export type Family = "inet" | "inet6";

const OCTET = /^(?:0|[1-9]\d{0,2})$/;

/** Reads four dotted decimal octets; undefined if it is not exactly that. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => OCTET.test(part) && Number(part) <= 255);
  return valid ? (text as Ipv4Address) : undefined; // checked above: canonical already
}

/** Reads an IPv6 address in any RFC 4291 form (no scope, no brackets); undefined if it is not one. */
export function parseIpv6(text: string): Ipv6Address | undefined {
  const bytes = ipv6TextToBytes(text);
  return bytes && ipv6FromBytes(bytes);
}

/** Reads either kind. */
export function parseIp(text: string): IpAddress | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

/** Reads six hexadecimal octets separated by colons or dashes. */
export function parseMac(text: string): MacAddress | undefined {
  return /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(text)
    ? (text.toLowerCase().replaceAll("-", ":") as MacAddress) // checked: six octets
    : undefined;
}

export const familyOf = (address: IpAddress): Family => (address.includes(":") ? "inet6" : "inet");
export const isIpv4 = (address: IpAddress): address is Ipv4Address => familyOf(address) === "inet";
export const isIpv6 = (address: IpAddress): address is Ipv6Address => familyOf(address) === "inet6";

/** The 4 or 16 bytes in network order. */
export function ipBytes(address: IpAddress): Uint8Array<ArrayBuffer> {
  return isIpv4(address) ? Uint8Array.from(address.split("."), Number) : ipv6TextToBytes(address)!;
}

/** From 4 bytes in network order. */
export function ipv4FromBytes(bytes: Uint8Array): Ipv4Address {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as Ipv4Address; // four octets by construction
}

/** From 16 bytes in network order. */
export function ipv6FromBytes(bytes: Uint8Array): Ipv6Address {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((bytes[at]! << 8) | bytes[at + 1]!);
  return compress(groups) as Ipv6Address; // eight groups by construction
}

/** From 4 or 16 bytes; undefined for any other length. */
export function ipFromBytes(bytes: Uint8Array): IpAddress | undefined {
  if (bytes.length === 4) return ipv4FromBytes(bytes);
  return bytes.length === 16 ? ipv6FromBytes(bytes) : undefined;
}

export const macBytes = (address: MacAddress): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(address.split(":"), (octet) => Number.parseInt(octet, 16));

/** From 6 bytes. */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  const octets = Array.from(bytes.subarray(0, 6), (octet) => octet.toString(16).padStart(2, "0"));
  return octets.join(":") as MacAddress; // six octets by construction
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`, the first one if equal; IPv4-mapped in dots. */
function compress(groups: readonly number[]): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}.${groups[7]! & 255}`;
  }
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > best.length) best = { at, length: end - at };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

function ipv6TextToBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/** The 16-bit groups of one side of `::`; a dotted IPv4 address may end the last side. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const dotted = last && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (dotted === undefined) return undefined;
      const [a, b, c, d] = ipBytes(dotted);
      groups.push((a! << 8) | b!, (c! << 8) | d!);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

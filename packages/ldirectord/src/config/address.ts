/** Hosts, ports and the address of a virtual service. */
import { type Family, familyOf, type IpAddress, ipv4FromBytes, parseIpv4, parseIpv6 } from "@systole/wire";
import type { Surroundings } from "./surroundings.js";

/**
 * The address that a host means: `[v6]`, four octets, the classic short forms of IPv4 (`192.0.2` is 192.0.0.2), or a
 * name. Undefined if it has no address in this family.
 */
export function hostAddress(host: string, family: Family, surroundings: Surroundings): IpAddress | undefined {
  const bracketed = /^\[(.*)\]$/.exec(host)?.[1];
  const literal = bracketed === undefined ? (parseIpv4(host) ?? shortIpv4(host)) : strictIpv6(bracketed);
  if (literal !== undefined) return familyOf(literal) === family ? literal : undefined;
  return bracketed === undefined ? surroundings.address(host, family) : undefined;
}

/** No scope and no dotted tail: the original takes hexadecimal groups only. */
const strictIpv6 = (text: string) => (/^[0-9a-fA-F:]+$/.test(text) ? parseIpv6(text) : undefined);

/** Whether the host is a number in a form that most people do not mean. */
export const isShortForm = (host: string): boolean =>
  parseIpv4(host) === undefined && shortIpv4(host) !== undefined;

/** inet_aton: one to four parts, the last one fills the rest; a leading 0 is octal, 0x hexadecimal. */
function shortIpv4(host: string): IpAddress | undefined {
  const parts = host.split(".");
  if (parts.length > 4 || !parts.every((part) => /^(?:0[0-7]*|[1-9]\d*|0x[0-9a-f]+)$/i.test(part)))
    return undefined;
  const numbers = parts.map((part) => (/^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = numbers.pop()!; // split never answers nothing
  const room = 4 - numbers.length;
  if (numbers.some((number) => number > 255) || last >= 256 ** room) return undefined;
  const tail = Array.from({ length: room }, (_, index) => Math.floor(last / 256 ** (room - 1 - index)) % 256);
  return ipv4FromBytes(Uint8Array.from([...numbers, ...tail]));
}

/** A number from 0 to 65535, or a name of the services database. */
export function portNumber(
  text: string,
  protocols: readonly ("tcp" | "udp")[],
  surroundings: Surroundings,
): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
  for (const protocol of protocols) {
    const port = surroundings.port(text, protocol);
    if (port !== undefined) return port;
  }
  return undefined;
}

/** The value of `virtual=` or `virtual6=`, names not yet resolved. */
export type VirtualAddress =
  | { readonly kind: "fwmark"; readonly fwmark: number }
  | { readonly kind: "address"; readonly host: string; readonly port: string; readonly rest: string };

/** @returns a problem as text if it is neither an address with a port nor a firewall mark. */
export function readVirtualAddress(value: string, family: Family): VirtualAddress | string {
  const v6 = /^(\[[^\]]*\]):([A-Za-z0-9_-]+)(.*)$/.exec(value);
  if (v6 !== null) {
    if (family === "inet") return `"${value.trim()}" is an IPv6 address: write virtual6`;
    return { kind: "address", host: v6[1]!, port: v6[2]!, rest: v6[3]!.trim() };
  }
  const named = /^([A-Za-z0-9._+-]+):([A-Za-z0-9_-]+)(.*)$/.exec(value);
  if (named !== null) return { kind: "address", host: named[1]!, port: named[2]!, rest: named[3]!.trim() };
  if (/^\d+\s*$/.test(value)) {
    const fwmark = Number(value);
    if (fwmark >= 1 && fwmark <= 0xffff_ffff) return { kind: "fwmark", fwmark };
    return `firewall mark ${value.trim()} is not in 1..4294967295`;
  }
  if (/^\d+\.\d+\.\d+\.\d+\s*$/.test(value))
    return `"${value.trim()}" has no port: write ${value.trim()}:PORT`;
  return `"${value.trim()}" is neither ADDRESS:PORT nor a firewall mark`;
}

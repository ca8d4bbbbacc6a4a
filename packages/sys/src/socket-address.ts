/**
 * The kernel's `struct sockaddr_*` as bytes. Family in host order at byte 0; ports and addresses in network order.
 *
 * Addresses are 4 or 16 bytes in network order, as `ipBytes` of `@systole/wire` makes them.
 */
import { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX } from "./constants.js";

/** Longest path of a Unix socket: `sun_path` without its closing NUL. */
const SUN_PATH_MAX = 107;

/** An IPv4 or IPv6 endpoint, by the length of the address. `scopeId`: interface index of a link-local IPv6 address. */
export function inetSocketAddress(address: Uint8Array, port: number, scopeId = 0): Uint8Array {
  if (address.length !== 4 && address.length !== 16) throw new RangeError("an address has 4 or 16 bytes");
  const ipv4 = address.length === 4;
  const bytes = new Uint8Array(ipv4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ipv4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port, false);
  bytes.set(address, ipv4 ? 4 : 8);
  if (!ipv4) view.setUint32(24, scopeId, true);
  return bytes;
}

/** A Unix path; a leading `@` means the abstract name behind it. */
export function unixSocketAddress(path: string): Uint8Array {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length > SUN_PATH_MAX) {
    throw new RangeError(`a Unix socket path has 1 to ${SUN_PATH_MAX} bytes: ${path}`);
  }
  const abstract = path.startsWith("@");
  const bytes = new Uint8Array(2 + name.length + (abstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(name, 2);
  if (abstract) bytes[2] = 0;
  return bytes;
}

/** The kernel itself is port id 0. */
export function netlinkSocketAddress(portId = 0): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(4, portId, true);
  return bytes;
}

/** A station on the link of interface `index`. */
export function linkSocketAddress(
  etherType: number,
  index: number,
  mac: Uint8Array = new Uint8Array(6),
): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, etherType, false);
  view.setInt32(4, index, true);
  view.setUint16(8, 1, true); // ARPHRD_ETHER
  bytes[11] = 6;
  bytes.set(mac.subarray(0, 6), 12);
  return bytes;
}

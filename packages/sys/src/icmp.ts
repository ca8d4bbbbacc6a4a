/** Raw ICMP and ICMPv6 sockets: ping checks, ping nodes, unsolicited neighbour advertisements. */
import {
  AF_INET,
  AF_INET6,
  ICMP_FILTER,
  ICMP6_FILTER,
  IP_MULTICAST_IF,
  IP_MULTICAST_TTL,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_UNICAST_HOPS,
  SOCK_RAW,
  SOL_RAW,
} from "./constants.js";
import { eachDatagram, type Referenced, senderAddress, watchDatagrams } from "./datagrams.js";
import { checked } from "./errno.js";
import { type Native, native } from "./native.js";
import { bindToDevice } from "./options.js";
import { inetSocketAddress } from "./socket-address.js";

export interface IcmpOptions {
  readonly family: "inet" | "inet6";
  /** ICMP types that are let in; none for a socket that only sends. For inet only types below 32. */
  readonly accept: readonly number[];
  /** Source address of what is sent. */
  readonly source?: Uint8Array;
  /** Interface of what is sent to a multicast group. */
  readonly interfaceIndex?: number;
  /** SO_BINDTODEVICE. */
  readonly device?: string;
  /** TTL or hop limit, unicast and multicast; 255 for neighbour discovery. */
  readonly hopLimit?: number;
}

export interface IcmpSocket extends Referenced {
  /**
   * Sends one ICMP message. For inet6 the kernel fills in the checksum, for inet it must be right.
   * @param scopeId interface index, for a link-local destination such as ff02::1
   * @returns 0, or a negative errno
   */
  send(message: Uint8Array, destination: Uint8Array, scopeId?: number): number;
  /** Once. `message` (without IP header) and `from` are valid only during the call. */
  listen(onMessage: (message: Uint8Array, from: Uint8Array) => void): void;
}

/** @throws SystemError `EPERM` without CAP_NET_RAW, `EADDRNOTAVAIL` for a source that is not ours. */
export function openIcmp(options: IcmpOptions): IcmpSocket {
  const calls = native();
  const ipv4 = options.family === "inet";
  const [domain, protocol] = ipv4 ? [AF_INET, IPPROTO_ICMP] : [AF_INET6, IPPROTO_ICMPV6];
  const fd = checked(`open ${options.family} ICMP socket`, calls.socket(domain, SOCK_RAW, protocol));
  try {
    prepare(calls, fd, options);
  } catch (error) {
    calls.close(fd);
    throw error;
  }
  let watch: Referenced | undefined;
  return {
    send(message, destination, scopeId = 0) {
      const sent = calls.sendto(fd, message, 0, inetSocketAddress(destination, 0, scopeId));
      return Math.min(sent, 0);
    },
    listen(onMessage) {
      watch = watchDatagrams(fd, {
        onRange: eachDatagram((datagram, sender) => {
          const message = ipv4 ? datagram.subarray(((datagram[0] ?? 0) & 15) * 4) : datagram;
          if (message.length >= 8) onMessage(message, senderAddress(sender).address);
        }),
        onError: () => {}, // an unreachable network: the answer that does not come says it
      });
    },
    ref: () => watch?.ref(),
    unref: () => watch?.unref(),
    close: () => void (watch === undefined ? calls.close(fd) : watch.close()),
  };
}

function prepare(calls: Native, fd: number, options: IcmpOptions): void {
  const { source, interfaceIndex, device, hopLimit } = options;
  const ipv4 = options.family === "inet";
  const set = (what: string, level: number, option: number, value: number | Uint8Array) =>
    checked(`set ICMP ${what}`, calls.setsockopt(fd, level, option, value));
  if (ipv4) set("filter", SOL_RAW, ICMP_FILTER, icmpFilter(options.accept));
  else set("filter", IPPROTO_ICMPV6, ICMP6_FILTER, icmp6Filter(options.accept));
  if (device !== undefined) bindToDevice(fd, device);
  if (hopLimit !== undefined) {
    set("hop limit", ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, hopLimit);
    set(
      "hop limit",
      ipv4 ? IPPROTO_IP : IPPROTO_IPV6,
      ipv4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS,
      hopLimit,
    );
  }
  if (interfaceIndex !== undefined) {
    if (ipv4) set("interface", IPPROTO_IP, IP_MULTICAST_IF, mreqn(new Uint8Array(4), interfaceIndex));
    else set("interface", IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
  }
  if (source !== undefined) {
    const linkLocal = source[0] === 0xfe && (source[1]! & 0xc0) === 0x80;
    const scopeId = linkLocal ? (interfaceIndex ?? 0) : 0;
    checked("bind ICMP source", calls.bind(fd, inetSocketAddress(source, 0, scopeId)));
  }
}

/** `struct ip_mreqn`: group, local address (any), interface index. */
export function mreqn(group: Uint8Array, interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes.set(group, 0);
  new DataView(bytes.buffer).setInt32(8, interfaceIndex, true);
  return bytes;
}

/** A set bit blocks the type. */
function icmpFilter(accept: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4);
  const mask = accept.reduce((bits, type) => bits & ~(1 << type), 0xffff_ffff);
  new DataView(bytes.buffer).setUint32(0, mask >>> 0, true);
  return bytes;
}

/** A set bit blocks the type; 256 types. */
function icmp6Filter(accept: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(32).fill(0xff);
  for (const type of accept) bytes[type >> 3]! &= ~(1 << (type & 7));
  return bytes;
}

/**
 * UDP sockets with the options that `dgram` cannot set before bind. The result is a descriptor for
 * `dgram.createSocket(type).bind({ fd, exclusive: true })`; Node owns and closes it from then on.
 */
import {
  AF_INET,
  AF_INET6,
  IP_ADD_MEMBERSHIP,
  IP_FREEBIND,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_ADD_MEMBERSHIP,
  IPV6_FREEBIND,
  IPV6_MULTICAST_ALL,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_TCLASS,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SO_NO_CHECK,
  SO_PRIORITY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "./constants.js";
import { checked } from "./errno.js";
import { mreqn } from "./icmp.js";
import { native } from "./native.js";
import { bindToDevice, setMark } from "./options.js";
import { inetSocketAddress } from "./socket-address.js";

export interface UdpOptions {
  readonly family: "inet" | "inet6";
  /** 4 or 16 bytes; any address without it. */
  readonly address?: Uint8Array;
  /** Interface index of a link-local IPv6 `address`. */
  readonly scopeId?: number;
  /** 0: the kernel chooses. */
  readonly port: number;
  readonly device?: string;
  readonly reuseAddress?: boolean;
  readonly reusePort?: boolean;
  readonly broadcast?: boolean;
  /** Bind to an address that is not up yet. */
  readonly freeBind?: boolean;
  /** TOS or traffic class; it also sets the priority, so `priority` is set after it. */
  readonly tos?: number;
  /** SO_PRIORITY; above 6 needs CAP_NET_ADMIN. */
  readonly priority?: number;
  readonly mark?: number;
  /** Both are forced past the system's limit when we may. */
  readonly sendBufferBytes?: number;
  readonly receiveBufferBytes?: number;
  readonly multicast?: MulticastOptions;
  /** IPv4: datagrams leave without a checksum (SO_NO_CHECK). */
  readonly noChecksum?: boolean;
}

export interface MulticastOptions {
  /** Joined on the interface; 4 or 16 bytes. */
  readonly group: Uint8Array;
  readonly interfaceIndex: number;
  /** Hops that what we send may go; 1 stays on the link. */
  readonly ttl: number;
  /** Whether our own datagrams come back to sockets of this host. */
  readonly loop: boolean;
}

/**
 * Opens, prepares and binds a UDP socket in the present network namespace.
 *
 * @returns the descriptor; the caller closes it (through `dgram`, or `closeDescriptor`).
 * @throws SystemError `EADDRINUSE`, `EACCES`, `ENODEV`, `EADDRNOTAVAIL`.
 */
export function openUdp(options: UdpOptions): number {
  const ipv4 = options.family === "inet";
  const fd = checked("open UDP socket", native().socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
  try {
    setOptions(fd, options);
    if (options.device !== undefined) bindToDevice(fd, options.device);
    if (options.mark !== undefined) setMark(fd, options.mark);
    const address = options.address ?? new Uint8Array(ipv4 ? 4 : 16);
    const bound = native().bind(fd, inetSocketAddress(address, options.port, options.scopeId));
    checked(`bind UDP port ${options.port}`, bound);
    if (options.multicast !== undefined) joinGroup(fd, ipv4, options.multicast);
    return fd;
  } catch (error) {
    native().close(fd);
    throw error;
  }
}

/** Closes a descriptor that was not handed on. */
export function closeDescriptor(fd: number): void {
  checked(`close descriptor ${fd}`, native().close(fd));
}

function setOptions(fd: number, options: UdpOptions): void {
  const ipv4 = options.family === "inet";
  const level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  const set = setterOf(fd);
  if (!ipv4) set("IPv6 only", IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.reuseAddress) set("address reuse", SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reusePort) set("port reuse", SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.broadcast) set("broadcast", SOL_SOCKET, SO_BROADCAST, 1);
  if (options.freeBind) set("free bind", level, ipv4 ? IP_FREEBIND : IPV6_FREEBIND, 1);
  if (options.tos !== undefined) set("TOS", level, ipv4 ? IP_TOS : IPV6_TCLASS, options.tos);
  if (options.priority !== undefined) set("priority", SOL_SOCKET, SO_PRIORITY, options.priority);
  const sent = options.sendBufferBytes;
  if (sent !== undefined && native().setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, sent) < 0) {
    set("send buffer", SOL_SOCKET, SO_SNDBUF, sent);
  }
  if (options.noChecksum) set("no checksum", SOL_SOCKET, SO_NO_CHECK, 1);
  const received = options.receiveBufferBytes;
  if (received !== undefined && native().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, received) < 0) {
    set("receive buffer", SOL_SOCKET, SO_RCVBUF, received);
  }
}

function joinGroup(fd: number, ipv4: boolean, multicast: MulticastOptions): void {
  const { group, interfaceIndex, ttl, loop } = multicast;
  const set = setterOf(fd);
  if (ipv4) {
    set("multicast interface", IPPROTO_IP, IP_MULTICAST_IF, mreqn(new Uint8Array(4), interfaceIndex));
    set("multicast TTL", IPPROTO_IP, IP_MULTICAST_TTL, ttl);
    set("multicast loop", IPPROTO_IP, IP_MULTICAST_LOOP, loop ? 1 : 0);
    set("multicast filter", IPPROTO_IP, IP_MULTICAST_ALL, 0); // only groups that this socket joined
    set("multicast group", IPPROTO_IP, IP_ADD_MEMBERSHIP, mreqn(group, interfaceIndex));
    return;
  }
  const request = new Uint8Array(20); // struct ipv6_mreq: group, interface index
  request.set(group, 0);
  new DataView(request.buffer).setInt32(16, interfaceIndex, true);
  set("multicast interface", IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
  set("multicast hop limit", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
  set("multicast loop", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop ? 1 : 0);
  set("multicast filter", IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
  set("multicast group", IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, request);
}

const setterOf =
  (fd: number) =>
  (what: string, level: number, option: number, value: number | Uint8Array): void => {
    checked(`set UDP ${what}`, native().setsockopt(fd, level, option, value));
  };

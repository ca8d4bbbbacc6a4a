/** Netlink sockets: the way to the kernel that `@systole/node-netlink` speaks over. */
import {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from "./constants.js";
import { type Referenced, watchDatagrams } from "./datagrams.js";
import { checked } from "./errno.js";
import { type Native, native } from "./native.js";
import { netlinkSocketAddress } from "./socket-address.js";

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
export const NETLINK_GENERIC = 16;

/** Structurally a `NetlinkSocket` of `@systole/node-netlink`. */
export interface NetlinkHandle {
  /** The port id the kernel gave us. */
  readonly portId: number;
  /** Hands one datagram to the kernel before it returns. 0, or a negative errno. */
  send(datagram: Uint8Array): number;
  /** Once. `datagram` is valid only during the call. `onOverrun`: the kernel dropped something (ENOBUFS). */
  listen(onDatagram: (datagram: Uint8Array) => void, onOverrun: () => void): void;
  join(group: number): void;
  leave(group: number): void;
  /** Whether this socket keeps the process alive; it does after `listen`. */
  ref(): void;
  unref(): void;
  close(): void;
}

export interface NetlinkOptions {
  /** NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_GENERIC. */
  readonly protocol: number;
  /** Multicast groups by number. */
  readonly groups?: readonly number[];
  /**
   * Receive buffer; the default of the system holds about 256 route events. Forced past the system's limit when we may
   * (CAP_NET_ADMIN), else as large as the system lets it be.
   */
  readonly receiveBufferBytes?: number;
  /** NETLINK_GET_STRICT_CHK: dumps filter by the fields of the request header. */
  readonly strictDump?: boolean;
}

/**
 * Opens and binds a netlink socket in the present network namespace, extended errors switched on.
 * @throws SystemError
 */
export function openNetlink(options: NetlinkOptions): NetlinkHandle {
  const calls = native();
  const fd = checked("open netlink", calls.socket(AF_NETLINK, SOCK_RAW, options.protocol));
  try {
    return handle(calls, fd, prepare(calls, fd, options));
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

/** Binds, sets the options, and answers the port id. */
function prepare(calls: Native, fd: number, options: NetlinkOptions): number {
  checked("bind netlink", calls.bind(fd, netlinkSocketAddress()));
  const address = new Uint8Array(12);
  checked("read netlink port id", calls.getsockname(fd, address));
  // Older kernels lack these; answers are then shorter on words, not wrong.
  calls.setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  calls.setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
  if (options.strictDump) calls.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  const bytes = options.receiveBufferBytes;
  if (bytes !== undefined && calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0) {
    checked("set receive buffer", calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, bytes));
  }
  for (const group of options.groups ?? []) {
    checked(`join netlink group ${group}`, calls.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group));
  }
  return new DataView(address.buffer).getUint32(4, true);
}

function handle(calls: Native, fd: number, portId: number): NetlinkHandle {
  const kernel = netlinkSocketAddress();
  let watch: Referenced | undefined;
  let open = true;
  const membership = (verb: string, option: number, group: number) =>
    checked(`${verb} netlink group ${group}`, calls.setsockopt(fd, SOL_NETLINK, option, group));
  return {
    portId,
    send(datagram) {
      const sent = open ? calls.sendto(fd, datagram, 0, kernel) : -EBADF;
      return Math.min(sent, 0);
    },
    listen(onDatagram, onOverrun) {
      if (watch !== undefined || !open) throw new Error("a netlink socket is listened to once");
      watch = watchDatagrams(fd, {
        // Only the kernel (port id 0) may answer; other processes could send to us, too.
        onDatagram: (datagram, sender) => void (isKernel(sender) && onDatagram(datagram)),
        onError: onOverrun,
      });
    },
    join: (group) => void membership("join", NETLINK_ADD_MEMBERSHIP, group),
    leave: (group) => void membership("leave", NETLINK_DROP_MEMBERSHIP, group),
    ref: () => watch?.ref(),
    unref: () => watch?.unref(),
    close() {
      if (!open) return;
      open = false;
      if (watch === undefined) calls.close(fd);
      else watch.close();
    },
  };
}

const EBADF = 9;
const isKernel = (sender: Uint8Array): boolean =>
  sender[4] === 0 && sender[5] === 0 && sender[6] === 0 && sender[7] === 0;

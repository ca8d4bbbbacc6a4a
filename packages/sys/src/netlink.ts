/** Netlink sockets: the way to the kernel that `@systole/node-netlink` speaks over. */
import {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_BROADCAST_ERROR,
  NETLINK_CAP_ACK,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_NO_ENOBUFS,
  SO_ATTACH_FILTER,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from "./constants.js";
import { type DatagramWatch, watchDatagrams } from "./datagrams.js";
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
  /** Once, instead of `listen`: no view is made for a datagram. Valid only during the call. */
  listenRanges(listener: RangeListener): void;
  /** Reads what has arrived now, without waiting for a wake-up: the kernel answers a request while it is sent. */
  drain(): void;
  /** What arrives waits in the receive buffer until `resume`: fewer wake-ups for more events each. */
  pause(): void;
  resume(): void;
  join(group: number): void;
  leave(group: number): void;
  /** Whether this socket keeps the process alive; it does after `listen`. */
  ref(): void;
  unref(): void;
  close(): void;
}

export interface RangeListener {
  /** A datagram: bytes `from` to `to`. */
  readonly onRange: (bytes: Uint8Array, from: number, to: number) => void;
  readonly onOverrun: () => void;
  /** After the last datagram of each wake-up. `drained`: there were no more; else they wake us again. */
  readonly onSettled?: (drained: boolean) => void;
  /** Batches of 64 datagrams in one wake-up at most; 8 without it. */
  readonly rounds?: number;
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
  /** The kernel waits for room instead of dropping an event (NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS). */
  readonly reliable?: boolean;
  /** A classic packet filter: what it does not let in is not delivered. */
  readonly filter?: Uint8Array;
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
  if (options.reliable) {
    checked("set reliable events", calls.setsockopt(fd, SOL_NETLINK, NETLINK_BROADCAST_ERROR, 1));
    checked("set reliable events", calls.setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1));
  }
  if (options.strictDump) calls.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
  const bytes = options.receiveBufferBytes;
  if (bytes !== undefined && calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0) {
    checked("set receive buffer", calls.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, bytes));
  }
  if (options.filter !== undefined) {
    checked("attach filter", calls.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, options.filter));
  }
  for (const group of options.groups ?? []) {
    checked(`join netlink group ${group}`, calls.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group));
  }
  return new DataView(address.buffer).getUint32(4, true);
}

function handle(calls: Native, fd: number, portId: number): NetlinkHandle {
  const kernel = netlinkSocketAddress();
  let watch: DatagramWatch | undefined;
  let open = true;
  const listenRanges = ({ onRange, onOverrun, onSettled, rounds }: RangeListener) => {
    if (watch !== undefined || !open) throw new Error("a netlink socket is listened to once");
    const handlers = {
      // Only the kernel (port id 0) may answer; other processes could send to us, too.
      onRange: (bytes: Uint8Array, from: number, to: number, senders: Uint8Array, at: number) =>
        void (isKernel(senders, at) && onRange(bytes, from, to)),
      onError: onOverrun,
      ...(onSettled !== undefined && { onSettled }),
    };
    watch = watchDatagrams(fd, handlers, rounds);
  };
  const membership = (verb: string, option: number, group: number) =>
    checked(`${verb} netlink group ${group}`, calls.setsockopt(fd, SOL_NETLINK, option, group));
  return {
    portId,
    send(datagram) {
      const sent = open ? calls.sendto(fd, datagram, 0, kernel) : -EBADF;
      return Math.min(sent, 0);
    },
    listen: (onDatagram, onOverrun) =>
      listenRanges({ onRange: (bytes, from, to) => onDatagram(bytes.subarray(from, to)), onOverrun }),
    listenRanges,
    drain: () => watch?.drain(),
    pause: () => watch?.pause(),
    resume: () => watch?.resume(),
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
const isKernel = (senders: Uint8Array, at: number): boolean =>
  senders[at + 4] === 0 && senders[at + 5] === 0 && senders[at + 6] === 0 && senders[at + 7] === 0;

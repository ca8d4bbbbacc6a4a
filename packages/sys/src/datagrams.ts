/**
 * Watches a datagram socket and hands out what arrived, many datagrams to one system call.
 *
 * At most `rounds` batches per wake-up, so that timers and other sockets get their turn; what is left wakes us again.
 * A socket error (ENOBUFS of netlink, ICMP errors) stops libuv's watch: it is read off and the watch started again.
 */
import { AF_INET6, MSG_TRUNC } from "./constants.js";
import { checked, SystemError } from "./errno.js";
import { type Native, native, type Watch } from "./native.js";

const EAGAIN = 11;
const ROUNDS = 8;
const SLOTS = 64;
const SLOT_BYTES = 32 * 1024;
const ADDRESS_BYTES = 32;

/** Receive buffers, shared by all sockets of this thread: a datagram is valid only while its handler runs. */
interface Buffers {
  readonly datagrams: Uint8Array;
  readonly out: Int32Array;
  readonly addresses: Uint8Array;
}

/** One for each depth of nesting: a handler may read another socket (`drain`) while its own datagram is in use. */
const pool: Buffers[] = [];
let depth = 0;

function buffersAt(level: number): Buffers {
  let found = pool[level];
  if (found === undefined) {
    pool[level] = found = {
      datagrams: new Uint8Array(SLOTS * SLOT_BYTES), // touched, and so resident, only as far as datagrams are long
      out: new Int32Array(SLOTS * 3),
      addresses: new Uint8Array(SLOTS * ADDRESS_BYTES),
    };
  }
  return found;
}

/** A datagram where it was received: bytes `from` to `to`, its sender's sockaddr at `senderFrom` of `senders`. */
export type OnRange = (
  bytes: Uint8Array,
  from: number,
  to: number,
  senders: Uint8Array,
  senderFrom: number,
) => void;

export interface DatagramHandlers {
  /** What it gets is valid only during the call. No view is made: for what arrives by the hundred thousand. */
  onRange: OnRange;
  /** The socket's error: a positive errno. ENOBUFS: datagrams were lost. Also called for a datagram over 32 KiB. */
  onError(errno: number): void;
  /** After the last datagram of each wake-up. `drained`: there were no more; else they wake us again. */
  onSettled?: (drained: boolean) => void;
}

/** `onRange` from a handler of whole arrays; `sender` is the kernel's sockaddr. */
export const eachDatagram =
  (onDatagram: (datagram: Uint8Array, sender: Uint8Array) => void): OnRange =>
  (bytes, from, to, senders, at) =>
    onDatagram(bytes.subarray(from, to), senders.subarray(at, at + ADDRESS_BYTES));

/** Anything that can keep the process alive or let it end. */
export interface Referenced {
  ref(): void;
  unref(): void;
  close(): void;
}

export interface DatagramWatch extends Referenced {
  /** Reads what has arrived now, without waiting for a wake-up. */
  drain(): void;
  /** What arrives waits in the socket until `resume`. */
  pause(): void;
  resume(): void;
}

/** Watches `fd` and owns it from now on: `close` closes it. */
export function watchDatagrams(fd: number, handlers: DatagramHandlers, rounds = ROUNDS): DatagramWatch {
  const calls = native();
  let open = true;
  const watch = openWatch(calls, fd, wake);

  function wake(status: number): void {
    drain();
    if (open && status < 0) checked(`watch descriptor ${fd}`, calls.pollStart(watch));
  }

  function drain(): void {
    const buffers = buffersAt(depth);
    let more = true;
    depth += 1;
    try {
      for (let round = 0; round < rounds && open && more; round++) more = receive(buffers);
    } finally {
      depth -= 1;
    }
    if (open) handlers.onSettled?.(!more);
  }

  /** One batch. @returns whether more may be there. */
  function receive(buffers: Buffers): boolean {
    const { datagrams, out, addresses } = buffers;
    const count = calls.recvBatch(fd, datagrams, SLOT_BYTES, out, addresses, ADDRESS_BYTES);
    if (count === -EAGAIN) return false;
    if (count < 0) handlers.onError(-count);
    for (let index = 0; index < count && open; index++) {
      // recvBatch filled three numbers for each index below its count
      if ((out[index * 3 + 1]! & MSG_TRUNC) !== 0) handlers.onError(TRUNCATED);
      else {
        const from = index * SLOT_BYTES;
        handlers.onRange(datagrams, from, from + out[index * 3]!, addresses, index * ADDRESS_BYTES);
      }
    }
    return count < 0 || count === SLOTS;
  }

  return {
    drain,
    pause: () => void (open && calls.pollStop(watch)),
    resume: () => void (open && checked(`watch descriptor ${fd}`, calls.pollStart(watch))),
    ref: () => void (open && calls.pollRef(watch, true)),
    unref: () => void (open && calls.pollRef(watch, false)),
    close() {
      if (!open) return;
      open = false;
      calls.pollClose(watch);
      setImmediate(() => calls.close(fd)); // the watch first, the descriptor after libuv let go of it
    },
  };
}

/** EMSGSIZE: what was received did not fit. */
const TRUNCATED = 90;

function openWatch(calls: Native, fd: number, wake: (status: number) => void): Watch {
  const watch = calls.pollOpen(fd, wake);
  if (typeof watch === "number") throw new SystemError(`watch descriptor ${fd}`, watch);
  checked(`watch descriptor ${fd}`, calls.pollStart(watch));
  return watch;
}

/** The address and scope in a received sockaddr_in or sockaddr_in6. */
export function senderAddress(sockaddr: Uint8Array): { address: Uint8Array; scopeId: number } {
  const ipv6 = sockaddr[0] === AF_INET6;
  if (!ipv6) return { address: sockaddr.subarray(4, 8), scopeId: 0 };
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.byteLength);
  return { address: sockaddr.subarray(8, 24), scopeId: view.getUint32(24, true) };
}

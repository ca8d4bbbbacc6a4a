/**
 * Watches a datagram socket and hands out what arrived, many datagrams to one system call.
 *
 * At most `ROUNDS` batches per wake-up, so that timers and other sockets get their turn; what is left wakes us again.
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

/** One receive buffer for all sockets of this thread: a datagram is valid only while its handler runs. */
interface Buffers {
  readonly datagrams: Uint8Array;
  readonly out: Int32Array;
  readonly addresses: Uint8Array;
}
let shared: Buffers | undefined;
const buffers = (): Buffers => {
  shared ??= {
    datagrams: new Uint8Array(SLOTS * SLOT_BYTES), // touched, and so resident, only as far as datagrams are long
    out: new Int32Array(SLOTS * 3),
    addresses: new Uint8Array(SLOTS * ADDRESS_BYTES),
  };
  return shared;
};

export interface DatagramHandlers {
  /** Both are valid only during the call. `sender` is the kernel's sockaddr. */
  onDatagram(datagram: Uint8Array, sender: Uint8Array): void;
  /** The socket's error: a positive errno. ENOBUFS: datagrams were lost. Also called for a datagram over 32 KiB. */
  onError(errno: number): void;
}

/** Anything that can keep the process alive or let it end. */
export interface Referenced {
  ref(): void;
  unref(): void;
  close(): void;
}

/** Watches `fd` and owns it from now on: `close` closes it. */
export function watchDatagrams(fd: number, handlers: DatagramHandlers): Referenced {
  const calls = native();
  let open = true;
  const watch = openWatch(calls, fd, wake);

  function wake(status: number): void {
    drain();
    if (open && status < 0) checked(`watch descriptor ${fd}`, calls.pollStart(watch));
  }

  function drain(): void {
    const { datagrams, out, addresses } = buffers();
    for (let round = 0; round < ROUNDS && open; round++) {
      const count = calls.recvBatch(fd, datagrams, SLOT_BYTES, out, addresses, ADDRESS_BYTES);
      if (count === -EAGAIN) return;
      if (count < 0) handlers.onError(-count);
      for (let index = 0; index < count && open; index++) deliver(index);
      if (count >= 0 && count < SLOTS) return;
    }
  }

  function deliver(index: number): void {
    const { datagrams, out, addresses } = buffers();
    const length = out[index * 3]!; // recvBatch filled three numbers for each index below its count
    if ((out[index * 3 + 1]! & MSG_TRUNC) !== 0) {
      handlers.onError(TRUNCATED);
      return;
    }
    const sender = addresses.subarray(index * ADDRESS_BYTES, index * ADDRESS_BYTES + out[index * 3 + 2]!);
    handlers.onDatagram(datagrams.subarray(index * SLOT_BYTES, index * SLOT_BYTES + length), sender);
  }

  return {
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

/**
 * A UDP socket for many datagrams: sending is one system call and nothing else, receiving many to one call.
 *
 * Node's `dgram` costs several times as much, in allocations and in turns of the event loop; it remains the right
 * choice for everything that is rare.
 */
import { type Referenced, senderAddress, watchDatagrams } from "./datagrams.js";
import { native } from "./native.js";
import { inetSocketAddress } from "./socket-address.js";
import { openUdp, type UdpOptions } from "./udp.js";

export interface UdpSocket extends Referenced {
  /** Where `send` goes from now on. */
  aim(address: Uint8Array, port: number, scopeId?: number): void;
  /** @returns 0, or a negative errno: the receiver's host refused, no route, no room in the send buffer. */
  send(datagram: Uint8Array): number;
  /** Once. `datagram` and `address` (4 or 16 bytes) are valid only during the call. */
  listen(onDatagram: (datagram: Uint8Array, address: Uint8Array) => void): void;
}

/** Opens, prepares and binds it in the present network namespace. @throws SystemError as `openUdp`. */
export function openUdpSocket(options: UdpOptions): UdpSocket {
  const calls = native();
  const fd = openUdp(options);
  let target: Uint8Array | null = null;
  let watch: Referenced | undefined;
  let open = true;
  return {
    aim(address, port, scopeId) {
      target = inetSocketAddress(address, port, scopeId);
    },
    send: (datagram) => (open ? Math.min(calls.sendto(fd, datagram, 0, target), 0) : -EBADF),
    listen(onDatagram) {
      watch = watchDatagrams(fd, {
        onRange: (bytes, from, to, senders, at) =>
          onDatagram(bytes.subarray(from, to), senderAddress(senders.subarray(at, at + 28)).address),
        onError: () => {}, // an ICMP error of what was sent before: sending says it again
      });
    },
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

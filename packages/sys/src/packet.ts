/** AF_PACKET sockets: whole payloads of link frames, for GARP and for watching a link in tests. */
import { AF_PACKET, SO_ATTACH_FILTER, SOCK_DGRAM, SOL_SOCKET } from "./constants.js";
import { eachDatagram, type Referenced, watchDatagrams } from "./datagrams.js";
import { checked } from "./errno.js";
import { native } from "./native.js";
import { linkSocketAddress } from "./socket-address.js";

export interface PacketOptions {
  /** The EtherType that is received; 0 for a socket that only sends; 3 for every frame. */
  readonly etherType: number;
  /** Only this interface; needed to receive from one link alone. */
  readonly interfaceIndex?: number;
  /**
   * A program of the classic packet filter, 8 bytes an instruction in this machine's byte order: what it does not let
   * in, this process is not woken for. Source: Documentation/networking/filter.rst.
   */
  readonly filter?: Uint8Array;
}

/** Where a frame came from. */
export interface PacketSender {
  readonly interfaceIndex: number;
  readonly etherType: number;
  readonly mac: Uint8Array;
  /** PACKET_*: 0 to us, 1 broadcast, 2 multicast, 3 to another host, 4 sent by ourselves. */
  readonly packetType: number;
}

export interface PacketSocket extends Referenced {
  /** Sends one payload behind an Ethernet header. 0, or a negative errno (ENETDOWN, ENXIO). */
  send(interfaceIndex: number, destinationMac: Uint8Array, etherType: number, payload: Uint8Array): number;
  /** Once. `payload`, without its link header, and `sender` are valid only during the call. */
  listen(onPacket: (payload: Uint8Array, sender: PacketSender) => void): void;
}

/** @throws SystemError `EPERM` without CAP_NET_RAW. */
export function openPacket(options: PacketOptions): PacketSocket {
  const calls = native();
  const { etherType, interfaceIndex = 0, filter } = options;
  // Protocol 0 at first: nothing is queued before the socket is bound to its interface.
  const fd = checked("open packet socket", calls.socket(AF_PACKET, SOCK_DGRAM, 0));
  let watch: Referenced | undefined;
  if (filter !== undefined) {
    const attached = calls.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter);
    if (attached < 0) calls.close(fd);
    checked("attach packet filter", attached);
  }
  if (etherType !== 0) {
    const bound = calls.bind(fd, linkSocketAddress(etherType, interfaceIndex));
    if (bound < 0) calls.close(fd);
    checked(`bind packet socket to interface ${interfaceIndex}`, bound);
  }
  return {
    send(index, mac, type, payload) {
      const sent = calls.sendto(fd, payload, 0, linkSocketAddress(type, index, mac));
      return Math.min(sent, 0);
    },
    listen(onPacket) {
      watch = watchDatagrams(fd, {
        onRange: eachDatagram((payload, sender) => onPacket(payload, packetSender(sender))),
        onError: () => {}, // ENETDOWN: the link went away; the owner watches links
      });
    },
    ref: () => watch?.ref(),
    unref: () => watch?.unref(),
    close: () => void (watch === undefined ? calls.close(fd) : watch.close()),
  };
}

function packetSender(sockaddr: Uint8Array): PacketSender {
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset, sockaddr.byteLength);
  return {
    etherType: view.getUint16(2, false),
    interfaceIndex: view.getInt32(4, true),
    packetType: sockaddr[10]!,
    mac: sockaddr.subarray(12, 12 + sockaddr[11]!),
  };
}

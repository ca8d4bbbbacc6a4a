/**
 * The system calls that Node has no door for. No policy: numbers and bytes in, numbers out.
 *
 * `sys.c` is the one native file, loaded by `native.ts` on first use; the other files give its calls a shape.
 */
export { lastArrival, stampArrivals } from "./arrival-time.js";
export { descriptorOf, type PeerCredentials, peerCredentials } from "./credentials.js";
export { type Referenced, senderAddress } from "./datagrams.js";
export { errnoName, SystemError } from "./errno.js";
export { type FifoReader, readFifo } from "./fifo.js";
export { type IcmpOptions, type IcmpSocket, openIcmp } from "./icmp.js";
export { enterNamespace, inNamespace } from "./namespace.js";
export {
  NETLINK_GENERIC,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NetlinkHandle,
  type NetlinkOptions,
  openNetlink,
  type RangeListener,
} from "./netlink.js";
export { bindToDevice, getSocketOption, setMark, setSocketOption } from "./options.js";
export { openPacket, type PacketOptions, type PacketSender, type PacketSocket } from "./packet.js";
export { type LockedText, lockProgramText, realtime } from "./realtime.js";
export { openSerial, type SerialHandlers, type SerialLine } from "./serial.js";
export { inetSocketAddress } from "./socket-address.js";
export { openStreams, type Stream, type StreamListener, type Streams } from "./streams.js";
export { closeDescriptor, type MulticastOptions, openUdp, type UdpOptions } from "./udp.js";
export { openUdpSocket, type UdpSocket } from "./udp-socket.js";
export { openUnixDatagram, type UnixDatagramSocket } from "./unix-datagram.js";
export { openWatchdog, type Watchdog } from "./watchdog.js";

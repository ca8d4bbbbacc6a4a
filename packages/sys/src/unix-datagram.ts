/** Unix datagrams: the service manager's `$NOTIFY_SOCKET`, `/dev/log`. */
import { unlinkSync } from "node:fs";
import { AF_UNIX, MSG_NOSIGNAL, SOCK_DGRAM } from "./constants.js";
import { eachDatagram, type Referenced, watchDatagrams } from "./datagrams.js";
import { checked } from "./errno.js";
import { native } from "./native.js";
import { unixSocketAddress } from "./socket-address.js";

export interface UnixDatagramSocket extends Referenced {
  /**
   * Sends one datagram. The path is looked up each time, so a receiver may restart in between.
   * @param path a leading `@` means an abstract name
   * @returns 0, or a negative errno: ENOENT and ECONNREFUSED nobody is there, EAGAIN its queue is full
   */
  send(datagram: Uint8Array, path: string): number;
  /** Once; only for a bound socket. `datagram` is valid only during the call. */
  listen(onDatagram: (datagram: Uint8Array) => void): void;
}

/** @param bindTo the path to receive on; removed again by `close`. Without it the socket only sends. */
export function openUnixDatagram(bindTo?: string): UnixDatagramSocket {
  const calls = native();
  const fd = checked("open Unix datagram socket", calls.socket(AF_UNIX, SOCK_DGRAM, 0));
  if (bindTo !== undefined) {
    const bound = calls.bind(fd, unixSocketAddress(bindTo));
    if (bound < 0) calls.close(fd);
    checked(`bind ${bindTo}`, bound);
  }
  let watch: Referenced | undefined;
  let open = true;
  return {
    send(datagram, path) {
      const sent = calls.sendto(fd, datagram, MSG_NOSIGNAL, unixSocketAddress(path));
      return Math.min(sent, 0);
    },
    listen(onDatagram) {
      watch = watchDatagrams(fd, { onRange: eachDatagram(onDatagram), onError: () => {} });
    },
    ref: () => watch?.ref(),
    unref: () => watch?.unref(),
    close() {
      if (!open) return;
      open = false;
      if (watch === undefined) calls.close(fd);
      else watch.close();
      if (bindTo !== undefined && !bindTo.startsWith("@")) unlinkSync(bindTo);
    },
  };
}

/** Who is at the other end of a Unix stream. */
import type { Socket } from "node:net";
import { SO_PEERCRED, SOL_SOCKET } from "./constants.js";
import { getSocketOption } from "./options.js";

/** As they were when the peer connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** @throws SystemError if it is not a connected Unix socket. */
export function peerCredentials(fd: number): PeerCredentials {
  const bytes = getSocketOption(fd, SOL_SOCKET, SO_PEERCRED, 12);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { pid: view.getInt32(0, true), uid: view.getInt32(4, true), gid: view.getInt32(8, true) };
}

/** The descriptor under a `net.Socket`; undefined when it is closed already. */
export function descriptorOf(socket: Socket): number | undefined {
  // `_handle` is Node's own and not in its types; Node 20 and 24 have it, and nothing public says the descriptor.
  const handle = (socket as { _handle?: { readonly fd?: unknown } | null })._handle;
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

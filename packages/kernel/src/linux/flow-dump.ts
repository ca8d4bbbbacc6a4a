/** A dump of the flows as the kernel's bytes, on a socket of its own. */
import { dumpFlows, encodeMessage, errnoName, NetlinkError } from "@systole/node-netlink";
import type { NetlinkHandle } from "@systole/sys";

const HEADER_BYTES = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST_DUMP = 0x301;
const OPERATION = "list flows";

/** Closes the socket at the end. The kernel goes on with a dump only as it is read: memory is bounded by itself. */
export function dumpFlowBytes(
  socket: NetlinkHandle,
  flow: (bytes: Uint8Array, from: number, to: number) => void,
  part: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = true;
    function finish(errno: number): void {
      if (!open) return;
      open = false;
      socket.close();
      if (errno === 0) {
        part(); // what came since the last one
        resolve();
      } else reject(new NetlinkError(OPERATION, { code: errnoName(errno) }));
    }
    socket.listenRanges({
      onRange(bytes, from, to) {
        for (let at = from; open && at + HEADER_BYTES <= to; ) {
          const length = u32(bytes, at);
          const type = bytes[at + 4]! | (bytes[at + 5]! << 8);
          if (length < HEADER_BYTES || at + length > to) return finish(EBADMSG);
          if (type === NLMSG_DONE) return finish(0);
          if (type === NLMSG_ERROR) return finish(-(u32(bytes, at + HEADER_BYTES) | 0) || EBADMSG);
          flow(bytes, at + HEADER_BYTES, at + length);
          at += (length + 3) & ~3;
        }
      },
      onOverrun: () => finish(ENOBUFS),
      onSettled: part,
      rounds: 1, // some thousand flows: others get their turn between two parts
    });
    const { type, payload } = dumpFlows();
    const flags = NLM_F_REQUEST_DUMP;
    const sent = socket.send(encodeMessage({ type, flags, sequence: 1, portId: socket.portId, payload }));
    if (sent < 0) finish(-sent);
  });
}

const EBADMSG = 74;
const ENOBUFS = 105;

const u32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

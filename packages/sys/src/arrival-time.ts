/** When the kernel received a datagram, however late we read it. */
import { SIOCGSTAMPNS } from "./constants.js";
import { native } from "./native.js";

/**
 * Switches stamping on. Once, after the socket was made. If no socket of this machine had it, the kernel needs a
 * moment: a datagram that comes before that is stamped when it is read.
 */
export function stampArrivals(fd: number): void {
  native().ioctl(fd, SIOCGSTAMPNS, new Uint8Array(16)); // answers ENOENT: nothing has arrived yet
}

/**
 * Wall-clock milliseconds since 1970 of the datagram that was read last; undefined if it has no stamp.
 *
 * Compare with `Date.now()` of the same turn only: the difference is how long the datagram waited.
 */
export function lastArrival(fd: number): number | undefined {
  const bytes = new Uint8Array(16);
  if (native().ioctl(fd, SIOCGSTAMPNS, bytes) < 0) return undefined;
  const view = new DataView(bytes.buffer);
  return Number(view.getBigInt64(0, true)) * 1000 + Number(view.getBigInt64(8, true)) / 1e6;
}

/**
 * The system calls that Node has no door for. No policy: numbers and bytes in, numbers out.
 *
 * The shapes stand here; `sys.c` is the one native file, loaded by `native.ts` on first use.
 */

/** Structurally a `NetlinkSocket` of `@systole/node-netlink`. */
export interface NetlinkHandle {
  readonly portId: number;
  send(datagram: Uint8Array): number;
  listen(onDatagram: (datagram: Uint8Array) => void, onOverrun: () => void): void;
  join(group: number): void;
  leave(group: number): void;
  ref(): void;
  unref(): void;
  close(): void;
}

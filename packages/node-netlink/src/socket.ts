/** What the connection needs of a socket: `@systole/sys` has the real one, `fake.ts` one for tests. */

export interface NetlinkSocket {
  /** The port id the kernel gave us. */
  readonly portId: number;
  /**
   * Hands one datagram to the kernel before it returns.
   * @returns 0, or a negative errno.
   */
  send(datagram: Uint8Array): number;
  /** `datagram` is valid only during the call: copy what is kept. `overrun`: the kernel dropped something (ENOBUFS). */
  listen(onDatagram: (datagram: Uint8Array) => void, onOverrun: () => void): void;
  join(group: number): void;
  leave(group: number): void;
  /** Whether this socket keeps the process alive. */
  ref(): void;
  unref(): void;
  close(): void;
}

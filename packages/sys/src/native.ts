/**
 * Loads `sysfd.node`, the machine code of `sys.c`, once per thread and on first use.
 *
 * It stands in `packages/sys/dist` during development, in the same folder as this file in an installed package, and
 * beside the program in a bundle.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { endianness } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A watch on one descriptor; only the functions of `Native` know what is inside. */
declare const watch: unique symbol;
export interface Watch {
  readonly [watch]: true;
}

/** Every function answers with a number >= 0 or a negative errno; only a wrong type of argument throws. */
export interface Native {
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): number;
  bind(fd: number, address: Uint8Array): number;
  sendto(fd: number, bytes: Uint8Array, flags: number, address: Uint8Array | null): number;
  /**
   * recvmmsg: the datagrams lie `slotBytes` apart in `into`, their senders `addressSlotBytes` apart in `addresses`.
   * `out` gets three numbers for each: length (as sent), flags, length of the address. Returns how many there were.
   */
  recvBatch(
    fd: number,
    into: Uint8Array,
    slotBytes: number,
    out: Int32Array,
    addresses: Uint8Array,
    addressSlotBytes: number,
  ): number;
  setsockopt(fd: number, level: number, option: number, value: number | Uint8Array): number;
  /** Returns the length of the answer. */
  getsockopt(fd: number, level: number, option: number, into: Uint8Array): number;
  /** Returns the length of the answer. */
  getsockname(fd: number, into: Uint8Array): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  epollCreate(): number;
  /**
   * Begins to connect; `epollWait` reports the descriptor under `token` when it is connected, and at each arrival.
   * @param address a `struct sockaddr_*`
   */
  tcpConnect(epoll: number, token: number, address: Uint8Array): number;
  /** Does not wait. `out` gets three numbers for each event: token, EPOLL* bits, errno of the socket. */
  epollWait(epoll: number, out: Int32Array): number;
  recv(fd: number, into: Uint8Array): number;
  /** @param how SHUT_RD, SHUT_WR, SHUT_RDWR: 0, 1, 2 */
  shutdown(fd: number, how: number): number;
  setns(fd: number, type: number): number;
  schedSetscheduler(threadId: number, policy: number, priority: number): number;
  mlock2(address: number, lengthBytes: number, flags: number): number;
  /** A watch that is not started yet, or a negative errno. `wake` gets 0 or a negative errno of libuv. */
  pollOpen(fd: number, wake: (status: number) => void): Watch | number;
  /** Starts, or starts again, to watch for readability. */
  pollStart(watch: Watch): number;
  /** Stops to watch; what arrives waits in the socket. */
  pollStop(watch: Watch): number;
  pollRef(watch: Watch, keepsProcessAlive: boolean): number;
  /** Ends the watch. The descriptor must stay open until libuv's next turn. */
  pollClose(watch: Watch): number;
}

let loaded: Native | undefined; // the one thing a thread has only once: the loaded library

/**
 * The system calls of `sys.c`.
 *
 * @throws Error if the machine is not little-endian Linux or `sysfd.node` was not built.
 */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  if (process.platform !== "linux" || endianness() !== "LE") {
    throw new Error(`@systole/sys: needs Linux on a little-endian machine, this is ${process.platform}`);
  }
  const here = placeOfThisFile();
  const places = [join(here, "sysfd.node"), join(here, "../dist/sysfd.node")];
  const place = places.find((path) => existsSync(path));
  if (place === undefined) {
    throw new Error(`@systole/sys: ${places[0]} is missing: build it with node test/setup/build.mjs`);
  }
  return createRequire(place)(place) as Native; // sys.c exports exactly these functions; a test calls each of them
}

/** A CommonJS bundle has `__dirname` and no `import.meta.url`; a module has it the other way round. */
const placeOfThisFile = (): string =>
  typeof __dirname === "string" ? __dirname : dirname(fileURLToPath(import.meta.url));

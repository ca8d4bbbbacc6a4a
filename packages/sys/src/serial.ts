/** Serial lines: raw, eight bits, no parity, at a given rate. Node has no door for termios. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { Referenced } from "./datagrams.js";
import { checked, SystemError } from "./errno.js";
import { native } from "./native.js";

const TCSETS = 0x5402;
const TCFLSH = 0x540b;
const CS8 = 0x30;
const CREAD = 0x80;
const CLOCAL = 0x800;
/** The kernel's struct termios: four flag words, the line discipline, 19 control characters. */
const TERMIOS_BYTES = 36;
const CONTROL_AT = 17;
const VMIN = 6;

/** include/uapi/asm-generic/termbits.h, the same on x86-64 and arm64. */
const RATES: ReadonlyMap<number, number> = new Map([
  [9600, 0x0d],
  [19200, 0x0e],
  [38400, 0x0f],
  [57600, 0x1001],
  [115200, 0x1002],
  [230400, 0x1003],
  [460800, 0x1004],
]);

export interface SerialLine extends Referenced {
  /** Never waits. @returns how many bytes the line took: fewer when it is slower than we are. */
  write(bytes: Uint8Array): number;
}

export interface SerialHandlers {
  /** Valid only during the call. */
  onBytes(bytes: Uint8Array): void;
  /** The device is gone; nothing more comes. */
  onGone(problem: string): void;
}

/** @throws SystemError or an error of node:fs if it is not a serial line or cannot be opened, RangeError for a rate. */
export function openSerial(path: string, baud: number, handlers: SerialHandlers): SerialLine {
  const rate = RATES.get(baud);
  if (rate === undefined) throw new RangeError(`${baud} baud`);
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    const termios = new Uint8Array(TERMIOS_BYTES);
    new DataView(termios.buffer).setUint32(8, CS8 | CREAD | CLOCAL | rate, true);
    termios[CONTROL_AT + VMIN] = 1;
    checked(`set ${path} to ${baud} baud`, native().ioctl(fd, TCSETS, termios));
    native().ioctl(fd, TCFLSH, new Uint8Array(8)); // best effort: what waited is noise
    return watchLine(fd, handlers);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function watchLine(fd: number, { onBytes, onGone }: SerialHandlers): SerialLine {
  const calls = native();
  const buffer = new Uint8Array(4096);
  let open = true;
  const watch = calls.pollOpen(fd, wake);
  if (typeof watch === "number") throw new SystemError("watch a serial line", watch);
  const watched = watch;
  checked("watch a serial line", calls.pollStart(watched));

  function wake(status: number): void {
    if (!open) return;
    try {
      const length = status < 0 ? 0 : readSync(fd, buffer);
      if (length > 0) return onBytes(buffer.subarray(0, length));
      gone("hung up");
    } catch (error) {
      if (!isAgain(error)) gone(error instanceof Error ? error.message : String(error));
    }
  }

  function gone(problem: string): void {
    close();
    onGone(problem);
  }

  function close(): void {
    if (!open) return;
    open = false;
    calls.pollClose(watched);
    setImmediate(() => closeSync(fd)); // the watch first, the descriptor after libuv let go of it
  }

  return {
    write(bytes) {
      if (!open) return 0;
      try {
        return writeSync(fd, bytes);
      } catch (error) {
        if (isAgain(error)) return 0;
        throw error;
      }
    },
    ref: () => void (open && calls.pollRef(watched, true)),
    unref: () => void (open && calls.pollRef(watched, false)),
    close,
  };
}

const isAgain = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EAGAIN";

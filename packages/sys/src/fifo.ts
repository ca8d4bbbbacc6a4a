/**
 * FIFOs, through which a process that is not our child tells us what it prints. A stream of Node on such a descriptor
 * closes it behind Node's back.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { checked, SystemError } from "./errno.js";
import { native } from "./native.js";

export interface FifoReader {
  /** Whoever wrote is done: hands over what is still in the pipe, and closes it. */
  end(): void;
}

/** What a pipe holds. */
const PIPE_BYTES = 64 * 1024;

/**
 * Reads the FIFO at `path`, which exists already; it is held open both ways, so that it does not end before its
 * writer has come. A writer that stays behind after `end` finds nobody reading.
 *
 * @param onBytes gets what came; valid only during the call.
 * @throws an error of node:fs if it cannot be opened.
 */
export function readFifo(path: string, onBytes: (bytes: Uint8Array) => void): FifoReader {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const buffer = new Uint8Array(PIPE_BYTES);
  const calls = native();
  let open = true;
  const watch = calls.pollOpen(fd, () => void (open && take()));
  if (typeof watch === "number") {
    closeSync(fd);
    throw new SystemError(`watch ${path}`, watch);
  }
  checked(`watch ${path}`, calls.pollStart(watch));

  function take(): void {
    const length = readSome();
    if (length > 0) onBytes(buffer.subarray(0, length));
  }

  function readSome(): number {
    try {
      return readSync(fd, buffer);
    } catch {
      return 0; // EAGAIN: nothing is there
    }
  }

  return {
    end() {
      if (!open) return;
      take();
      open = false;
      calls.pollClose(watch);
      setImmediate(() => closeSync(fd)); // the watch first, the descriptor after libuv let go of it
    },
  };
}

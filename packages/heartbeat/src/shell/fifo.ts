/**
 * /var/lib/heartbeat/fifo: commands of tools and scripts, each a classic message without signature.
 *
 *     >>>\nt=ask_resources\nrsc_hold=all\ninfo=me\n<<<\n
 *
 * Only root can write there. Writers come and go; we hold it open both ways so that it never ends.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, constants, lstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { dirname } from "node:path";
import { DecodeError } from "@systole/wire";
import { decodeUnsigned } from "../wire/datagram.js";
import type { Fields } from "../wire/field.js";

const END = "<<<\n";
/** What no command needs; beyond it the pipe is read and forgotten up to the next end mark. */
const LONGEST = 8192;

export interface FifoHandlers {
  command(fields: Fields): void;
  warn(problem: string): void;
}

/** Makes the FIFO if it is missing and reads it until closed. */
export function openFifo(path: string, handlers: FifoHandlers): { close(): void } {
  makeFifo(path);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let socket: Socket;
  try {
    socket = new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  let pending = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    pending += chunk;
    for (let end = pending.indexOf(END); end !== -1; end = pending.indexOf(END)) {
      take(pending.slice(0, end + END.length));
      pending = pending.slice(end + END.length).replace(/^\0/, "");
    }
    if (pending.length > LONGEST) {
      handlers.warn(`${path}: more than ${LONGEST} bytes without an end mark: forgotten`);
      pending = "";
    }
  });
  socket.on("error", (error) => handlers.warn(`${path}: ${error.message}`));

  function take(text: string): void {
    const start = text.indexOf(">>>\n");
    try {
      handlers.command(decodeUnsigned(start === -1 ? text : text.slice(start)));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      handlers.warn(`${path}: ${error.message}`);
    }
  }

  return { close: () => void socket.destroy() };
}

function makeFifo(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isFIFO() === true) {
    chmodSync(path, 0o600);
    return;
  }
  if (there !== undefined) rmSync(path);
  // Node has no door for mkfifo(3); this runs once, at the first start on a machine.
  const made = spawnSync("mkfifo", ["-m", "600", path], { stdio: ["ignore", "ignore", "pipe"] });
  if (made.status !== 0)
    throw new Error(`make ${path}: ${made.stderr?.toString().trim() || made.error?.message}`);
}

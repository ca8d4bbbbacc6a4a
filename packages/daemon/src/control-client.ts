/** The other side of a control socket: one question and its answer, with a limit in time. */
import { connect } from "node:net";
import { join } from "node:path";
import { type Clock, milliseconds, plus, systemClock } from "@systole/machine";
import { ControlError } from "./control-error.js";
import { ANSWER_LIMIT_BYTES, parseServerLine, requestLine } from "./control-protocol.js";
import { lineSplitter } from "./line-splitter.js";

export const DEFAULT_RUN = "/run/systole";

/** Where the daemons' runtime directories are: `SYSTOLE_RUN` or `/run/systole`. */
export const runRoot = (environment: Readonly<Record<string, string | undefined>> = process.env): string =>
  environment.SYSTOLE_RUN ?? DEFAULT_RUN;

/** The control socket of a daemon by its name. */
export const controlPath = (daemon: string, root = runRoot()): string => join(root, daemon, "control");

export interface CallOptions {
  /** Whole call, connecting included; 5,000 unless told otherwise. */
  readonly limitMs?: number;
  readonly clock?: Clock;
}

export interface ControlClient {
  /**
   * Asks and awaits the answer, on a connection of its own.
   *
   * @throws ControlError the daemon's, or `unreachable`, `time-limit`, `disconnected`.
   */
  call(verb: string, args?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<unknown>;
}

/** @param path the socket, such as `controlPath("ldirectord")`. */
export function controlClient(path: string, defaults: CallOptions = {}): ControlClient {
  return {
    call: (verb, args = {}, options = {}) => callOnce(path, verb, args, { ...defaults, ...options }),
  };
}

function unreachable(path: string, cause: NodeJS.ErrnoException): ControlError {
  const reason =
    cause.code === "ENOENT" || cause.code === "ECONNREFUSED"
      ? "nobody answers there; is the daemon running?"
      : cause.code === "EACCES"
        ? "permission denied; reading needs root or the group haclient"
        : cause.message;
  return new ControlError("unreachable", `${path}: ${reason}`, { cause });
}

function callOnce(
  path: string,
  verb: string,
  args: Readonly<Record<string, unknown>>,
  { limitMs = 5000, clock = systemClock() }: CallOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const splitter = lineSplitter(ANSWER_LIMIT_BYTES);
    let connected = false;

    const calledOff = clock.at(plus(clock.now(), milliseconds(limitMs)), () => {
      fail(new ControlError("time-limit", `${path}: no answer to ${verb} within ${limitMs} ms`));
    });
    function fail(error: ControlError): void {
      calledOff();
      socket.destroy();
      reject(error); // a second settlement changes nothing
    }

    socket.on("connect", () => {
      connected = true;
      socket.write(requestLine({ id: 1, verb, args }));
    });
    socket.on("data", (chunk: Buffer) => {
      const lines = splitter.push(chunk);
      if (lines === undefined) {
        fail(new ControlError("bad-answer", `${path}: answer over ${ANSWER_LIMIT_BYTES} bytes`));
        return;
      }
      for (const line of lines) settle(line);
    });
    socket.on("error", (error) => {
      fail(
        connected
          ? new ControlError("disconnected", `${path}: ${error.message}`, { cause: error })
          : unreachable(path, error),
      );
    });
    socket.on("close", () => fail(new ControlError("disconnected", `${path}: closed before it answered`)));

    function settle(text: string): void {
      try {
        const line = parseServerLine(text);
        if (line.type === "error") fail(line.error);
        if (line.type !== "answer" || line.id !== 1) return;
        calledOff();
        resolve(line.result);
        socket.destroy();
      } catch (error) {
        fail(error instanceof ControlError ? error : new ControlError("bad-answer", String(error)));
      }
    }
  });
}

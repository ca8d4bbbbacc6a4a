/**
 * The control socket of a daemon: requests answered in order, one at a time per client; events streamed.
 *
 * Every measure has a limit: clients, the length of a line, what a slow reader may leave unread. Beyond it the client
 * is told why, where it still listens, and disconnected; a subscriber comes back with `since` and loses nothing that
 * the event log still has.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { EventLog } from "@systole/bus";
import type { Logger } from "pino";
import type { Caller, Verb, Verbs } from "./context.js";
import { ControlError } from "./control-error.js";
import {
  answerLine,
  errorLine,
  eventLine,
  gapLine,
  LINE_LIMIT_BYTES,
  parseRequest,
  type Request,
} from "./control-protocol.js";
import type { Keeper } from "./drop-box.js";
import { lineSplitter } from "./line-splitter.js";

export const CLIENT_LIMIT = 64;
export const UNREAD_LIMIT_BYTES = 256 * 1024;

export interface ControlServerParts {
  readonly boot: string;
  readonly events: EventLog;
  readonly log: Logger;
  /** Who is at the other end of this connection. */
  readonly callerOf: (socket: Socket) => Caller;
  /** A listener that keeps what it takes begins to listen. */
  readonly keeper?: () => Keeper;
  /** May this caller use verbs that change something? */
  readonly mayChange: (caller: Caller) => boolean;
}

export interface ControlServer {
  addVerbs(verbs: Verbs): void;
  /** The server for the shell that gives it a path. */
  readonly server: Server;
  clients(): number;
  close(): Promise<void>;
}

export function createControlServer(parts: ControlServerParts): ControlServer {
  const verbs = new Map<string, { readonly changes: boolean; readonly run: Verb }>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()); // the other side went away; "close" follows
    if (sockets.size >= CLIENT_LIMIT) {
      parts.log.warn({ event: "control.busy", clients: sockets.size }, "control socket: too many clients");
      farewell(socket, new ControlError("busy", `more than ${CLIENT_LIMIT} clients`));
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    talk(socket, parts, verbs);
  });
  return {
    server,
    addVerbs(more) {
      for (const [name, verb] of Object.entries(more)) verbs.set(name, verb);
    },
    clients: () => sockets.size,
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroySoon();
      });
    },
  };
}

/** Says why, and disconnects whether it was heard or not. */
function farewell(socket: Socket, error: ControlError): void {
  socket.end(errorLine(undefined, error), () => socket.destroy());
}

type VerbTable = ReadonlyMap<string, { readonly changes: boolean; readonly run: Verb }>;

/** One client, from its connection to its end. */
function talk(socket: Socket, parts: ControlServerParts, verbs: VerbTable): void {
  const splitter = lineSplitter(LINE_LIMIT_BYTES);
  let subscribed = false;
  let keeper: Keeper | undefined;
  let caller: Caller;
  try {
    caller = parts.callerOf(socket);
  } catch (cause) {
    parts.log.error({ event: "control.credentials", error: cause }, "control socket: no credentials");
    socket.destroy();
    return;
  }

  function send(line: string): void {
    if (socket.destroyed || !socket.writable) return;
    if (socket.writableLength > UNREAD_LIMIT_BYTES) {
      parts.log.warn({ event: "control.slow", pid: caller.pid }, "control socket: slow reader disconnected");
      socket.destroy();
      return;
    }
    socket.write(line);
  }

  socket.on("data", (chunk: Buffer) => {
    const lines = splitter.push(chunk);
    if (lines === undefined) {
      farewell(socket, new ControlError("too-long", `line over ${LINE_LIMIT_BYTES} bytes`));
      return;
    }
    if (lines.length === 0) return;
    socket.pause(); // what the client sends meanwhile waits in the kernel's buffer
    void answerAll(lines).finally(() => socket.resume());
  });

  async function answerAll(lines: readonly string[]): Promise<void> {
    for (const line of lines) await answer(line);
  }

  /** Never rejects: each failure is an answer. */
  async function answer(line: string): Promise<void> {
    let request: Request | undefined;
    try {
      request = parseRequest(line);
      if (request.verb === "subscribe") subscribe(request);
      else if (request.verb === "taken")
        taken(request); // a word that wants no answer
      else send(answerLine(request.id, await run(request)));
    } catch (error) {
      send(errorLine(request?.id, asControlError(error)));
    }
  }

  async function run({ verb: name, args }: Request): Promise<unknown> {
    const verb = verbs.get(name);
    if (verb === undefined) {
      throw new ControlError("unknown-verb", `no verb "${name}"; there are: ${[...verbs.keys()].join(" ")}`);
    }
    if (verb.changes && !parts.mayChange(caller)) {
      const { pid, uid } = caller;
      parts.log.warn({ event: "control.refused", verb: name, pid, uid }, `control socket: ${name} refused`);
      throw new ControlError("not-permitted", `${name} needs root or the group haadmin`);
    }
    return await verb.run(args, caller);
  }

  /** Answers, then streams: what was missed, what is kept, what comes. The three follow without a turn between. */
  function subscribe({ id, args }: Request): void {
    const { boot = "", sequence = 0, keeps = false } = args;
    if (typeof boot !== "string" || typeof sequence !== "number") {
      throw new ControlError("bad-request", "subscribe: boot must be a string, sequence a number");
    }
    if (subscribed) throw new ControlError("bad-request", "subscribe: this connection is subscribed already");
    subscribed = true;
    if (keeps === true) keeper = parts.keeper?.();
    socket.on("close", () => keeper?.gone());
    const { missed, events, last } = parts.events.since(boot, sequence);
    send(answerLine(id, { boot: parts.boot, sequence: last }));
    if (missed > 0) send(gapLine(missed));
    const stop = parts.events.watch((event) => send(eventLine(event)));
    socket.on("close", stop);
    for (const event of events) socket.write(eventLine(event));
  }

  function taken({ args: { sequence } }: Request): void {
    if (typeof sequence === "number" && sequence >= 0) keeper?.taken(sequence);
  }
}

function asControlError(error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  return new ControlError("failed", error instanceof Error ? error.message : String(error));
}

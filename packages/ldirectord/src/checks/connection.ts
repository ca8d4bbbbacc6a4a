/** A connection as a dialogue needs it: TCP, TLS or UDP; bytes as strings; every problem as a sentence. */
import { createSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Call, LocalEnd } from "./conversation.js";
import { isOurs, placeName, problemOf } from "./problems.js";
import { createStreamDoor } from "./stream-door.js";
import type { TlsContexts, TlsWish } from "./tls.js";

export interface Connection {
  say(bytes: string): void;
  /** Ends our side. */
  finish(): void;
  /** What was said still leaves; nothing is heard any more. */
  close(): void;
}

export interface ConnectionEvents {
  open(local: LocalEnd): void;
  heard(bytes: string): void;
  ended(): void;
  /** `ours`: this machine could not even ask, such as when there are no descriptors left. */
  failed(problem: string, ours: boolean): void;
  /** The certificate of the other side will be a problem. */
  warned(warning: string): void;
}

export type Place = Pick<Call, "host" | "port" | "transport" | "tls">;
export type OpenConnection = (place: Place, events: ConnectionEvents) => Connection;

export interface ConnectionDoor {
  readonly open: OpenConnection;
  close(): void;
}

export function createConnectionDoor(contexts: TlsContexts): ConnectionDoor {
  const streams = createStreamDoor();
  return {
    open: (place, events) =>
      place.transport === "udp"
        ? openUdp(place.host, place.port, events)
        : (streams.open(place, events) ?? openSocket(place, contexts, events)),
    close: streams.close,
  };
}

interface Server {
  readonly host: string;
  readonly port: number;
}

export const tcpTo = ({ host, port }: Server): Socket => connect({ host, port });

/** @throws Error when a file that TLS needs is not as it should be */
export const tlsTo = ({ host, port }: Server, wish: TlsWish, contexts: TlsContexts): TLSSocket =>
  connectTls({ host, port, ...contexts.optionsFor(wish) });

/** With TLS, or to a host whose name must be looked up. */
function openSocket(place: Place, contexts: TlsContexts, events: ConnectionEvents): Connection {
  const { tls } = place;
  let closed = false;
  let opened = false;
  const heard = (bytes: Buffer) => {
    if (!closed) events.heard(bytes.toString("latin1"));
  };
  let socket: Socket;
  try {
    socket = tls === undefined ? tcpTo(place) : tlsTo(place, tls, contexts);
  } catch (error) {
    queueMicrotask(() =>
      events.failed(`TLS: ${error instanceof Error ? error.message : String(error)}`, false),
    );
    return { say() {}, finish() {}, close() {} };
  }
  socket.once(tls === undefined ? "connect" : "secureConnect", () => {
    if (closed) return;
    opened = true;
    const warning = tls === undefined ? undefined : contexts.warning(tls, socket);
    if (warning !== undefined) events.warned(warning);
    events.open({ address: () => socket.localAddress ?? "", port: () => socket.localPort ?? 0 });
  });
  socket.on("data", heard);
  socket.once("end", () => {
    if (!closed) events.ended();
  });
  socket.on("error", (error) => {
    if (!closed) events.failed(problemOf(error, placeName(place)), isOurs(error));
  });
  return {
    say: (bytes) => void socket.write(bytes, "latin1"),
    finish: () => void socket.end(),
    close() {
      closed = true;
      // What was said is with the kernel, but for what did not fit; before it is open nothing was said.
      if (opened && socket.writableLength > 0) socket.destroySoon();
      else socket.destroy();
    },
  };
}

function openUdp(host: string, port: number, events: ConnectionEvents): Connection {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  let closed = false;
  const failed = (error: Error) => {
    if (!closed) events.failed(problemOf(error, placeName({ host, port })), isOurs(error));
  };
  socket.on("error", failed);
  socket.on("message", (bytes) => {
    if (!closed) events.heard(bytes.toString("latin1"));
  });
  // Connected, so that an ICMP "port unreachable" reaches us as an error.
  socket.connect(port, host, () => {
    if (closed) return;
    events.open({ address: () => socket.address().address, port: () => socket.address().port });
  });
  return {
    say: (bytes) =>
      socket.send(Buffer.from(bytes, "latin1"), (error) => {
        if (error !== null) failed(error);
      }),
    finish() {},
    close() {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}

export type ListenForOne = typeof listenForOne;

/**
 * Waits at `address`, on a port of the kernel's choice, for one connection from `from`; nobody else is heard.
 *
 * @param listening told once somebody can connect
 */
export function listenForOne(
  address: string,
  from: string,
  events: ConnectionEvents,
  listening: (local: LocalEnd) => void,
): Connection {
  let taken: Socket | undefined;
  let closed = false;
  const failed = (error: Error) => {
    if (!closed) events.failed(problemOf(error, address), isOurs(error));
  };
  const server = createServer((socket) => {
    if (taken !== undefined || socket.remoteAddress !== from) {
      socket.destroy();
      return;
    }
    taken = socket;
    server.close();
    socket.on("data", (bytes) => {
      if (!closed) events.heard(bytes.toString("latin1"));
    });
    socket.once("end", () => {
      if (!closed) events.ended();
    });
    socket.on("error", failed);
  });
  server.on("error", failed);
  server.listen({ host: address, port: 0, backlog: 1 }, () => {
    const local = server.address();
    if (closed || local === null || typeof local === "string") return;
    listening({ address: () => local.address, port: () => local.port });
  });
  return {
    say: (bytes) => void taken?.write(bytes, "latin1"),
    finish: () => void taken?.end(),
    close() {
      closed = true;
      server.close();
      taken?.destroy();
    },
  };
}

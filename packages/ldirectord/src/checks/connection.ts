/** A connection as a dialogue needs it: TCP, TLS or UDP; bytes as strings; every problem as a sentence. */
import { createSocket } from "node:dgram";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Call, LocalEnd } from "./conversation.js";

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
  failed(problem: string): void;
}

export const openConnection = (
  { host, port, transport, tls }: Pick<Call, "host" | "port" | "transport" | "tls">,
  events: ConnectionEvents,
): Connection => (transport === "udp" ? openUdp(host, port, events) : openTcp(host, port, tls, events));

function openTcp(host: string, port: number, tls: Call["tls"], events: ConnectionEvents): Connection {
  const name = tls?.serverName;
  const socket: Socket =
    tls === undefined
      ? connect({ host, port })
      : connectTls({
          host,
          port,
          // Whether the server serves is the question, not who signed its certificate.
          rejectUnauthorized: false,
          ...(name === undefined || isIP(name) !== 0 ? {} : { servername: name }),
        });
  let closed = false;
  let opened = false;
  const unlessClosed = (run: () => void) => () => {
    if (!closed) run();
  };
  const local = (): LocalEnd => ({ address: socket.localAddress ?? "", port: socket.localPort ?? 0 });
  socket.once(
    tls === undefined ? "connect" : "secureConnect",
    unlessClosed(() => {
      opened = true;
      events.open(local());
    }),
  );
  socket.on("data", (bytes: Buffer) => {
    if (!closed) events.heard(bytes.toString("latin1"));
  });
  socket.once(
    "end",
    unlessClosed(() => events.ended()),
  );
  socket.on("error", (error) => {
    if (!closed) events.failed(problemOf(error, `${host.includes(":") ? `[${host}]` : host}:${port}`));
  });
  return {
    say: (bytes) => void socket.write(bytes, "latin1"),
    finish: () => void socket.end(),
    close() {
      closed = true;
      // A connection that is still being made would wait for its end before it could finish politely.
      if (opened) socket.destroySoon();
      else socket.destroy();
    },
  };
}

function openUdp(host: string, port: number, events: ConnectionEvents): Connection {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  let closed = false;
  const failed = (error: Error) => {
    if (!closed) events.failed(problemOf(error, `${host}:${port}`));
  };
  socket.on("error", failed);
  socket.on("message", (bytes) => {
    if (!closed) events.heard(bytes.toString("latin1"));
  });
  // Connected, so that an ICMP "port unreachable" reaches us as an error.
  socket.connect(port, host, () => {
    if (!closed) events.open(socket.address());
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

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection",
  ECONNRESET: "reset the connection",
  EHOSTUNREACH: "is unreachable (no route to host)",
  ENETUNREACH: "is unreachable (no route to its network)",
  ETIMEDOUT: "did not answer",
  EPIPE: "closed the connection",
  ENOTFOUND: "has no address",
};

function problemOf(error: Error, place: string): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = PROBLEMS[code];
  if ("reason" in error && typeof error.reason === "string") return `${place}: TLS: ${error.reason}`;
  return known === undefined ? `${place}: ${error.message}` : `${place} ${known}`;
}

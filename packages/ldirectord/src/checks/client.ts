/**
 * A check that a library speaks: ldap, ldaps, mysql, pgsql, oracle.
 *
 * The libraries are loaded when the first check of their kind starts, so that nobody pays for what is not checked. They
 * ride on sockets that we made and destroy: no check outlives its time limit. The first problem is the verdict, in the
 * words of the socket where it is the socket's.
 */
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ClientService, ClientSpec, NegotiateSpec } from "../core/configured.js";
import { tcpTo, tlsTo } from "./connection.js";
import type { Dialogue, Outcome } from "./dialogue.js";
import { askLdap } from "./ldap.js";
import type { Matcher } from "./matcher.js";
import { compilePattern } from "./perl-pattern.js";
import { isOurs, placeName, problemOf } from "./problems.js";
import { askMysql, askOracle, askPgsql } from "./sql.js";
import type { TlsContexts } from "./tls.js";

export const isClientSpec = (spec: NegotiateSpec): spec is ClientSpec => Object.hasOwn(ASKS, spec.service);

/** What a library found out; `text` is compared with `receive`. */
export type Answer =
  | { readonly up: true; readonly message: string; readonly text?: string }
  | { readonly up: false; readonly reason: string };

export interface Means {
  /** A connection that is being made. */
  connect(): Socket;
  connectTls(): TLSSocket;
  /** A socket that the library connects. */
  socket(): Socket;
  /** Called when nobody waits for the answer any more, beside the end of the sockets. */
  onClose(run: () => void): void;
  /** A module that may be missing. */
  load(name: string): Promise<unknown>;
}

/** Rejects with whatever the library throws. */
export type Ask = (spec: ClientSpec, means: Means) => Promise<Answer>;

const ASKS: Readonly<Record<ClientService, Ask>> = {
  ldap: askLdap,
  ldaps: askLdap,
  mysql: askMysql,
  oracle: askOracle,
  pgsql: askPgsql,
};

export interface ClientParts {
  readonly contexts: TlsContexts;
  readonly matcher: Matcher;
  readonly load: (name: string) => Promise<unknown>;
}

export function holdClient(
  spec: ClientSpec,
  parts: ClientParts,
  finish: (outcome: Outcome) => void,
): Dialogue {
  const { target } = spec;
  const server = { host: target.address, port: target.port };
  const place = placeName(server);
  const sockets: Socket[] = [];
  const closers: (() => void)[] = [];
  let warning: string | undefined;
  let stage = `${place} did not take the connection`;
  let over = false;

  function close(): void {
    over = true;
    for (const run of closers) run();
    for (const socket of sockets) socket.destroy();
  }

  function judge(outcome: Outcome): void {
    if (over) return;
    close();
    finish(outcome.up && warning !== undefined ? { ...outcome, warning } : outcome);
  }

  function failed(error: unknown): void {
    if (!(error instanceof Error)) judge({ up: false, reason: String(error) });
    else if (isOurs(error)) judge({ up: false, reason: problemOf(error, place), ours: true });
    else judge({ up: false, reason: problemOf(error, place) });
  }

  function keep<Kind extends Socket>(socket: Kind): Kind {
    sockets.push(socket);
    socket.on("error", failed);
    socket.once("connect", () => {
      stage = `${place} took the connection, but did not answer in full`;
    });
    return socket;
  }

  function connectTls(): TLSSocket {
    const tls = { serverName: spec.tls.serverName ?? spec.virtualHost, settings: spec.tls };
    const socket = keep(tlsTo(server, tls, parts.contexts));
    socket.once("secureConnect", () => {
      warning = parts.contexts.warning(tls, socket);
    });
    return socket;
  }

  async function compared(answer: Answer): Promise<Outcome> {
    if (!answer.up) return answer;
    const { message, text } = answer;
    if (text === undefined || spec.receive === undefined) return { up: true, message };
    const found = await parts.matcher.search(compilePattern(spec.receive), [text]);
    if (found === "timeout")
      return { up: false, reason: "the receive expression took too long and was stopped" };
    return found ? { up: true, message } : { up: false, reason: `"${spec.receive}" is not in "${text}"` };
  }

  const means: Means = {
    connect: () => keep(tcpTo(server)),
    connectTls,
    socket: () => keep(new Socket()),
    onClose: (run) => void closers.push(run),
    load: parts.load,
  };
  ASKS[spec.service](spec, means).then(compared).then(judge, failed);
  return { stage: () => stage, close };
}

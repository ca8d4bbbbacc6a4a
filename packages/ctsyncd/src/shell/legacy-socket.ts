/**
 * The control socket of conntrackd, at UNIX Path: a client writes one number in host order and reads text until the
 * server closes. Scripts and the original's own client ask here.
 *
 * Mode 0600, and only root can connect: there is no other check. Codes that the mode does not know are ignored.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Instant } from "@systole/machine";
import type { Command } from "../core/session.types.js";
import type { Desk } from "./commands.js";
import { type Listing, listing } from "./listing.js";
import { STATISTICS } from "./statistics.js";
import { type StatusParts, statusOf } from "./status.js";

/** A commit of a million flows takes less. */
const COMMIT_LIMIT_MS = 600_000;

const commit: Command = { verb: "commit", limitMs: COMMIT_LIMIT_MS };

/** What each code of a request means. A commit, as every change, is of flows and expectations together. */
const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  ...[18, 42, 46].map((code) => [code, commit] as const),
  ...[0, 38, 43].map((code) => [code, { verb: "flush-kernel" }] as const),
  ...[1, 39, 44].map((code) => [code, { verb: "resync-kernel" }] as const),
  ...[19, 45].map((code) => [code, { verb: "flush", cache: "both" }] as const),
  [33, { verb: "flush", cache: "local" }],
  [34, { verb: "flush", cache: "peer" }],
  [22, { verb: "send-bulk" }],
  [23, { verb: "request-resync" }],
  [26, { verb: "purge-later" }],
]);

const LISTINGS: ReadonlyMap<number, Listing> = new Map([
  [16, { cache: "local", about: "flows", xml: false }],
  [17, { cache: "peer", about: "flows", xml: false }],
  [24, { cache: "local", about: "flows", xml: true }],
  [25, { cache: "peer", about: "flows", xml: true }],
  [40, { cache: "local", about: "expectations", xml: false }],
  [41, { cache: "peer", about: "expectations", xml: false }],
]);

const TEXTS: ReadonlyMap<number, string> = new Map([
  [21, "ct"],
  [28, "network"],
  [29, "cache"],
  [30, "runtime"],
  [31, "link"],
  [32, "rsqueue"],
  [35, "process"],
  [36, "queue"],
  [37, "expect"],
]);

const STOP = 20;
/** A client that says nothing is not waited for. */
const IDLE_MS = 30_000;

export interface LegacyParts {
  readonly desk: Desk;
  readonly parts: StatusParts;
  readonly now: () => Instant;
  readonly stop: (reason: string) => void;
}

/** Listens; a socket that a dead process left behind is replaced. @throws Error if it cannot. */
export function serveLegacySocket(path: string, legacy: LegacyParts): Promise<{ close(): void }> {
  rmSync(path, { force: true }); // the daemon kit's own socket says whether another one lives
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => answer(socket, legacy));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const mask = process.umask(0o177);
    server.listen(path, () => {
      process.umask(mask);
      chmodSync(path, 0o600);
      resolve({
        close() {
          server.close();
          rmSync(path, { force: true });
        },
      });
    });
  });
}

function answer(socket: Socket, legacy: LegacyParts): void {
  let bytes = Buffer.alloc(0);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy()); // the client went away
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < 4) return;
    socket.removeAllListeners("data");
    carryOut(bytes.readInt32LE(0), socket, legacy).then(
      () => socket.end(),
      () => socket.destroy(),
    );
  });
  socket.on("end", () => {
    if (bytes.length < 4) socket.end();
  });
}

async function carryOut(
  code: number,
  socket: Socket,
  { desk, parts, now, stop }: LegacyParts,
): Promise<void> {
  const command = COMMANDS.get(code);
  const wanted = LISTINGS.get(code);
  const text = TEXTS.get(code);
  socket.setTimeout(0);
  if (command !== undefined) await desk.ask(command);
  else if (wanted !== undefined) await write(socket, listing(parts.session, wanted, now()));
  else if (text !== undefined) socket.write(STATISTICS[text]!(statusOf(parts, now())));
  else if (code === STOP) stop("asked to stop");
}

/** Lines in portions, as fast as the client reads them, so that others get their turn. */
async function write(socket: Socket, lines: Iterable<string>): Promise<void> {
  let portion: string[] = [];
  for (const line of lines) {
    portion.push(line);
    if (portion.length < 1000) continue;
    await send(socket, portion);
    portion = [];
  }
  await send(socket, portion);
}

function send(socket: Socket, lines: readonly string[]): Promise<void> {
  if (lines.length === 0 || socket.destroyed) return Promise.resolve();
  return new Promise((resolve, reject) => {
    socket.write(`${lines.join("\n")}\n`, (error) => (error ? reject(error) : setImmediate(resolve)));
  });
}

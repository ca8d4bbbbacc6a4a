/**
 * The client API of the original: a Unix stream at /var/run/heartbeat/register, open to everybody. Who may sign on, the
 * kernel's word about the process at the other end and `apiauth` decide.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { descriptorOf, peerCredentials } from "@systole/sys";
import { DecodeError } from "@systole/wire";
import type { ClientAccess } from "../config/ha-cf.types.js";
import type { OtherMessage } from "../core/message.js";
import { apiFrameReader, encodeApiFrame } from "../wire/api-frame.js";
import type { Fields } from "../wire/field.js";
import type { ApiWorld } from "./api-requests.js";
import { type ApiSession, createApiSession } from "./api-session.js";
import type { News } from "./news.js";

export interface ApiSurroundings extends ApiWorld {
  readonly node: string;
  readonly version: string;
  readonly times: () => { readonly keepalive: number; readonly deadtime: number };
  readonly access: () => ReadonlyMap<string, ClientAccess>;
  readonly isOnline: (client: string) => boolean;
  readonly joined: (client: string) => void;
  readonly left: (client: string) => void;
  /** A named client's message to the cluster, or to one node. */
  readonly say: (client: string, message: OtherMessage, dest: string | undefined) => void;
  readonly warn: (line: string) => void;
}

export interface ClientApi {
  tell(news: News): void;
  close(): void;
}

/** As many as the control socket has. */
const MOST_CLIENTS = 64;
/** Anybody may connect; who says nothing shall not take a client's place. */
const SIGN_ON_LIMIT_MS = 5000;
const UNREAD_LIMIT_BYTES = 256 * 1024;

/** Listens at `path`. @throws Error if that cannot be done. */
export async function openClientApi(path: string, world: ApiSurroundings): Promise<ClientApi> {
  const sessions = new Map<Socket, ApiSession>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const descriptor = descriptorOf(socket);
    if (sessions.size >= MOST_CLIENTS)
      world.warn(`client API: more than ${MOST_CLIENTS} clients, one was hung up on`);
    if (sessions.size >= MOST_CLIENTS || descriptor === undefined) return void socket.destroy();
    const session = createApiSession(peerCredentials(descriptor), world, {
      send: (fields) => send(socket, fields, world),
      end: () => void socket.end(),
    });
    sessions.set(socket, session);
    socket.setTimeout(SIGN_ON_LIMIT_MS, () => {
      if (session.client === undefined) socket.destroy();
    });
    socket.on("close", () => {
      sessions.delete(socket);
      if (session.client !== undefined) world.left(session.client);
    });
    converse(socket, session, world);
  });
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o777);
  return {
    tell(news) {
      for (const session of sessions.values()) session.tell(news);
    },
    close() {
      server.close();
      for (const socket of sessions.keys()) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

function send(socket: Socket, fields: Fields, world: ApiSurroundings): void {
  if (socket.destroyed || !socket.writable) return;
  if (socket.writableLength > UNREAD_LIMIT_BYTES) {
    world.warn("client API: slow reader disconnected");
    return void socket.destroy();
  }
  socket.write(encodeApiFrame(fields));
}

/** Frames one after the other: each is answered before the next is looked at. */
function converse(socket: Socket, session: ApiSession, world: ApiSurroundings): void {
  const read = apiFrameReader();
  socket.on("data", (chunk: Buffer) => {
    let frames: readonly Fields[];
    try {
      frames = read(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      world.warn(`client API: ${error.message}`);
      return void socket.destroy();
    }
    socket.pause();
    void answerAll(frames).finally(() => socket.resume());
  });

  async function answerAll(frames: readonly Fields[]): Promise<void> {
    for (const frame of frames) await session.hear(frame);
  }
}

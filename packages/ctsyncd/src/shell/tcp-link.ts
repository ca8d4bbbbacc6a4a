/**
 * A link over TCP, as the original's: each node listens and connects, and every connection is used in one direction
 * only. What we send goes over those that we opened, what we receive comes over those that we accepted.
 *
 * A connection is opened again each second until it stands. The stream is the bare messages; what a read cuts off waits
 * for the next one.
 */
import { createServer, connect as open, type Server, type Socket } from "node:net";
import { type Clock, plus, seconds } from "@systole/machine";
import { type IpAddress, parseIp } from "@systole/wire";
import type { UnicastLink } from "../config/configuration.js";
import { wholeMessages } from "../wire/message.js";
import { type LinkCounters, type LinkHooks, noTraffic, type SyncChannel } from "./link.js";

const RETRY_PAUSE = seconds(1);
/** A peer that does not read: beyond this, what is sent to it is lost. */
const SEND_LIMIT_BYTES = 16 * 1024 * 1024;
/** Longer than any message: a stream that does not contain one in so many bytes is not ours. */
const UNFINISHED_LIMIT_BYTES = 65_536;

interface Parts {
  readonly clock: Clock;
  readonly hooks: LinkHooks;
}

/** Opens the link; what fails is tried again. */
export function openTcpLink(link: UnicastLink, { clock, hooks }: Parts): SyncChannel {
  const counters = noTraffic();
  const server = listen(link, counters, { clock, hooks });
  const peers = link.peers.map((peer) => outgoing(link, peer, counters, { clock, hooks }));
  return {
    counters,
    get open() {
      return server.open;
    },
    get connections() {
      return { incoming: server.connected, outgoing: peers.some(({ connected }) => connected) };
    },
    send(datagram) {
      for (const peer of peers) peer.send(datagram);
    },
    close() {
      server.close();
      for (const peer of peers) peer.close();
    },
  };
}

function listen(link: UnicastLink, counters: LinkCounters, { clock, hooks }: Parts) {
  /** One for each peer: a new connection replaces the old one. */
  const accepted = new Map<IpAddress, Socket>();
  let server: Server | undefined;
  let isOpen = false;
  let told: "nothing" | "works" | "broken" = "nothing";
  let callOff = () => {};
  let closed = false;

  function start(): void {
    const made = createServer({ keepAlive: true, noDelay: true }, accept);
    server = made;
    made.on("error", (error) => {
      isOpen = false;
      made.close();
      if (told !== "broken") hooks.broken(error.message);
      told = "broken";
      if (!closed) callOff = clock.at(plus(clock.now(), RETRY_PAUSE), start);
    });
    made.listen(link.port, scoped(link.address, link.interface), () => {
      isOpen = true;
      if (told !== "works") hooks.works();
      told = "works";
    });
  }

  function accept(socket: Socket): void {
    const from = parseIp((socket.remoteAddress ?? "").split("%")[0]!);
    socket.on("error", () => {
      counters.receiveErrors += 1;
    });
    if (from === undefined || !link.peers.includes(from)) {
      if (from !== undefined) hooks.received(from, NOTHING); // counted and reported as a stranger
      socket.destroy();
      return;
    }
    accepted.get(from)?.destroy();
    accepted.set(from, socket);
    socket.on("close", () => {
      if (accepted.get(from) === socket) accepted.delete(from);
    });
    let rest: Uint8Array = NOTHING;
    socket.on("data", (chunk) => {
      counters.receivedDatagrams += 1;
      counters.receivedBytes += chunk.length;
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = wholeMessages(bytes);
      if (whole > 0) hooks.received(from, bytes.subarray(0, whole));
      rest = bytes.slice(whole);
      if (rest.length > UNFINISHED_LIMIT_BYTES) socket.destroy();
    });
  }

  start();
  return {
    get open() {
      return isOpen;
    },
    get connected() {
      return accepted.size > 0;
    },
    close() {
      closed = true;
      callOff();
      server?.close();
      for (const socket of accepted.values()) socket.destroy();
    },
  };
}

const NOTHING = new Uint8Array(0);

/** The connection that we open to one peer. */
function outgoing(link: UnicastLink, peer: IpAddress, counters: LinkCounters, { clock, hooks }: Parts) {
  let socket: Socket | undefined;
  let connected = false;
  let closed = false;
  let callOff = () => {};

  function start(): void {
    const made = open({
      host: scoped(peer, link.interface),
      port: link.port,
      localAddress: scoped(link.address, link.interface),
      keepAlive: true,
      noDelay: true,
    });
    socket = made;
    made.on("connect", () => {
      connected = true;
      hooks.connected(peer);
    });
    made.on("error", () => {
      counters.sendErrors += 1; // "close" follows
    });
    made.on("close", () => {
      connected = false;
      if (!closed) callOff = clock.at(plus(clock.now(), RETRY_PAUSE), start);
    });
    made.resume(); // a peer that says something here is not heard
  }

  start();
  return {
    get connected() {
      return connected;
    },
    send(datagram: Uint8Array) {
      if (!connected || socket === undefined || socket.writableLength > SEND_LIMIT_BYTES) {
        counters.sendErrors += 1;
        return;
      }
      socket.write(datagram);
      counters.sentDatagrams += 1;
      counters.sentBytes += datagram.length;
    },
    close() {
      closed = true;
      callOff();
      socket?.destroy();
    },
  };
}

const scoped = (address: IpAddress, name: string): string =>
  address.startsWith("fe80:") ? `${address}%${name}` : address;

/**
 * The link to the peers over UDP: unicast or multicast, one socket to send and one to receive.
 *
 * The sockets are made with their options by @systole/sys and handed to `dgram`. The receiving one is bound to our own
 * address, or to the group, so that traffic of another link is never taken for ours. A link that cannot be opened, or
 * breaks, is opened again each second; what is sent meanwhile is lost, as on any link, and FTFW sends it again.
 */
import { createSocket, type Socket } from "node:dgram";
import { readFileSync } from "node:fs";
import type { Links } from "@systole/kernel";
import { type Clock, plus, seconds } from "@systole/machine";
import { openUdp, type UdpOptions } from "@systole/sys";
import { familyOf, type IpAddress, ipBytes, parseIp } from "@systole/wire";
import type { SyncLink } from "../config/configuration.js";

export interface ChannelHooks {
  readonly received: (from: IpAddress, datagram: Uint8Array) => void;
  /** Once when the link breaks, not again until it has worked. */
  readonly broken: (problem: string) => void;
  readonly works: () => void;
}

export interface Channel {
  send(datagram: Uint8Array): void;
  readonly errors: { readonly sent: number };
  readonly open: boolean;
  close(): void;
}

const RETRY_PAUSE = seconds(1);
/** Standard Ethernet, when the interface cannot be asked. */
const USUAL_MTU = 1500;

/** Largest UDP payload that is not fragmented on this link. */
export function capacityOf(link: SyncLink): number {
  const address = link.kind === "udp" ? link.address : link.group;
  return mtuOf(link.interface) - (familyOf(address) === "inet" ? 28 : 48);
}

function mtuOf(name: string): number {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, "utf8"));
    return mtu >= 576 && mtu <= 65_535 ? mtu : USUAL_MTU;
  } catch {
    return USUAL_MTU; // not there yet: it will be asked for again when the daemon restarts
  }
}

/** Opens the link; resolves when it is open, or has failed for the first time and goes on trying. */
export async function openChannel(
  link: SyncLink,
  { links, clock, hooks }: { readonly links: Links; readonly clock: Clock; readonly hooks: ChannelHooks },
): Promise<Channel> {
  const errors = { sent: 0 };
  let sockets: { readonly out: Socket; readonly incoming: Socket; readonly to: string } | undefined;
  let told: "nothing" | "works" | "broken" = "nothing";
  let closed = false;
  let callOff = () => {};

  async function open(): Promise<void> {
    try {
      const plan = await planOf(link, links);
      if (closed) return;
      const incoming = adopt(plan.receive, broken);
      incoming.on("message", (datagram, { address }) => {
        const from = parseIp(address.split("%")[0]!);
        if (from !== undefined) hooks.received(from, datagram);
      });
      sockets = { out: adopt(plan.send, broken), incoming, to: plan.to };
      if (told !== "works") hooks.works();
      told = "works";
    } catch (error) {
      broken(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function broken(error: Error): void {
    shut();
    if (closed) return;
    if (told !== "broken") hooks.broken(error.message);
    told = "broken";
    callOff();
    callOff = clock.at(plus(clock.now(), RETRY_PAUSE), () => void open()); // `open` never rejects
  }

  function shut(): void {
    sockets?.out.close();
    sockets?.incoming.close();
    sockets = undefined;
  }

  await open();
  return {
    errors,
    get open() {
      return sockets !== undefined;
    },
    send(datagram) {
      sockets?.out.send(datagram, link.port, sockets.to, (error) => {
        if (error) errors.sent += 1; // no route or no buffer at present; FTFW sends it again
      });
    },
    close() {
      closed = true;
      callOff();
      shut();
    },
  };
}

interface SocketPlan {
  readonly send: UdpOptions;
  readonly receive: UdpOptions;
  readonly to: string;
}

async function planOf(link: SyncLink, links: Links): Promise<SocketPlan> {
  const found = (await links.list()).find(({ name }) => name === link.interface);
  if (found === undefined) throw new Error(`there is no interface ${link.interface}`);
  const { sendBufferBytes, receiveBufferBytes } = link;
  const out = { port: 0, ...(sendBufferBytes !== undefined && { sendBufferBytes }) };
  const incoming = {
    port: link.port,
    reuseAddress: true,
    receiveBufferBytes: receiveBufferBytes ?? RECEIVE_BUFFER,
  };
  const own = link.address === undefined ? {} : { address: ipBytes(link.address), scopeId: found.index };
  if (link.kind === "udp") {
    const family = familyOf(link.address);
    const scoped = family === "inet6" && link.peer.startsWith("fe80:");
    const to = scoped ? `${link.peer}%${link.interface}` : link.peer;
    return { send: { family, ...own, ...out }, receive: { family, ...own, ...incoming }, to };
  }
  const family = familyOf(link.group);
  const multicast = { group: ipBytes(link.group), interfaceIndex: found.index, ttl: 1, loop: false };
  return {
    send: { family, ...own, ...out, multicast },
    receive: { family, address: ipBytes(link.group), scopeId: found.index, ...incoming, multicast },
    to: family === "inet" ? link.group : `${link.group}%${link.interface}`,
  };
}

/** A bulk update comes in bursts of 32 datagrams; the system's default holds about 90. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** A prepared descriptor as a dgram socket. Addresses are never looked up: sending happens within the call. */
function adopt(options: UdpOptions, broken: (error: Error) => void): Socket {
  const fd = openUdp(options);
  const ipv4 = options.family === "inet";
  const socket = createSocket({
    type: ipv4 ? "udp4" : "udp6",
    lookup: (address, _options, callback) => callback(null, address, ipv4 ? 4 : 6),
  });
  socket.on("error", broken);
  socket.bind({ fd, exclusive: true });
  return socket;
}

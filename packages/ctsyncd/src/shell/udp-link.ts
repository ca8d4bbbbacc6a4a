/**
 * A link over UDP: unicast to each peer, or multicast.
 *
 * The receiving socket is bound to our own address, or to the group, and hears only what comes in on the interface: a
 * datagram from elsewhere, whatever sender it claims to have, is not ours. A link that cannot be opened is opened again
 * each second, and anew when its interface was replaced; what is sent meanwhile is lost, as on any link.
 */
import type { Links } from "@systole/kernel";
import { type Clock, plus, seconds } from "@systole/machine";
import { openUdpSocket, type UdpOptions, type UdpSocket } from "@systole/sys";
import { familyOf, type IpAddress, ipBytes, ipv4FromBytes, ipv6FromBytes } from "@systole/wire";
import type { MulticastLink, UnicastLink } from "../config/configuration.js";
import { type LinkHooks, noTraffic, type SyncChannel } from "./link.js";

const RETRY_PAUSE = seconds(1);
/** A bulk update comes in bursts of 32 datagrams; the system's default holds about 90. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

type DatagramLink = UnicastLink | MulticastLink;

export interface LinkParts {
  readonly links: Links;
  readonly clock: Clock;
  readonly hooks: LinkHooks;
}

/** Opens the link; resolves when it is open, or has failed for the first time and goes on trying. */
export async function openUdpLink(
  link: DatagramLink,
  { links, clock, hooks }: LinkParts,
): Promise<SyncChannel> {
  const counters = noTraffic();
  let sockets: { readonly out: readonly UdpSocket[]; readonly incoming: UdpSocket } | undefined;
  /** Of the interface that the sockets belong to. */
  let opened: number | undefined;
  let told: "nothing" | "works" | "broken" = "nothing";
  let closed = false;
  let callOff = () => {};

  async function open(): Promise<void> {
    try {
      const index = await indexOf(link.interface, links);
      if (closed) return;
      opened = index;
      sockets = openSockets(link, index, (from, datagram) => {
        counters.receivedDatagrams += 1;
        counters.receivedBytes += datagram.length;
        hooks.received(from, datagram);
      });
      if (told !== "works") hooks.works();
      told = "works";
    } catch (error) {
      broken(error instanceof Error ? error.message : String(error));
    }
  }

  function broken(problem: string): void {
    if (told !== "broken") hooks.broken(problem);
    told = "broken";
    callOff = clock.at(plus(clock.now(), RETRY_PAUSE), () => void open()); // `open` never rejects
  }

  function shut(): void {
    callOff();
    for (const socket of sockets?.out ?? []) socket.close();
    sockets?.incoming.close();
    sockets = undefined;
  }

  await open();
  const unwatch = links.watch(({ name, index }, gone) => {
    if (gone || closed || name !== link.interface || sockets === undefined || index === opened) return;
    shut();
    void open(); // `open` never rejects
  });
  return {
    counters,
    get open() {
      return sockets !== undefined;
    },
    send(datagram) {
      for (const socket of sockets?.out ?? []) {
        if (socket.send(datagram) < 0) counters.sendErrors += 1;
        else {
          counters.sentDatagrams += 1;
          counters.sentBytes += datagram.length;
        }
      }
    },
    close() {
      closed = true;
      unwatch();
      shut();
    },
  };
}

async function indexOf(name: string, links: Links): Promise<number> {
  const found = (await links.list()).find((link) => link.name === name);
  if (found === undefined) throw new Error(`there is no interface ${name}`);
  return found.index;
}

/** All or none. @throws SystemError */
function openSockets(
  link: DatagramLink,
  index: number,
  received: (from: IpAddress, datagram: Uint8Array) => void,
) {
  const opened: UdpSocket[] = [];
  const socket = (options: UdpOptions): UdpSocket => {
    const made = openUdpSocket(options);
    opened.push(made);
    return made;
  };
  try {
    const incoming = socket(receiving(link, index));
    incoming.listen((datagram, address) =>
      received(address.length === 4 ? ipv4FromBytes(address) : ipv6FromBytes(address), datagram),
    );
    const targets = link.kind === "multicast" ? [link.group] : link.peers;
    const out = targets.map((target) => {
      const made = socket(sending(link, index));
      made.aim(ipBytes(target), link.port, isLocal(target) ? index : 0);
      return made;
    });
    return { out, incoming };
  } catch (error) {
    for (const made of opened) made.close();
    throw error;
  }
}

/** Link-local and multicast addresses of IPv6 need to know their interface. */
const isLocal = (address: IpAddress): boolean => address.startsWith("fe80:") || address.startsWith("ff");

function receiving(link: DatagramLink, index: number): UdpOptions {
  const { port } = link;
  const buffer = { receiveBufferBytes: link.receiveBufferBytes ?? RECEIVE_BUFFER };
  const bound = link.kind === "multicast" ? link.group : link.address;
  const place = {
    family: familyOf(bound),
    address: ipBytes(bound),
    ...(isLocal(bound) && { scopeId: index }),
  };
  const own = { ...place, port, device: link.interface, reuseAddress: true, ...buffer };
  return link.kind === "multicast" ? { ...own, multicast: group(link, index) } : own;
}

function sending(link: DatagramLink, index: number): UdpOptions {
  const { sendBufferBytes, noChecksum, address } = link;
  const family = familyOf(link.kind === "multicast" ? link.group : link.address);
  const own =
    address === undefined ? {} : { address: ipBytes(address), ...(isLocal(address) && { scopeId: index }) };
  return {
    family,
    port: 0,
    ...own,
    ...(sendBufferBytes !== undefined && { sendBufferBytes }),
    ...(noChecksum && { noChecksum }),
    ...(link.kind === "multicast" && { multicast: group(link, index) }),
  };
}

const group = (link: MulticastLink, interfaceIndex: number) => ({
  group: ipBytes(link.group),
  interfaceIndex,
  ttl: 1,
  loop: false,
});

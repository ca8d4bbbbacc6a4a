/** GARP over a packet socket, unsolicited neighbour advertisements over raw ICMPv6. */
import { readFileSync } from "node:fs";
import {
  announcement,
  announcementReply,
  BROADCAST_MAC,
  ETH_P_ARP,
  encodeArp,
  encodeNeighbourAdvertisement,
  unsolicitedAdvertisement,
} from "@systole/node-netlink";
import { errnoName, openIcmp, openPacket, type PacketSocket } from "@systole/sys";
import {
  type Ipv4Address,
  type Ipv6Address,
  ipBytes,
  isIpv4,
  isIpv6,
  type MacAddress,
  macBytes,
  parseIp,
} from "@systole/wire";
import type { Announcer } from "../announcer.js";
import { KernelError, kernelError } from "../kernel-error.js";
import type { Link } from "../links.js";
import type { LinuxLinks } from "./links.js";
import type { Within } from "./sockets.js";

export interface LinuxAnnouncer extends Announcer {
  close(): void;
}

const ALL_NODES = ipBytes(parseIp("ff02::1")!); // a valid address

const BROADCAST = macBytes(BROADCAST_MAC);

/** RFC 4861, section 7.1.2: receivers throw away what was forwarded. */
const HOP_LIMIT = 255;

export function linuxAnnouncer(within: Within, links: LinuxLinks): LinuxAnnouncer {
  let packets: PacketSocket | undefined;

  function sendArp(vip: Ipv4Address, mac: MacAddress, index: number): number {
    packets ??= within(() => openPacket({ etherType: 0 }));
    for (const arp of [announcement(mac, vip), announcementReply(mac, vip)]) {
      const sent = packets.send(index, BROADCAST, ETH_P_ARP, encodeArp(arp));
      if (sent < 0) return sent;
    }
    return 0;
  }

  function sendAdvertisement(vip: Ipv6Address, mac: MacAddress, { name, index }: Link): number {
    const source = ipBytes(vip);
    const message = encodeNeighbourAdvertisement(unsolicitedAdvertisement(mac, vip, forwards(name)));
    const socket = within(() =>
      openIcmp({ family: "inet6", accept: [], source, interfaceIndex: index, hopLimit: HOP_LIMIT }),
    );
    const sent = socket.send(message, ALL_NODES, index);
    socket.close();
    return sent;
  }

  /** Whether this host is a router on the interface: neighbours drop a router that stops saying so. */
  function forwards(device: string): boolean {
    try {
      return (
        within(() => readFileSync(`/proc/sys/net/ipv6/conf/${device}/forwarding`, "utf8")).trim() !== "0"
      );
    } catch {
      return false;
    }
  }

  return {
    async announce(vip, device) {
      const operation = `announce ${vip} on ${device}`;
      const link = links.need(device, operation);
      if (link.loopback) return; // nobody else is there
      if (!link.up)
        throw new KernelError(operation, { code: "ENETDOWN", kernelMessage: "the interface is down" });
      if (link.mac === undefined)
        throw new KernelError(operation, {
          code: "EAFNOSUPPORT",
          kernelMessage: "the interface has no MAC address",
        });
      let sent = 0;
      try {
        if (isIpv4(vip)) sent = sendArp(vip, link.mac, link.index);
        else if (isIpv6(vip)) sent = sendAdvertisement(vip, link.mac, link);
      } catch (error) {
        throw kernelError(operation, error);
      }
      if (sent < 0) throw new KernelError(operation, { code: errnoName(-sent) });
    },
    close: () => packets?.close(),
  };
}

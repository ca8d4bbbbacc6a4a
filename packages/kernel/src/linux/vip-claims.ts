/** Claims of VIPs over one packet socket that the kernel filters: other ARP does not wake this process. */
import {
  arpSenderFilter,
  BROADCAST_MAC,
  decodeArp,
  ETH_P_ARP,
  encodeArp,
  probeOf,
} from "@systole/node-netlink";
import { errnoName, openPacket, type PacketSocket } from "@systole/sys";
import { DecodeError, type Ipv4Address, type MacAddress, macBytes } from "@systole/wire";
import { KernelError, kernelError } from "../kernel-error.js";
import type { VipClaims } from "../vip-claims.js";
import type { LinuxLinks } from "./links.js";
import type { Within } from "./sockets.js";

export interface LinuxVipClaims extends VipClaims {
  close(): void;
}

const BROADCAST = macBytes(BROADCAST_MAC);
/** PACKET_OUTGOING: what this machine sends itself. */
const OUTGOING = 4;

export function linuxVipClaims(within: Within, links: LinuxLinks): LinuxVipClaims {
  let watched: PacketSocket | undefined;
  let asking: PacketSocket | undefined;

  function open(vips: readonly Ipv4Address[]): PacketSocket {
    const filter = arpSenderFilter(vips);
    try {
      return within(() => openPacket({ etherType: ETH_P_ARP, filter }));
    } catch (error) {
      throw kernelError("watch who claims VIPs", error);
    }
  }

  return {
    watch(vips, claimed) {
      watched?.close();
      watched = vips.length === 0 ? undefined : open(vips);
      watched?.listen((payload, { packetType }) => {
        if (packetType === OUTGOING) return;
        const claim = claimIn(payload);
        if (claim !== undefined) claimed(...claim);
      });
    },
    async ask(vip, device) {
      const operation = `ask who has ${vip} on ${device}`;
      const { index, mac } = links.need(device, operation);
      if (mac === undefined) return; // an interface without ARP
      try {
        asking ??= within(() => openPacket({ etherType: 0 }));
      } catch (error) {
        throw kernelError(operation, error);
      }
      const sent = asking.send(index, BROADCAST, ETH_P_ARP, encodeArp(probeOf(mac, vip)));
      if (sent < 0) throw new KernelError(operation, { code: errnoName(-sent) });
    },
    close() {
      watched?.close();
      asking?.close();
    },
  };
}

/** Undefined for what is no ARP of Ethernet and IPv4. */
function claimIn(payload: Uint8Array): readonly [Ipv4Address, MacAddress] | undefined {
  try {
    const { senderIp, senderMac } = decodeArp(payload);
    return [senderIp, senderMac];
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

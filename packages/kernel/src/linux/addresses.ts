/**
 * VIPs over rtnetlink, with the kernel's lifetime (IFA_CACHEINFO).
 *
 * IPv6 VIPs come without duplicate address detection (they must answer at once: the old owner is gone or silenced) and
 * deprecated, so that this host does not choose them as a source of its own connections.
 */
import {
  type AddressRecord,
  decodeAddress,
  dumpAddresses,
  IFA_F_NODAD,
  type NetlinkConnection,
  type NetlinkRequest,
  putAddress,
  RTM_DELADDR,
  RTM_NEWADDR,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV6_IFADDR,
  removeAddress,
} from "@systole/node-netlink";
import { NETLINK_ROUTE } from "@systole/sys";
import { familyOf } from "@systole/wire";
import type { Addresses, HeldAddress, VipAddress } from "../addresses.js";
import { KernelError, kernelError } from "../kernel-error.js";
import type { LinuxLinks } from "./links.js";
import { type Mirror, openMirror } from "./mirror.js";
import { ROUTE_EVENT_BUFFER_BYTES, type Sockets } from "./sockets.js";

export interface LinuxAddresses extends Addresses {
  close(): void;
}

export async function linuxAddresses(
  sockets: Sockets,
  route: NetlinkConnection,
  links: LinuxLinks,
): Promise<LinuxAddresses> {
  const dump = () => route.dump(dumpAddresses(), ({ payload }) => decodeAddress(payload));
  const mirror: Mirror<AddressRecord> = await openMirror({
    socket: sockets.events({
      protocol: NETLINK_ROUTE,
      groups: [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
      receiveBufferBytes: ROUTE_EVENT_BUFFER_BYTES,
    }),
    dump,
    decode({ type, payload }) {
      if (type !== RTM_NEWADDR && type !== RTM_DELADDR) return undefined;
      return { entry: decodeAddress(payload), gone: type === RTM_DELADDR };
    },
    key: ({ index, address, prefixLength }) => `${index} ${address}/${prefixLength}`,
    same: () => true,
  });
  /** Names of interfaces that went away before their addresses were told. */
  const held = (record: AddressRecord): HeldAddress =>
    toHeld(record, links.nameOf(record.index) ?? `interface ${record.index}`);

  /** Everything up to the socket happens in this call; the kernel's answer comes later. */
  function send(operation: string, request: NetlinkRequest): Promise<void> {
    return route.request(request).then(
      () => undefined,
      (error: unknown) => Promise.reject(kernelError(operation, error)),
    );
  }

  return {
    async hold(vip, lifetimeSeconds) {
      const operation = `hold ${vip.address}/${vip.prefixLength} on ${vip.device}`;
      const { index } = links.need(vip.device, operation);
      checkVip(vip, operation);
      await send(operation, putAddress(toRecord(vip, index, lifetimeSeconds)));
    },
    async drop(vip) {
      const operation = `drop ${vip.address}/${vip.prefixLength} on ${vip.device}`;
      const { index } = links.need(vip.device, operation);
      const { label: _, ...anyLabel } = vip;
      await send(operation, removeAddress(toRecord(anyLabel, index, undefined)));
    },
    async list() {
      try {
        return (await dump()).map(held);
      } catch (error) {
        throw kernelError("list addresses", error);
      }
    },
    watch(listener) {
      return mirror.watch((record, gone) =>
        listener({ kind: gone ? "removed" : "added", address: held(record) }),
      );
    },
    close: () => mirror.close(),
  };
}

/** What the kernel would cut or take for something else. */
function checkVip({ address, prefixLength, label }: VipAddress, operation: string): void {
  if (prefixLength < 0 || prefixLength > (familyOf(address) === "inet" ? 32 : 128))
    throw new KernelError(operation, { code: "EINVAL", kernelMessage: `no prefix length: ${prefixLength}` });
  if ((label ?? "").length > 15)
    throw new KernelError(operation, { code: "ERANGE", kernelMessage: `label ${label} is longer than 15` });
}

function toRecord(vip: VipAddress, index: number, lifetimeSeconds: number | undefined): AddressRecord {
  const isIpv4 = familyOf(vip.address) === "inet";
  return {
    index,
    address: vip.address,
    prefixLength: vip.prefixLength,
    scope: 0,
    flags: isIpv4 ? 0 : IFA_F_NODAD,
    ...(isIpv4 && vip.label !== undefined ? { label: vip.label } : {}),
    ...(isIpv4 && vip.broadcast !== undefined ? { broadcast: vip.broadcast } : {}),
    lifetime: { validSeconds: lifetimeSeconds, preferredSeconds: isIpv4 ? lifetimeSeconds : 0 },
  };
}

function toHeld(record: AddressRecord, device: string): HeldAddress {
  const { address, prefixLength, label, broadcast, lifetime } = record;
  return {
    address,
    prefixLength,
    device,
    family: familyOf(address),
    validSeconds: lifetime?.validSeconds,
    ...(label !== undefined && label !== device ? { label } : {}),
    ...(broadcast !== undefined ? { broadcast } : {}),
  };
}

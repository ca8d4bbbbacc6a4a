/** Interfaces over rtnetlink. */
import {
  decodeLink,
  dumpLinks,
  IFF_LOOPBACK,
  IFF_UP,
  type LinkRecord,
  type NetlinkConnection,
  RTM_DELLINK,
  RTM_NEWLINK,
  RTNLGRP_LINK,
  setLinkUp,
} from "@systole/node-netlink";
import { NETLINK_ROUTE } from "@systole/sys";
import { KernelError, kernelError } from "../kernel-error.js";
import type { Link, Links } from "../links.js";
import { type Mirror, openMirror } from "./mirror.js";
import { ROUTE_EVENT_BUFFER_BYTES, type Sockets } from "./sockets.js";

export interface LinuxLinks extends Links {
  /** From the copy, at once. @throws KernelError `ENODEV`. */
  need(name: string, operation: string): Link;
  /** From the copy, at once. */
  nameOf(index: number): string | undefined;
  close(): void;
}

export async function linuxLinks(sockets: Sockets, route: NetlinkConnection): Promise<LinuxLinks> {
  const dump = async () => (await route.dump(dumpLinks(), ({ payload }) => decodeLink(payload))).map(toLink);
  const mirror: Mirror<Link> = await openMirror({
    socket: sockets.events({
      protocol: NETLINK_ROUTE,
      groups: [RTNLGRP_LINK],
      receiveBufferBytes: ROUTE_EVENT_BUFFER_BYTES,
    }),
    dump,
    decode({ type, payload }) {
      if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return undefined;
      // A bridge port that leaves its bridge says DELLINK of family bridge: the interface stays.
      if (payload[0] !== 0) return undefined;
      return { entry: toLink(decodeLink(payload)), gone: type === RTM_DELLINK };
    },
    key: ({ index }) => String(index),
    same: (a, b) => a.name === b.name && a.mac === b.mac && a.up === b.up && a.carrier === b.carrier,
  });

  function need(name: string, operation: string): Link {
    const link = mirror.entries().find((each) => each.name === name);
    if (link === undefined)
      throw new KernelError(operation, { code: "ENODEV", kernelMessage: `no interface ${name}` });
    return link;
  }

  return {
    need,
    nameOf: (index) => mirror.entries().find((each) => each.index === index)?.name,
    list: () => dump().catch((error: unknown) => Promise.reject(kernelError("list interfaces", error))),
    async up(name) {
      const operation = `set ${name} up`;
      const { index, up } = need(name, operation);
      if (up) return;
      await route.request(setLinkUp(index, true)).catch((error: unknown) => {
        throw kernelError(operation, error);
      });
    },
    watch: (listener) => mirror.watch(listener),
    close: () => mirror.close(),
  };
}

function toLink({ index, name, mac, flags, carrier }: LinkRecord): Link {
  const up = (flags & IFF_UP) !== 0;
  const loopback = (flags & IFF_LOOPBACK) !== 0;
  return { index, name, mac: loopback ? undefined : mac, up, carrier: up && (carrier ?? true), loopback };
}

/** The part of a director's kernel that heartbeat needs: interfaces, VIPs, lease, routes, what its resources change. */
import { NetlinkConnection } from "@systole/node-netlink";
import { NETLINK_GENERIC, NETLINK_NETFILTER, NETLINK_ROUTE, openNetlink } from "@systole/sys";
import type { Kernel } from "./kernel.js";
import { linuxAddresses } from "./linux/addresses.js";
import { linuxAnnouncer } from "./linux/announcer.js";
import { nftablesLeaseGuard } from "./linux/lease-guard.js";
import { linuxLinks } from "./linux/links.js";
import { linuxRoutes } from "./linux/routes.js";
import { openSockets, type Within } from "./linux/sockets.js";
import { linuxVipClaims } from "./linux/vip-claims.js";
import { type PortBlocks, portBlocks } from "./nftables/port-block.js";
import { nftProgram } from "./nftables/program.js";
import type { Routes } from "./routes.js";
import { openSyncDaemons, type SyncDaemons } from "./sync-daemons.js";
import type { VipClaims } from "./vip-claims.js";

export interface Network extends Pick<Kernel, "addresses" | "links" | "announcer" | "leaseGuard" | "close"> {
  readonly routes: Routes;
  /** A door for each visit: it is asked a few times in a year, and asking loads ip_vs. Whoever opens it closes it. */
  openSyncDaemons(): Promise<SyncDaemons>;
  readonly portBlocks: PortBlocks;
  readonly vipClaims: VipClaims;
}

export interface NetworkOptions {
  /** Runs what makes a socket; in another network namespace if it is not ours. */
  readonly within?: Within;
  /** nft and what comes before its arguments. */
  readonly nftCommand?: readonly string[];
}

export async function openNetwork(options: NetworkOptions = {}): Promise<Network> {
  const { within = (make) => make(), nftCommand = ["nft"] } = options;
  const sockets = openSockets(within);
  const route = sockets.connect(NETLINK_ROUTE);
  const links = await linuxLinks(sockets, route);
  const addresses = await linuxAddresses(sockets, route, links);
  const announcer = linuxAnnouncer(within, links);
  const vipClaims = linuxVipClaims(within, links);
  const nft = nftProgram(nftCommand);
  return {
    addresses,
    links,
    announcer,
    leaseGuard: nftablesLeaseGuard(sockets.connect(NETLINK_NETFILTER), nft),
    routes: linuxRoutes(route, links),
    openSyncDaemons: () =>
      openSyncDaemons(new NetlinkConnection(within(() => openNetlink({ protocol: NETLINK_GENERIC })))),
    portBlocks: portBlocks(nft),
    vipClaims,
    async close() {
      announcer.close();
      vipClaims.close();
      addresses.close();
      links.close();
      sockets.close();
    },
  };
}

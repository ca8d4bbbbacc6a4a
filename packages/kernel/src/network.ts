/** The part of a director's kernel that heartbeat needs: interfaces, VIPs, announcement, lease. No data plane. */
import { NETLINK_NETFILTER, NETLINK_ROUTE } from "@systole/sys";
import type { Kernel } from "./kernel.js";
import { linuxAddresses } from "./linux/addresses.js";
import { linuxAnnouncer } from "./linux/announcer.js";
import { nftablesLeaseGuard } from "./linux/lease-guard.js";
import { linuxLinks } from "./linux/links.js";
import { openSockets, type Within } from "./linux/sockets.js";
import { nftProgram } from "./nftables/program.js";

export type Network = Pick<Kernel, "addresses" | "links" | "announcer" | "leaseGuard" | "close">;

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
  return {
    addresses,
    links,
    announcer,
    leaseGuard: nftablesLeaseGuard(sockets.connect(NETLINK_NETFILTER), nftProgram(nftCommand)),
    async close() {
      announcer.close();
      addresses.close();
      links.close();
      sockets.close();
    },
  };
}

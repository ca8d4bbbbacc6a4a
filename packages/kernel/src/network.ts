/** The part of a director's kernel that heartbeat needs: interfaces, VIPs and their announcement. No data plane. */
import { NETLINK_ROUTE } from "@systole/sys";
import type { Kernel } from "./kernel.js";
import { linuxAddresses } from "./linux/addresses.js";
import { linuxAnnouncer } from "./linux/announcer.js";
import { linuxLinks } from "./linux/links.js";
import { openSockets, type Within } from "./linux/sockets.js";

export type Network = Pick<Kernel, "addresses" | "links" | "announcer" | "close">;

/** @param within runs what makes a socket; in another network namespace if it is not ours. */
export async function openNetwork(within: Within = (make) => make()): Promise<Network> {
  const sockets = openSockets(within);
  const route = sockets.connect(NETLINK_ROUTE);
  const links = await linuxLinks(sockets, route);
  const addresses = await linuxAddresses(sockets, route, links);
  const announcer = linuxAnnouncer(within, links);
  return {
    addresses,
    links,
    announcer,
    async close() {
      announcer.close();
      addresses.close();
      links.close();
      sockets.close();
    },
  };
}

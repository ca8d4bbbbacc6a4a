/** The real kernel, of this network namespace or of another one. */
import { NETLINK_GENERIC, NETLINK_NETFILTER, NETLINK_ROUTE } from "@systole/sys";
import type { Kernel } from "./kernel.js";
import { linuxAddresses } from "./linux/addresses.js";
import { linuxAnnouncer } from "./linux/announcer.js";
import { linuxConntrack } from "./linux/conntrack.js";
import { type DataPlaneChoice, openDataPlane } from "./linux/data-plane.js";
import { nftablesLeaseGuard } from "./linux/lease-guard.js";
import { linuxLinks } from "./linux/links.js";
import { openSockets, type Within } from "./linux/sockets.js";
import { nftProgram } from "./nftables/program.js";

export type { DataPlaneChoice } from "./linux/data-plane.js";
export type { Within } from "./linux/sockets.js";

export interface KernelOptions {
  /** Without it, ip_vs where the kernel has it (asking loads the module), else nftables. */
  readonly dataPlane?: DataPlaneChoice;
  /** nft and what comes before its arguments. */
  readonly nftCommand?: readonly string[];
  /** Receive buffer of each `conntrack.watch`; 16 MiB without it, which holds about 40,000 events. */
  readonly flowEventBufferBytes?: number;
  /** Makes every socket in another network namespace; `nftCommand` must go there, too. For tests. */
  readonly within?: Within;
}

const FLOW_EVENT_BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * Opens the sockets and reads links and addresses once.
 *
 * @throws SystemError `EPERM` without CAP_NET_ADMIN; KernelError `ENOENT` if ip_vs was asked for and is not there.
 */
export async function openKernel(options: KernelOptions = {}): Promise<Kernel> {
  const { dataPlane = "auto", nftCommand = ["nft"], within = here } = options;
  const sockets = openSockets(within);
  const closers: (() => void)[] = [() => sockets.close()];
  const closing = <T extends { close(): void }>(part: T): T => {
    closers.unshift(() => part.close());
    return part;
  };
  try {
    const route = sockets.connect(NETLINK_ROUTE);
    const links = closing(await linuxLinks(sockets, route));
    const addresses = closing(await linuxAddresses(sockets, route, links));
    const announcer = closing(linuxAnnouncer(within, links));
    const conntrack = closing(
      linuxConntrack(sockets, options.flowEventBufferBytes ?? FLOW_EVENT_BUFFER_BYTES),
    );
    const balancer = await openDataPlane({
      choice: dataPlane,
      generic: sockets.connect(NETLINK_GENERIC),
      route,
      netfilter: sockets.connect(NETLINK_NETFILTER),
      links,
      flows: () => conntrack.dump(),
      nftCommand,
    });
    return {
      addresses,
      links,
      announcer,
      leaseGuard: nftablesLeaseGuard(sockets.connect(NETLINK_NETFILTER), nftProgram(nftCommand)),
      balancer,
      conntrack,
      async close() {
        for (const close of closers) close();
      },
    };
  } catch (error) {
    for (const close of closers) close();
    throw error;
  }
}

const here: Within = (make) => make();

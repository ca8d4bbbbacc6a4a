/** Which data plane this kernel has. */
import { counterAnswer, dumpCounters, type Flow, type NetlinkConnection } from "@systole/node-netlink";
import type { Balancer } from "../balancer.js";
import { ipvsBalancer, ipvsFamily } from "../ipvs.js";
import { KernelError, kernelError } from "../kernel-error.js";
import { nftProgram } from "../nftables/program.js";
import { TABLE } from "../nftables/translate.js";
import { nftablesBalancer } from "../nftables.js";
import type { LinuxLinks } from "./links.js";
import { routeLookup } from "./route.js";

/** `auto`: ip_vs where the kernel has it, else nftables. */
export type DataPlaneChoice = "auto" | Balancer["kind"];

export interface DataPlaneParts {
  readonly choice: DataPlaneChoice;
  readonly generic: NetlinkConnection;
  readonly route: NetlinkConnection;
  readonly netfilter: NetlinkConnection;
  readonly links: LinuxLinks;
  readonly flows: () => Promise<readonly Flow[]>;
  /** nft and what comes before its arguments. */
  readonly nftCommand: readonly string[];
}

/** @throws KernelError `ENOENT` if ip_vs was asked for and this kernel has none. */
export async function openDataPlane(parts: DataPlaneParts): Promise<Balancer> {
  const { choice, links } = parts;
  if (choice !== "nftables") {
    const family = await ipvsFamily(parts.generic);
    if (family !== undefined) return ipvsBalancer(parts.generic, family);
    if (choice === "ip_vs")
      throw new KernelError("open ip_vs", { code: "ENOENT", kernelMessage: "this kernel has no ip_vs" });
  }
  return nftablesBalancer({
    nft: nftProgram(parts.nftCommand),
    route: routeLookup(parts.route, links),
    devices: async () => {
      const all = await links.list();
      return all.filter(({ loopback, mac }) => !loopback && mac !== undefined).map(({ name }) => name);
    },
    counters: async (table) => {
      const family = table === TABLE ? "inet" : "netdev";
      const request = dumpCounters(family, table.slice(family.length + 1));
      return parts.netfilter.dump(request, counterAnswer).catch((error: unknown) => {
        throw kernelError("read the counters", error);
      });
    },
    flows: parts.flows,
  });
}

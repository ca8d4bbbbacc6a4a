/** Where the kernel's routing sends an address, for direct routing. */
import { decodeRoute, getRoute, type NetlinkConnection, RTN_LOCAL, RTN_UNICAST } from "@systole/node-netlink";
import type { IpAddress } from "@systole/wire";
import { errorCode, kernelError } from "../kernel-error.js";
import type { Route } from "../nftables/way.js";
import type { LinuxLinks } from "./links.js";

const UNREACHABLE: readonly (string | undefined)[] = ["ENETUNREACH", "EHOSTUNREACH", "EACCES", "EINVAL"];

export function routeLookup(
  route: NetlinkConnection,
  links: LinuxLinks,
): (address: IpAddress) => Promise<Route> {
  return async (address) => {
    try {
      const [found] = await route.request(getRoute(address), ({ payload }) => decodeRoute(payload));
      if (found?.type === RTN_LOCAL) return { kind: "local" };
      if (found?.type !== RTN_UNICAST || found.outInterface === undefined) return { kind: "none" };
      if (found.gateway !== undefined) return { kind: "gateway" };
      const device = links.nameOf(found.outInterface);
      return device === undefined ? { kind: "none" } : { kind: "link", device };
    } catch (error) {
      if (UNREACHABLE.includes(errorCode(error))) return { kind: "none" };
      throw kernelError(`find the route to ${address}`, error);
    }
  };
}

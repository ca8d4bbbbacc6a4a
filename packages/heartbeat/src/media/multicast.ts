/** `mcast <device> <group> <port> <ttl> <loop>` and `mcast6`: UDP to a group. */
import type { Links } from "@systole/kernel";
import { familyOf, ipBytes } from "@systole/wire";
import type { MediumConfig } from "../config/ha-cf.js";
import type { SocketPlan } from "./udp-medium.js";

/** @throws Error if the device is not there at present. */
export async function multicastPlan(
  { device, group, port, ttl, loop }: Extract<MediumConfig, { kind: "mcast" | "mcast6" }>,
  links: Links,
): Promise<SocketPlan> {
  const link = (await links.list()).find(({ name }) => name === device);
  if (link === undefined) throw new Error(`there is no interface ${device}`);
  const family = familyOf(group);
  const multicast = { group: ipBytes(group), interfaceIndex: link.index, ttl, loop };
  return {
    send: { family, port: 0, multicast },
    receive: { family, address: ipBytes(group), scopeId: link.index, port, reuseAddress: true, multicast },
    toAddress: group,
    toPort: port,
  };
}

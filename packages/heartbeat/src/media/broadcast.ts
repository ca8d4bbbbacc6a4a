/** `bcast <device>`: UDP to the device's broadcast address. It hears its own datagrams, too. */
import type { Addresses } from "@systole/kernel";
import type { MediumConfig } from "../config/ha-cf.js";
import type { SocketPlan } from "./udp-medium.js";

/** @throws Error if the device has no IPv4 broadcast address at present. */
export async function broadcastPlan(
  { device, port }: Extract<MediumConfig, { kind: "bcast" }>,
  addresses: Addresses,
): Promise<SocketPlan> {
  const present = await addresses.list();
  const address = present.find((held) => held.device === device && held.broadcast !== undefined);
  if (address?.broadcast === undefined) throw new Error(`${device} has no IPv4 broadcast address`);
  return {
    send: { family: "inet", port: 0, device, broadcast: true },
    receive: { family: "inet", port, device, reuseAddress: true, broadcast: true },
    toAddress: address.broadcast,
    toPort: port,
  };
}

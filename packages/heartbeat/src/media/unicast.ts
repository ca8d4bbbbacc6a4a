/** `ucast <device> <peer>` and `ucast6`: UDP to one address. A line with our own address does no harm. */
import { lookup } from "node:dns/promises";
import { familyOf, parseIp } from "@systole/wire";
import type { MediumConfig } from "../config/ha-cf.js";
import type { SocketPlan } from "./udp-medium.js";

const IPTOS_LOWDELAY = 0x10;

/** @throws Error if the peer is a name that does not resolve at present. */
export async function unicastPlan({
  kind,
  device,
  peer,
  port,
}: Extract<MediumConfig, { kind: "ucast" | "ucast6" }>): Promise<SocketPlan> {
  const family = kind === "ucast" ? "inet" : "inet6";
  const address = parseIp(peer) ?? (await resolve(peer, family));
  if (familyOf(address) !== family) throw new Error(`${peer} is not an address for ${kind}`);
  return {
    send: { family, port: 0, device, tos: IPTOS_LOWDELAY, reusePort: true },
    receive: { family, port, device, reuseAddress: true, reusePort: true },
    toAddress: address, // a link-local one needs no scope: the socket is bound to the device
    toPort: port,
  };
}

async function resolve(name: string, family: "inet" | "inet6") {
  const { address } = await lookup(name, { family: family === "inet" ? 4 : 6 });
  const parsed = parseIp(address);
  if (parsed === undefined) throw new Error(`${name} resolves to "${address}"`);
  return parsed;
}

/**
 * Where a VIP belongs: device, prefix length and broadcast address, from what the director's interfaces have.
 *
 * Each address of an interface makes a connected network. Of those that contain the VIP the one with the longest
 * prefix gives what the resource did not say. With device and bits given nothing is needed.
 */
import type { HeldAddress, VipAddress } from "@systole/kernel";
import { familyOf, type IpAddress, ipBytes } from "@systole/wire";
import type { IpSpec } from "./ip-spec.js";
import { ResourceError } from "./resource.js";

/** @throws ResourceError `no-interface` if neither the resource nor any connected network says where. */
export function findInterface(spec: IpSpec, present: readonly HeldAddress[]): VipAddress {
  const network = connectedNetwork(spec, present);
  const device = spec.device ?? network?.device;
  const prefixLength = spec.prefixLength ?? network?.prefixLength;
  if (device === undefined || prefixLength === undefined) {
    const missing = device === undefined ? "interface" : "netmask";
    throw new ResourceError("no-interface", `${spec.address}: no connected network tells its ${missing}`);
  }
  const bothGiven = spec.device !== undefined && spec.prefixLength !== undefined;
  const broadcast = spec.broadcast ?? (bothGiven ? undefined : network?.broadcast);
  return {
    address: spec.address,
    prefixLength,
    device,
    ...(spec.label !== undefined && { label: spec.label }),
    ...(broadcast !== undefined && { broadcast }),
  };
}

function connectedNetwork(spec: IpSpec, present: readonly HeldAddress[]): HeldAddress | undefined {
  let best: HeldAddress | undefined;
  for (const candidate of present) {
    if (candidate.family !== familyOf(spec.address) || candidate.address === spec.address) continue;
    if (spec.device !== undefined && candidate.device !== spec.device) continue;
    if (spec.prefixLength !== undefined && candidate.prefixLength !== spec.prefixLength) continue;
    if (!contains(candidate, spec.address)) continue;
    if (best === undefined || candidate.prefixLength > best.prefixLength) best = candidate;
  }
  return best;
}

/** Is the address in that network? Both of one family. */
export function contains(
  { address, prefixLength }: Pick<HeldAddress, "address" | "prefixLength">,
  ip: IpAddress,
): boolean {
  const network = ipBytes(address);
  const bytes = ipBytes(ip);
  for (let bit = 0; bit < prefixLength; bit++) {
    const mask = 0x80 >> (bit & 7);
    if ((network[bit >> 3]! & mask) !== (bytes[bit >> 3]! & mask)) return false;
  }
  return true;
}

/** `eth0:0`, `eth0:1`, ...: the first alias that is free, as ifconfig shows it; undefined if it gets too long. */
export function freeLabel(device: string, present: readonly HeldAddress[]): string | undefined {
  const taken = new Set(present.map(({ label }) => label));
  for (let number = 0; number < 512; number++) {
    const label = `${device}:${number}`;
    if (label.length > LONGEST_LABEL) return undefined;
    if (!taken.has(label)) return label;
  }
  return undefined;
}

const LONGEST_LABEL = 15;

/**
 * The argument of IPaddr, IPaddr2 and IPv6addr: `ip[/bits[/device[:label]][/broadcast]]`.
 *
 * The third part is the broadcast address if it begins with a digit. `bits` may be a dotted netmask. What is left out
 * is found from the addresses that the director has (`find-interface.ts`).
 */
import { type IpAddress, type Ipv4Address, ipBytes, isIpv4, parseIp, parseIpv4 } from "@systole/wire";
import { ResourceError } from "./resource.js";

export interface IpSpec {
  readonly address: IpAddress;
  readonly prefixLength: number | undefined;
  readonly device: string | undefined;
  /** As the kernel wants it: `eth0:web`. */
  readonly label: string | undefined;
  readonly broadcast: Ipv4Address | undefined;
}

/** @throws ResourceError `bad-argument` that says which part is wrong. */
export function parseIpSpec(text: string): IpSpec {
  const [ip = "", bits, ...rest] = text.split("/");
  const address = parseIp(ip);
  if (address === undefined) throw wrong(text, `"${ip}" is not an IP address`);
  const broadcastFirst = rest[0] !== undefined && /^\d/.test(rest[0]);
  const [devicePart, broadcastPart, tooMuch] = broadcastFirst ? [undefined, ...rest] : rest;
  if (tooMuch !== undefined) throw wrong(text, `"${tooMuch}" is one part too many`);
  const [device, name] = devicePart?.split(":") ?? [];
  return {
    address,
    prefixLength: bits === undefined || bits === "" ? undefined : prefixLengthOf(bits, address, text),
    device: device === "" ? undefined : device,
    label: name === undefined || name === "" ? undefined : devicePart,
    broadcast: broadcastPart === undefined ? undefined : broadcastOf(broadcastPart, text),
  };
}

function prefixLengthOf(bits: string, address: IpAddress, text: string): number {
  const longest = isIpv4(address) ? 32 : 128;
  const dotted = isIpv4(address) ? parseIpv4(bits) : undefined;
  const length = dotted === undefined ? Number(/^\d{1,3}$/.exec(bits)?.[0] ?? Number.NaN) : ones(dotted);
  if (!(length >= 0 && length <= longest))
    throw wrong(text, `"${bits}" is not a netmask of 0 to ${longest} bits`);
  return length;
}

/** The number of leading ones; NaN if they are not all in front. */
function ones(netmask: Ipv4Address): number {
  const binary = Array.from(ipBytes(netmask), (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(binary) ? binary.replaceAll("0", "").length : Number.NaN;
}

function broadcastOf(part: string, text: string): Ipv4Address {
  const broadcast = parseIpv4(part);
  if (broadcast === undefined) throw wrong(text, `"${part}" is not a broadcast address`);
  return broadcast;
}

const wrong = (text: string, problem: string) => new ResourceError("bad-argument", `${text}: ${problem}`);

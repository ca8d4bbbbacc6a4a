/**
 * Which flows are worth sending: those that pass every clause of the configuration's Filter block.
 *
 * Addresses are the real ends of a flow: original source and reply source. Flows of the director itself (loopback,
 * and the synchronisation link, which would report its own datagrams for ever) never pass.
 */
import { type IpAddress, ipBytes, isIpv4, parseIp } from "@systole/wire";
import type { Flow } from "../wire/flow.js";

export type Policy = "accept" | "ignore";

export interface Network {
  readonly address: IpAddress;
  /** How many leading bits count. */
  readonly prefix: number;
}

export interface Filter {
  readonly protocols?: { readonly policy: Policy; readonly numbers: ReadonlySet<number> };
  readonly addresses?: { readonly policy: Policy; readonly networks: readonly Network[] };
  /** TCP only: TCP_CONNTRACK_* numbers. */
  readonly states?: { readonly policy: Policy; readonly numbers: ReadonlySet<number> };
}

/** Says of a flow whether it passes. */
export type Passes = (flow: Flow) => boolean;

/**
 * Compiles a filter.
 *
 * @param own addresses of the director itself on the synchronisation link.
 */
export function compileFilter(filter: Filter, own: readonly IpAddress[]): Passes {
  const { protocols, addresses, states } = filter;
  const matchesOwn = matcher([...LOOPBACK, ...own.map(single)]);
  const matchesListed = addresses && matcher(addresses.networks);
  return ({ original, reply, tcp }) => {
    if (matchesOwn(original.source) || matchesOwn(reply.source)) return false;
    if (protocols && protocols.numbers.has(original.protocol) !== (protocols.policy === "accept"))
      return false;
    if (addresses && matchesListed) {
      const match = matchesListed(original.source) || matchesListed(reply.source);
      if (match !== (addresses.policy === "accept")) return false;
    }
    if (states && tcp !== undefined && states.numbers.has(tcp.state) !== (states.policy === "accept"))
      return false;
    return true;
  };
}

const bitsOf = (address: IpAddress): number => (isIpv4(address) ? 32 : 128);

/** The network of one address. */
const single = (address: IpAddress): Network => ({ address, prefix: bitsOf(address) });

const LOOPBACK: readonly Network[] = [
  { address: parseIp("127.0.0.0")!, prefix: 8 },
  { address: parseIp("::1")!, prefix: 128 },
];

/** Single addresses are looked up, networks compared bit by bit. */
function matcher(networks: readonly Network[]): (address: IpAddress) => boolean {
  const whole = ({ address, prefix }: Network) => prefix === bitsOf(address);
  const singles = new Set(networks.filter(whole).map(({ address }) => address));
  const ranges = networks
    .filter((network) => !whole(network))
    .map(({ address, prefix }) => ({ bytes: ipBytes(address), prefix }));
  return (address) => {
    if (singles.has(address)) return true;
    if (ranges.length === 0) return false;
    const bytes = ipBytes(address);
    return ranges.some((range) => inNetwork(bytes, range.bytes, range.prefix));
  };
}

function inNetwork(bytes: Uint8Array, network: Uint8Array, prefix: number): boolean {
  if (bytes.length !== network.length) return false;
  const whole = prefix >> 3;
  for (let at = 0; at < whole; at++) if (bytes[at] !== network[at]) return false;
  const mask = (0xff00 >> (prefix & 7)) & 0xff;
  return mask === 0 || (bytes[whole]! & mask) === (network[whole]! & mask);
}

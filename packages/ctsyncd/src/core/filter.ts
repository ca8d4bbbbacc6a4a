/**
 * Which flows are worth sending: those that pass every clause of the configuration's Filter block.
 *
 * Addresses are the real ends of a flow: original source and reply source. Flows of the director itself (loopback,
 * and the synchronisation link, which would report its own datagrams for ever) never pass.
 */
import { type IpAddress, ipBytes, parseIp } from "@systole/wire";
import { type AttributeIndex, CT } from "../wire/attribute.js";

export type Policy = "accept" | "ignore";

export interface Network {
  readonly address: IpAddress;
  /** How many leading bits count. */
  readonly prefix: number;
}

export interface Filter {
  /** From Kernelspace: what can be judged without knowing the flow is judged in the kernel, too. */
  readonly inKernel?: boolean;
  readonly protocols?: { readonly policy: Policy; readonly numbers: ReadonlySet<number> };
  readonly addresses?: { readonly policy: Policy; readonly networks: readonly Network[] };
  /** TCP only: TCP_CONNTRACK_* numbers. */
  readonly states?: { readonly policy: Policy; readonly numbers: ReadonlySet<number> };
}

/** Says of a flow, by its scanned body, whether it passes. */
export type Passes = (body: AttributeIndex) => boolean;

/**
 * Compiles a filter.
 *
 * @param own addresses of the director itself on the synchronisation link.
 */
export function compileFilter(filter: Filter, own: readonly IpAddress[]): Passes {
  const { protocols, addresses, states } = filter;
  const isOwn = endsMatcher([...LOOPBACK, ...own.map(single)]);
  const isListed = addresses && endsMatcher(addresses.networks);
  const protocolPasses = protocols && passesByNumber(protocols.policy, protocols.numbers);
  const statePasses = states && passesByNumber(states.policy, states.numbers);
  return (body) => {
    if (isOwn(body)) return false;
    if (protocolPasses !== undefined && protocolPasses[body.u8(CT.L4PROTO)] === 0) return false;
    if (isListed !== undefined && isListed(body) !== (addresses?.policy === "accept")) return false;
    return statePasses === undefined || !body.has(CT.TCP_STATE) || statePasses[body.u8(CT.TCP_STATE)] === 1;
  };
}

function passesByNumber(policy: Policy, numbers: ReadonlySet<number>): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, number) =>
    numbers.has(number) === (policy === "accept") ? 1 : 0,
  );
}

const single = (address: IpAddress): Network => ({ address, prefix: address.includes(":") ? 128 : 32 });

const LOOPBACK: readonly Network[] = [
  { address: parseIp("127.0.0.0")!, prefix: 8 },
  { address: parseIp("::1")!, prefix: 128 },
];

/** Is one of the real ends of a flow in one of these networks? */
function endsMatcher(networks: readonly Network[]): Passes {
  const ranges = networks.map(({ address, prefix }) => ({ bytes: ipBytes(address), prefix }));
  const isV4 = ({ bytes }: { readonly bytes: Uint8Array }) => bytes.length === 4;
  const v4 = ipv4Matcher(ranges.filter(isV4));
  const v6 = ipv6Matcher(ranges.filter((range) => !isV4(range)));
  return (body) => (body.has(CT.IPV4) ? v4(body) : v6(body));
}

interface Range {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** The first end is the original source, the other one the reply's: what was translated to, or the destination. */
function ipv4Matcher(ranges: readonly Range[]): Passes {
  const masks = Int32Array.from(ranges, ({ prefix }) => (prefix === 0 ? 0 : -1 << (32 - prefix)));
  const bases = Int32Array.from(
    ranges,
    ({ bytes }, n) => new DataView(bytes.buffer, bytes.byteOffset).getInt32(0) & masks[n]!,
  );
  return (body) => {
    const source = body.i32(CT.IPV4);
    const replySource = body.has(CT.DNAT_IPV4) ? body.i32(CT.DNAT_IPV4) : body.i32(CT.IPV4, 1);
    for (let n = 0; n < masks.length; n++) {
      if ((source & masks[n]!) === bases[n] || (replySource & masks[n]!) === bases[n]) return true;
    }
    return false;
  };
}

function ipv6Matcher(ranges: readonly Range[]): Passes {
  return (body) => {
    const source = body.offset(CT.IPV6);
    const translated = body.offset(CT.DNAT_IPV6);
    const replySource = translated !== 0 ? translated : source + 16;
    for (const { bytes, prefix } of ranges) {
      if (inNetwork(body.bytes, source, bytes, prefix)) return true;
      if (inNetwork(body.bytes, replySource, bytes, prefix)) return true;
    }
    return false;
  };
}

function inNetwork(bytes: Uint8Array, at: number, network: Uint8Array, prefix: number): boolean {
  const whole = prefix >> 3;
  for (let n = 0; n < whole; n++) if (bytes[at + n] !== network[n]) return false;
  const mask = (0xff00 >> (prefix & 7)) & 0xff;
  return mask === 0 || (bytes[at + whole]! & mask) === (network[whole]! & mask);
}

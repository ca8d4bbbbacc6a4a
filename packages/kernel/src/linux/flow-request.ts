/**
 * A peer's flow as a request to our kernel. Pure.
 *
 * NAT is told as ranges with the plain inverse as reply tuple: with the translated one the kernel would find nothing
 * left to translate and would not set the flow up for NAT at all.
 */
import {
  type Flow,
  type FlowPatch,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_SACK_PERM,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  type NatRange,
  type TcpInfo,
  type Tuple,
} from "@systole/node-netlink";
import type { IpAddress } from "@systole/wire";

/** For a flow whose peer did not say (conntrackd does the same). */
const DEFAULT_TIMEOUT_SECONDS = 60;

/** The bits that one kernel may ask of another: NAT, offload and dying are its own affair. */
const KEPT_STATUS = IPS_SEEN_REPLY | IPS_ASSURED;

/** Our kernel has not seen the windows of a flow that lived elsewhere: it must not judge by them. */
const LIBERAL = IP_CT_TCP_FLAG_BE_LIBERAL | IP_CT_TCP_FLAG_SACK_PERM;

/** The flow as a request to create it. */
export function flowToCreate(flow: Flow): Flow {
  const nat = natOf(flow);
  const { id: _, use: _use, counters: _counters, timestamps: _timestamps, nat: _nat, ...kept } = flow;
  return {
    ...kept,
    ...protocolState(flow),
    reply: inverse(flow.original),
    status: ((flow.status ?? 0) & KEPT_STATUS) | IPS_CONFIRMED,
    timeoutSeconds: Math.max(1, flow.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS),
    ...(nat === undefined ? {} : { nat }),
  };
}

/** The flow as a request to change the one that is there; the kernel refuses to change NAT, helper and master. */
export function flowToUpdate(flow: Flow, actual: Flow): FlowPatch {
  const { original, zone, mark, labels, timeoutSeconds } = flow;
  const fixed = (actual.status ?? 0) & (IPS_EXPECTED | IPS_CONFIRMED | KEPT_STATUS);
  return {
    original,
    ...protocolState(flow),
    status: ((flow.status ?? 0) & KEPT_STATUS) | fixed,
    ...(zone === undefined ? {} : { zone }),
    ...(mark === undefined ? {} : { mark }),
    ...(labels === undefined ? {} : { labels }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds: Math.max(1, timeoutSeconds) }),
  };
}

/** The same without what may be missing here: a helper whose module is not loaded. */
export function withoutHelper({ helper: _, ...rest }: Flow): Flow {
  return rest;
}

function protocolState({ tcp, sctp, dccp }: Flow): Pick<Flow, "tcp" | "sctp" | "dccp"> {
  if (tcp !== undefined) return { tcp: liberal(tcp) };
  if (sctp !== undefined) return { sctp };
  return dccp === undefined ? {} : { dccp };
}

/** Whoever asks for flags of his own gets them. */
const liberal = (tcp: TcpInfo): TcpInfo =>
  tcp.flags === undefined ? { ...tcp, flags: { original: LIBERAL, reply: LIBERAL } } : tcp;

/** Where the reply comes from and goes to differs from the plain inverse: that is what was translated. */
function natOf({ original, reply }: Flow): Flow["nat"] {
  const destination = range(original.destination, original.destinationPort, reply.source, reply.sourcePort);
  const source = range(original.source, original.sourcePort, reply.destination, reply.destinationPort);
  if (destination === undefined && source === undefined) return undefined;
  return { ...(source && { source }), ...(destination && { destination }) };
}

function range(
  before: IpAddress,
  portBefore: number | undefined,
  after: IpAddress,
  portAfter: number | undefined,
): NatRange | undefined {
  if (before === after && portBefore === portAfter) return undefined;
  if (portAfter === undefined) return { address: after };
  return { address: after, ports: { first: portAfter, last: portAfter } };
}

/** What the kernel would expect as reply without NAT. */
export function inverse(original: Tuple): Tuple {
  const { source, destination, sourcePort, destinationPort, icmp } = original;
  return {
    ...original,
    source: destination,
    destination: source,
    ...(destinationPort === undefined ? {} : { sourcePort: destinationPort }),
    ...(sourcePort === undefined ? {} : { destinationPort: sourcePort }),
    ...(icmp === undefined ? {} : { icmp: { ...icmp, type: ANSWERS.get(icmp.type) ?? icmp.type } }),
  };
}

/** ICMP and ICMPv6 questions and their answers: echo, timestamp, information, address mask; echo, node information. */
const ANSWERS: ReadonlyMap<number, number> = new Map(
  [
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
    [128, 129],
    [139, 140],
  ].flatMap(([question, answer]) => [
    [question!, answer!] as const, // pairs, as written above
    [answer!, question!] as const,
  ]),
);

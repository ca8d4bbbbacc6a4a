/** One flow, or one expectation, as one line, as `conntrackd -i` and `-e` print it. */
import type { Expectation, Tuple } from "@systole/node-netlink";
import { type Flow, IPS_ASSURED, IPS_SEEN_REPLY } from "./wire/flow.js";

const PROTOCOLS: ReadonlyMap<number, string> = new Map(
  Object.entries({
    icmp: 1,
    tcp: 6,
    udp: 17,
    dccp: 33,
    gre: 47,
    icmpv6: 58,
    sctp: 132,
    udplite: 136,
  }).map(([name, number]) => [number, name]),
);

/** TCP_CONNTRACK_* and the states of SCTP by number. */
const TCP_STATES = [
  ...["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK"],
  ...["TIME_WAIT", "CLOSE", "LISTEN"],
];
const SCTP_STATES = [
  ...["NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT"],
  ...["SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED"],
];

/** `tcp`, or `unknown` for a number that conntrack does not know. */
export const protocolName = (protocol: number): string => PROTOCOLS.get(protocol) ?? "unknown";

/** The state of TCP or SCTP by its name. */
export const stateName = ({ tcp, sctp }: Flow): string | undefined =>
  tcp === undefined ? sctp && SCTP_STATES[sctp.state] : TCP_STATES[tcp.state];

/**
 * @param withReply lines of the peer's flows have no reply tuple: it does not travel.
 * @param ageSeconds since the flow came into the cache.
 */
export function entryLine(flow: Flow, withReply: boolean, ageSeconds: number): string {
  const { original, reply, status = 0, mark, zone, helper } = flow;
  const name = protocolName(original.protocol).padEnd(8);
  const unreplied = (status & IPS_SEEN_REPLY) === 0;
  return [
    `${name} ${original.protocol}`,
    stateName(flow),
    tupleText(original),
    unreplied ? "[UNREPLIED]" : undefined,
    withReply ? tupleText(reply) : undefined,
    status & IPS_ASSURED ? "[ASSURED]" : undefined,
    mark === undefined ? undefined : `mark=${mark}`,
    zone === undefined ? undefined : `zone=${zone}`,
    helper === undefined ? undefined : `helper=${helper}`,
    `[active since ${ageSeconds}s]`,
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}

const GRE = 47;
const UDPLITE = 136;

/** Keys of GRE and ports of UDP-Lite do not travel: they are 0 in a peer's flow, as conntrackd prints them. */
function tupleText({ source, destination, protocol, sourcePort, destinationPort = 0, icmp }: Tuple): string {
  const parts = [`src=${source}`, `dst=${destination}`];
  if (protocol === GRE) {
    parts.push(`srckey=0x${(sourcePort ?? 0).toString(16)}`, `dstkey=0x${destinationPort.toString(16)}`);
  } else if (sourcePort !== undefined || protocol === UDPLITE) {
    parts.push(`sport=${sourcePort ?? 0}`, `dport=${destinationPort}`);
  }
  if (icmp !== undefined) parts.push(`type=${icmp.type}`, `code=${icmp.code}`, `id=${icmp.id}`);
  return parts.join(" ");
}

/** `proto=6 src=... mask-src=... master-src=... class=0 helper=ftp [active since 4s]`. */
export function expectationLine(expectation: Expectation, ageSeconds: number): string {
  const { tuple, mask, master, helper } = expectation;
  const ports = ({ sourcePort = 0, destinationPort = 0 }: Tuple) =>
    `sport=${sourcePort} dport=${destinationPort}`;
  return [
    `proto=${tuple.protocol}`,
    `src=${tuple.source} dst=${tuple.destination} ${ports(tuple)}`,
    `mask-src=${mask.source} mask-dst=${mask.destination} ${ports(mask)}`,
    `master-src=${master.source} master-dst=${master.destination} ${ports(master)}`,
    `class=${expectation.class ?? 0}`,
    helper === undefined ? undefined : `helper=${helper}`,
    `[active since ${ageSeconds}s]`,
  ]
    .filter((part) => part !== undefined)
    .join(" ");
}

/** Which flows to commit, and in which order: pure. */
import type { Flow, Tuple } from "@systole/node-netlink";

/** Identifies one direction of a flow. */
export function tupleKey({
  protocol,
  source,
  destination,
  sourcePort,
  destinationPort,
  icmp,
}: Tuple): string {
  const detail =
    icmp === undefined
      ? `${sourcePort ?? 0}>${destinationPort ?? 0}`
      : `icmp ${icmp.type}/${icmp.code}/${icmp.id}`;
  return `${protocol} ${source}>${destination} ${detail}`;
}

/** Identifies a flow as the kernel does: original tuple and zone. */
export const flowKey = ({ original, zone }: Flow): string =>
  zone === undefined || zone === 0 ? tupleKey(original) : `${tupleKey(original)} zone ${zone}`;

/** Flows that others were expected by come before those others. */
export function inCommitOrder(flows: readonly Flow[]): readonly Flow[] {
  if (flows.every(({ master }) => master === undefined)) return flows;
  return [
    ...flows.filter(({ master }) => master === undefined),
    ...flows.filter(({ master }) => master !== undefined),
  ];
}

/** IPS_SEEN_REPLY and IPS_ASSURED: what a kernel learns of a flow, and never forgets. */
const LEARNT_STATUS = 0x06;

/**
 * Whether writing `wanted` would change the kernel's flow `actual`: state, mark, status or protocol state differ.
 * The time-out is not compared, because it runs; a flow that is otherwise equal is not written again.
 */
export function flowsDiffer(wanted: Flow, actual: Flow): boolean {
  const unknown = (wanted.status ?? 0) & ~(actual.status ?? 0) & LEARNT_STATUS;
  return (
    tupleKey(wanted.reply) !== tupleKey(actual.reply) ||
    (wanted.mark !== undefined && wanted.mark !== (actual.mark ?? 0)) ||
    unknown !== 0 ||
    (wanted.tcp !== undefined && wanted.tcp.state !== actual.tcp?.state) ||
    lacksFlags(wanted.tcp?.flags, actual.tcp?.flags) ||
    (wanted.sctp !== undefined && wanted.sctp.state !== actual.sctp?.state) ||
    (wanted.dccp !== undefined && wanted.dccp.state !== actual.dccp?.state)
  );
}

type TcpFlags = NonNullable<Flow["tcp"]>["flags"];

/**
 * A flow that was here before, lived elsewhere and comes back is judged by windows of long ago unless it is told to be
 * liberal: that is a difference, though state and mark are equal.
 */
function lacksFlags(wanted: TcpFlags, actual: TcpFlags): boolean {
  if (wanted === undefined) return false;
  const missing = (of: "original" | "reply") => (wanted[of] & ~(actual?.[of] ?? 0)) !== 0;
  return missing("original") || missing("reply");
}

/**
 * A flow of the kernel and the body of a flow message, both ways.
 *
 * The wire has no reply tuple: it is the inverse of the original one plus what NAT changed. Counters, timestamps,
 * security labels, the TCP window and GRE keys do not travel either. Order and presence of the attributes are
 * conntrackd's, so that equal flows give equal bytes, with one exception: for ICMP behind NAT it sends two port
 * attributes with meaningless values, which the kernel ignores; we leave them out.
 */
import type { Flow, SequenceAdjustment, Tuple } from "@systole/node-netlink";
import {
  ByteWriter,
  DecodeError,
  type IpAddress,
  ipBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  isIpv4,
} from "@systole/wire";
import {
  hasPorts,
  IPPROTO_DCCP,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  isIcmp,
  readTuple,
  requireTuple,
  type TupleAttributes,
  writeAddresses,
  writePorts,
  writeTuple,
} from "./addresses.js";
import {
  type AttributeIndex,
  CT,
  FLOW_ATTRIBUTES,
  writeAttribute,
  writeText,
  writeU8,
  writeU32,
} from "./attribute.js";
import { ORIGINAL } from "./key.js";

export type { Flow } from "@systole/node-netlink";

/** Kernel status bits that this protocol looks at; include/uapi/linux/netfilter/nf_conntrack_common.h. */
export const IPS_EXPECTED = 0x1;
export const IPS_SEEN_REPLY = 0x2;
export const IPS_ASSURED = 0x4;
export const IPS_SRC_NAT_DONE = 0x80;
export const IPS_DST_NAT_DONE = 0x100;
export const IPS_OFFLOAD = 0xc000; // OFFLOAD and HW_OFFLOAD

const MASTER: TupleAttributes = {
  ipv4: CT.MASTER_IPV4,
  ipv6: CT.MASTER_IPV6,
  protocol: CT.MASTER_L4PROTO,
  port: CT.MASTER_PORT,
};

export interface FlowEncoding {
  /** TCPWindowTracking: window scales travel. */
  readonly windowTracking: boolean;
  /** Off when CommitTimeout is set: the peer uses its own. */
  readonly timeout: boolean;
}

/** Writes a flow as the body of a message. */
export function encodeFlow(flow: Flow, { windowTracking, timeout }: FlowEncoding): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128);
  const { original } = flow;
  writeAddresses(writer, ORIGINAL, original.source, original.destination);
  if (flow.status !== undefined) writeU32(writer, CT.STATUS, flow.status);
  writeU8(writer, CT.L4PROTO, original.protocol);
  writeProtocol(writer, flow, windowTracking);
  if (timeout && flow.timeoutSeconds !== undefined) writeU32(writer, CT.TIMEOUT, flow.timeoutSeconds);
  if (flow.mark !== undefined) writeU32(writer, CT.MARK, flow.mark);
  if (flow.master !== undefined) writeTuple(writer, MASTER, flow.master, hasPorts(flow.master.protocol));
  writeNat(writer, flow);
  writeRest(writer, flow);
  return writer.done();
}

function writeProtocol(writer: ByteWriter, flow: Flow, windowTracking: boolean): void {
  const { protocol, sourcePort, destinationPort, icmp } = flow.original;
  if (isIcmp(protocol) && icmp !== undefined) {
    writeU8(writer, CT.ICMP_TYPE, icmp.type);
    writeU8(writer, CT.ICMP_CODE, icmp.code);
    writer.u16be(6).u16be(CT.ICMP_ID).u16host(icmp.id).zeros(2);
  }
  if (!hasPorts(protocol)) return;
  writePorts(writer, CT.PORT, sourcePort ?? 0, destinationPort ?? 0);
  if (protocol === IPPROTO_TCP && flow.tcp !== undefined) {
    writeU8(writer, CT.TCP_STATE, flow.tcp.state);
    if (windowTracking && flow.tcp.windowScale !== undefined) {
      writeU8(writer, CT.TCP_WSCALE_ORIG, flow.tcp.windowScale.original);
      writeU8(writer, CT.TCP_WSCALE_REPL, flow.tcp.windowScale.reply);
    }
  }
  if (protocol === IPPROTO_SCTP && flow.sctp !== undefined) {
    writeU8(writer, CT.SCTP_STATE, flow.sctp.state);
    writeU32(writer, CT.SCTP_VTAG_ORIG, flow.sctp.tagOriginal);
    writeU32(writer, CT.SCTP_VTAG_REPL, flow.sctp.tagReply);
  }
  if (protocol === IPPROTO_DCCP && flow.dccp !== undefined) {
    writeU8(writer, CT.DCCP_STATE, flow.dccp.state);
    writeU8(writer, CT.DCCP_ROLE, flow.dccp.role);
  }
}

/** NAT is real only where the kernel says it is done and the tuples differ. */
function writeNat(writer: ByteWriter, { original, reply, status = 0 }: Flow): void {
  const source = (status & IPS_SRC_NAT_DONE) !== 0;
  const destination = (status & IPS_DST_NAT_DONE) !== 0;
  if (source && reply.destination !== original.source) {
    writeAddress(writer, CT.SNAT_IPV4, CT.SNAT_IPV6, reply.destination);
  }
  if (destination && reply.source !== original.destination) {
    writeAddress(writer, CT.DNAT_IPV4, CT.DNAT_IPV6, reply.source);
  }
  if (!hasPorts(original.protocol)) return;
  if (source) writeSwappedPort(writer, CT.SPAT_PORT, reply.destinationPort, original.sourcePort);
  if (destination) writeSwappedPort(writer, CT.DPAT_PORT, reply.sourcePort, original.destinationPort);
}

function writeAddress(writer: ByteWriter, v4: number, v6: number, address: IpAddress): void {
  writeAttribute(writer, isIpv4(address) ? v4 : v6, ipBytes(address));
}

function writeSwappedPort(writer: ByteWriter, type: number, port = 0, unless = 0): void {
  if (port !== unless) writer.u16be(6).u16be(type).u16host(port).zeros(2);
}

function writeRest(writer: ByteWriter, flow: Flow): void {
  const { sequenceAdjustment: adjusted, labels, synproxy } = flow;
  if (adjusted?.original !== undefined && adjusted.reply !== undefined) {
    writer.u16be(28).u16be(CT.NAT_SEQ_ADJ);
    for (const { correctionPosition, offsetBefore, offsetAfter } of [adjusted.original, adjusted.reply]) {
      writer.u32be(correctionPosition).u32be(offsetBefore).u32be(offsetAfter);
    }
  }
  if (flow.helper !== undefined) writeText(writer, FLOW_ATTRIBUTES, CT.HELPER_NAME, flow.helper);
  if (labels?.some((byte) => byte !== 0)) writeAttribute(writer, CT.LABELS, swapWords(labels));
  if (synproxy !== undefined) {
    writer.u16be(16).u16be(CT.SYNPROXY);
    writer.u32be(synproxy.initialSequence).u32be(synproxy.initialTimestamp).u32be(synproxy.timestampOffset);
  }
  if (flow.zone !== undefined) writer.u16be(6).u16be(CT.ZONE).u16be(flow.zone).zeros(2);
}

/** Labels are words in host order (little-endian) in the kernel and big-endian on the wire. */
function swapWords(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (_, at) => bytes[at ^ 3] ?? 0);
}

/**
 * Reads the flow that a scanned body describes.
 *
 * @throws DecodeError if addresses, protocol or the ports of a protocol with ports are missing.
 */
export function decodeFlow(attributes: AttributeIndex): Flow {
  checkFlow(attributes);
  const original = originalTuple(attributes);
  const { protocol } = original;
  const master = readTuple(attributes, MASTER);
  return {
    original,
    reply: replyTuple(attributes, original),
    ...(attributes.has(CT.STATUS) && { status: attributes.u32be(CT.STATUS) }),
    ...(attributes.has(CT.TIMEOUT) && { timeoutSeconds: attributes.u32be(CT.TIMEOUT) }),
    ...(attributes.has(CT.MARK) && { mark: attributes.u32be(CT.MARK) }),
    ...(protocol === IPPROTO_TCP && readTcp(attributes)),
    ...(protocol === IPPROTO_SCTP && attributes.has(CT.SCTP_STATE) && { sctp: readSctp(attributes) }),
    ...(protocol === IPPROTO_DCCP && attributes.has(CT.DCCP_STATE) && { dccp: readDccp(attributes) }),
    ...(master !== undefined && { master }),
    ...(attributes.has(CT.NAT_SEQ_ADJ) && {
      sequenceAdjustment: { original: readAdjustment(attributes, 0), reply: readAdjustment(attributes, 3) },
    }),
    ...(attributes.has(CT.HELPER_NAME) && { helper: attributes.text(CT.HELPER_NAME) }),
    ...readLabels(attributes),
    ...(attributes.has(CT.SYNPROXY) && {
      synproxy: {
        initialSequence: attributes.u32be(CT.SYNPROXY),
        initialTimestamp: attributes.u32be(CT.SYNPROXY, 1),
        timestampOffset: attributes.u32be(CT.SYNPROXY, 2),
      },
    }),
    ...(attributes.has(CT.ZONE) && { zone: attributes.u16be(CT.ZONE) }),
  };
}

/**
 * Says whether `decodeFlow` will succeed, without building the flow: what is kept in a cache must pass.
 *
 * @throws DecodeError as `decodeFlow`.
 */
export function checkFlow(attributes: AttributeIndex): void {
  const { format } = FLOW_ATTRIBUTES;
  if (!(attributes.has(CT.IPV4) || attributes.has(CT.IPV6)) || !attributes.has(CT.L4PROTO)) {
    throw new DecodeError(format, 0, "addresses or protocol are missing");
  }
  const protocol = attributes.u8(CT.L4PROTO);
  if (hasPorts(protocol) && !attributes.has(CT.PORT)) {
    throw new DecodeError(format, 0, `ports of protocol ${protocol} are missing`);
  }
  if (attributes.has(CT.HELPER_NAME)) attributes.text(CT.HELPER_NAME);
}

function originalTuple(attributes: AttributeIndex): Tuple {
  const tuple = requireTuple(attributes, ORIGINAL, FLOW_ATTRIBUTES.format);
  if (!isIcmp(tuple.protocol)) return tuple;
  const u8 = (type: number) => (attributes.has(type) ? attributes.u8(type) : 0);
  const id = attributes.has(CT.ICMP_ID) ? attributes.u16le(CT.ICMP_ID) : 0;
  return { ...tuple, icmp: { type: u8(CT.ICMP_TYPE), code: u8(CT.ICMP_CODE), id } };
}

/** ICMP queries and their answers, ICMPv6 among them; any other type answers itself. */
const ICMP_ANSWER: ReadonlyMap<number, number> = new Map(
  Object.entries({ 8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140 }).flatMap(([query, answer]) => [
    [Number(query), answer],
    [answer, Number(query)],
  ]),
);

/** The type of the answer to an ICMP or ICMPv6 message of this type. */
export const icmpAnswer = (type: number): number => ICMP_ANSWER.get(type) ?? type;

function replyTuple(attributes: AttributeIndex, original: Tuple): Tuple {
  const { source, destination, protocol, sourcePort, destinationPort, icmp } = original;
  const port = (type: number, otherwise: number) =>
    attributes.has(type) ? attributes.u16le(type) : otherwise;
  return {
    source: readAddress(attributes, CT.DNAT_IPV4, CT.DNAT_IPV6) ?? destination,
    destination: readAddress(attributes, CT.SNAT_IPV4, CT.SNAT_IPV6) ?? source,
    protocol,
    ...(sourcePort !== undefined &&
      destinationPort !== undefined && {
        sourcePort: port(CT.DPAT_PORT, destinationPort),
        destinationPort: port(CT.SPAT_PORT, sourcePort),
      }),
    ...(icmp !== undefined && { icmp: { ...icmp, type: icmpAnswer(icmp.type) } }),
  };
}

function readAddress(attributes: AttributeIndex, v4: number, v6: number): IpAddress | undefined {
  if (attributes.has(v4)) return ipv4FromBytes(attributes.payload(v4));
  return attributes.has(v6) ? ipv6FromBytes(attributes.payload(v6)) : undefined;
}

function readTcp(attributes: AttributeIndex): Pick<Flow, "tcp"> {
  if (!attributes.has(CT.TCP_STATE)) return {};
  const state = attributes.u8(CT.TCP_STATE);
  if (!attributes.has(CT.TCP_WSCALE_ORIG) || !attributes.has(CT.TCP_WSCALE_REPL)) return { tcp: { state } };
  const original = attributes.u8(CT.TCP_WSCALE_ORIG);
  return { tcp: { state, windowScale: { original, reply: attributes.u8(CT.TCP_WSCALE_REPL) } } };
}

function readSctp(attributes: AttributeIndex): NonNullable<Flow["sctp"]> {
  const tag = (type: number) => (attributes.has(type) ? attributes.u32be(type) : 0);
  return {
    state: attributes.u8(CT.SCTP_STATE),
    tagOriginal: tag(CT.SCTP_VTAG_ORIG),
    tagReply: tag(CT.SCTP_VTAG_REPL),
  };
}

function readDccp(attributes: AttributeIndex): NonNullable<Flow["dccp"]> {
  const role = attributes.has(CT.DCCP_ROLE) ? attributes.u8(CT.DCCP_ROLE) : 0;
  return { state: attributes.u8(CT.DCCP_STATE), role, handshakeSequence: 0n };
}

const readAdjustment = (attributes: AttributeIndex, first: number): SequenceAdjustment => ({
  correctionPosition: attributes.u32be(CT.NAT_SEQ_ADJ, first),
  offsetBefore: attributes.u32be(CT.NAT_SEQ_ADJ, first + 1),
  offsetAfter: attributes.u32be(CT.NAT_SEQ_ADJ, first + 2),
});

/** A label set whose length is not a whole number of words is ignored. */
function readLabels(attributes: AttributeIndex): Pick<Flow, "labels"> {
  const payload = attributes.has(CT.LABELS) ? attributes.payload(CT.LABELS) : undefined;
  return payload !== undefined && payload.length % 4 === 0 ? { labels: swapWords(payload) } : {};
}

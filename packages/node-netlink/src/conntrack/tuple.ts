/** One direction of a flow: addresses, protocol, ports. */
import { type IpAddress, ipBytes, isIpv4 } from "@systole/wire";
import type { AttributeWriter } from "../attribute.js";
import type { AttributeCursor } from "../attribute-cursor.js";
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_ICMPV6_CODE,
  CTA_PROTO_ICMPV6_ID,
  CTA_PROTO_ICMPV6_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_ZONE,
  IPPROTO_ICMPV6,
} from "./constants.js";

export interface Tuple {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol number. */
  readonly protocol: number;
  /** TCP, UDP, SCTP, DCCP, UDP-Lite; for GRE the key. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number };
  /** Conntrack zone of this direction alone; the zone of both is the flow's. */
  readonly zone?: number;
}

type Draft = { -readonly [K in keyof Tuple]?: Tuple[K] };

/** @throws DecodeError without both addresses and a protocol number. */
export function readTuple(cursor: AttributeCursor): Tuple {
  const tuple: Draft = {};
  while (cursor.next()) {
    if (cursor.type === CTA_TUPLE_PROTO) readProtocol(cursor.nest(), tuple);
    else if (cursor.type === CTA_TUPLE_ZONE) tuple.zone = cursor.u16be();
    else if (cursor.type === CTA_TUPLE_IP) {
      const ip = cursor.nest();
      while (ip.next()) {
        if (ip.type === CTA_IP_V4_SRC) tuple.source = ip.ipv4();
        else if (ip.type === CTA_IP_V4_DST) tuple.destination = ip.ipv4();
        else if (ip.type === CTA_IP_V6_SRC) tuple.source = ip.ipv6();
        else if (ip.type === CTA_IP_V6_DST) tuple.destination = ip.ipv6();
      }
    }
  }
  if (tuple.source === undefined || tuple.destination === undefined) {
    cursor.fail("tuple without both addresses");
  }
  if (tuple.protocol === undefined) cursor.fail("tuple without protocol");
  return tuple as Tuple; // all three mandatory fields are there: just checked
}

function readProtocol(cursor: AttributeCursor, tuple: Draft): void {
  let [type, code, id, icmp] = [0, 0, 0, false];
  while (cursor.next()) {
    switch (cursor.type) {
      case CTA_PROTO_NUM:
        tuple.protocol = cursor.u8();
        break;
      case CTA_PROTO_SRC_PORT:
        tuple.sourcePort = cursor.u16be();
        break;
      case CTA_PROTO_DST_PORT:
        tuple.destinationPort = cursor.u16be();
        break;
      case CTA_PROTO_ICMP_ID:
      case CTA_PROTO_ICMPV6_ID:
        id = cursor.u16be();
        icmp = true;
        break;
      case CTA_PROTO_ICMP_TYPE:
      case CTA_PROTO_ICMPV6_TYPE:
        type = cursor.u8();
        icmp = true;
        break;
      case CTA_PROTO_ICMP_CODE:
      case CTA_PROTO_ICMPV6_CODE:
        code = cursor.u8();
        icmp = true;
        break;
    }
  }
  if (icmp) tuple.icmp = { type, code, id };
}

/** In the order in which conntrackd writes it. */
export function writeTuple(attributes: AttributeWriter, type: number, tuple: Tuple): void {
  const { source, destination, protocol, sourcePort, destinationPort, icmp, zone } = tuple;
  const [sourceType, destinationType] = isIpv4(source)
    ? [CTA_IP_V4_SRC, CTA_IP_V4_DST]
    : [CTA_IP_V6_SRC, CTA_IP_V6_DST];
  attributes.nest(type, (nest) => {
    nest.nest(CTA_TUPLE_IP, (ip) => {
      ip.bytes(sourceType, ipBytes(source)).bytes(destinationType, ipBytes(destination));
    });
    nest.nest(CTA_TUPLE_PROTO, (inner) => {
      inner.u8(CTA_PROTO_NUM, protocol);
      if (sourcePort !== undefined) inner.u16be(CTA_PROTO_SRC_PORT, sourcePort);
      if (destinationPort !== undefined) inner.u16be(CTA_PROTO_DST_PORT, destinationPort);
      if (icmp === undefined) return;
      const v6 = protocol === IPPROTO_ICMPV6;
      inner
        .u8(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, icmp.code)
        .u8(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, icmp.type)
        .u16be(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, icmp.id);
    });
    if (zone !== undefined) nest.u16be(CTA_TUPLE_ZONE, zone);
  });
}

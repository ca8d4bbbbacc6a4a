/** NAT of a flow: where the kernel is to translate to, and the sequence numbers that a helper moved. */
import { type IpAddress, ipBytes, isIpv4 } from "@systole/wire";
import type { AttributeWriter } from "../attribute.js";
import type { AttributeCursor } from "../attribute-cursor.js";
import {
  CTA_NAT_PROTO,
  CTA_NAT_V4_MAXIP,
  CTA_NAT_V4_MINIP,
  CTA_NAT_V6_MAXIP,
  CTA_NAT_V6_MINIP,
  CTA_PROTONAT_PORT_MAX,
  CTA_PROTONAT_PORT_MIN,
  CTA_SEQADJ_CORRECTION_POS,
  CTA_SEQADJ_OFFSET_AFTER,
  CTA_SEQADJ_OFFSET_BEFORE,
} from "./constants.js";

/** Only in requests: the kernel tells NAT by tuples that are not each other's mirror image. */
export interface NatRange {
  readonly address?: IpAddress;
  /** The last address of a range; the kernel takes `address` alone without it. */
  readonly lastAddress?: IpAddress;
  /** Empty: the protocol has no ports to translate. */
  readonly ports?: { readonly first?: number; readonly last?: number };
}

export interface SequenceAdjustment {
  readonly correctionPosition: number;
  readonly offsetBefore: number;
  readonly offsetAfter: number;
}

/** @throws DecodeError */
export function readNatRange(cursor: AttributeCursor): NatRange {
  const range: { -readonly [K in keyof NatRange]: NatRange[K] } = {};
  while (cursor.next()) {
    if (cursor.type === CTA_NAT_V4_MINIP) range.address = cursor.ipv4();
    else if (cursor.type === CTA_NAT_V4_MAXIP) range.lastAddress = cursor.ipv4();
    else if (cursor.type === CTA_NAT_V6_MINIP) range.address = cursor.ipv6();
    else if (cursor.type === CTA_NAT_V6_MAXIP) range.lastAddress = cursor.ipv6();
    else if (cursor.type === CTA_NAT_PROTO) {
      const ports: { first?: number; last?: number } = {};
      const inner = cursor.nest();
      while (inner.next()) {
        if (inner.type === CTA_PROTONAT_PORT_MIN) ports.first = inner.u16be();
        else if (inner.type === CTA_PROTONAT_PORT_MAX) ports.last = inner.u16be();
      }
      range.ports = ports;
    }
  }
  return range;
}

export function writeNatRange(attributes: AttributeWriter, type: number, range: NatRange): void {
  const { address, lastAddress, ports } = range;
  attributes.nest(type, (nest) => {
    if (address !== undefined)
      nest.bytes(isIpv4(address) ? CTA_NAT_V4_MINIP : CTA_NAT_V6_MINIP, ipBytes(address));
    if (lastAddress !== undefined) {
      nest.bytes(isIpv4(lastAddress) ? CTA_NAT_V4_MAXIP : CTA_NAT_V6_MAXIP, ipBytes(lastAddress));
    }
    if (ports === undefined) return;
    nest.nest(CTA_NAT_PROTO, (inner) => {
      if (ports.first !== undefined) inner.u16be(CTA_PROTONAT_PORT_MIN, ports.first);
      if (ports.last !== undefined) inner.u16be(CTA_PROTONAT_PORT_MAX, ports.last);
    });
  });
}

/** @throws DecodeError */
export function readSequenceAdjustment(cursor: AttributeCursor): SequenceAdjustment {
  let [correctionPosition, offsetBefore, offsetAfter] = [0, 0, 0];
  while (cursor.next()) {
    if (cursor.type === CTA_SEQADJ_CORRECTION_POS) correctionPosition = cursor.u32be();
    else if (cursor.type === CTA_SEQADJ_OFFSET_BEFORE) offsetBefore = cursor.u32be();
    else if (cursor.type === CTA_SEQADJ_OFFSET_AFTER) offsetAfter = cursor.u32be();
  }
  return { correctionPosition, offsetBefore, offsetAfter };
}

export function writeSequenceAdjustment(
  attributes: AttributeWriter,
  type: number,
  adjustment: SequenceAdjustment,
): void {
  attributes.nest(type, (nest) => {
    nest
      .u32be(CTA_SEQADJ_CORRECTION_POS, adjustment.correctionPosition)
      .u32be(CTA_SEQADJ_OFFSET_BEFORE, adjustment.offsetBefore)
      .u32be(CTA_SEQADJ_OFFSET_AFTER, adjustment.offsetAfter);
  });
}

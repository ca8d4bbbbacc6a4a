/** What the kernel's trackers know of TCP, SCTP and DCCP beyond the tuple. */
import type { AttributeWriter } from "../attribute.js";
import type { AttributeCursor } from "../attribute-cursor.js";
import {
  CTA_PROTOINFO,
  CTA_PROTOINFO_DCCP,
  CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ,
  CTA_PROTOINFO_DCCP_ROLE,
  CTA_PROTOINFO_DCCP_STATE,
  CTA_PROTOINFO_SCTP,
  CTA_PROTOINFO_SCTP_STATE,
  CTA_PROTOINFO_SCTP_VTAG_ORIGINAL,
  CTA_PROTOINFO_SCTP_VTAG_REPLY,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_FLAGS_ORIGINAL,
  CTA_PROTOINFO_TCP_FLAGS_REPLY,
  CTA_PROTOINFO_TCP_STATE,
  CTA_PROTOINFO_TCP_WSCALE_ORIGINAL,
  CTA_PROTOINFO_TCP_WSCALE_REPLY,
} from "./constants.js";

export interface TcpInfo {
  /** TCP_CONNTRACK_*: 3 is established. */
  readonly state: number;
  readonly windowScale?: { readonly original: number; readonly reply: number };
  /** IP_CT_TCP_FLAG_*; what is set here is set in the kernel, nothing is cleared. */
  readonly flags?: { readonly original: number; readonly reply: number };
}

export interface SctpInfo {
  readonly state: number;
  readonly tagOriginal: number;
  readonly tagReply: number;
}

export interface DccpInfo {
  readonly state: number;
  readonly role: number;
  readonly handshakeSequence: bigint;
}

export interface ProtocolInfo {
  readonly tcp?: TcpInfo;
  readonly sctp?: SctpInfo;
  readonly dccp?: DccpInfo;
}

/** What stands in CTA_PROTOINFO; empty for trackers that are not known here. @throws DecodeError */
export function readProtocolInfo(cursor: AttributeCursor): ProtocolInfo {
  let info: ProtocolInfo = {};
  while (cursor.next()) {
    if (cursor.type === CTA_PROTOINFO_TCP) info = { ...info, tcp: readTcp(cursor.nest()) };
    else if (cursor.type === CTA_PROTOINFO_SCTP) info = { ...info, sctp: readSctp(cursor.nest()) };
    else if (cursor.type === CTA_PROTOINFO_DCCP) info = { ...info, dccp: readDccp(cursor.nest()) };
  }
  return info;
}

function readTcp(cursor: AttributeCursor): TcpInfo {
  let state = 0;
  let scales: { original: number; reply: number } | undefined;
  let flags: { original: number; reply: number } | undefined;
  while (cursor.next()) {
    switch (cursor.type) {
      case CTA_PROTOINFO_TCP_STATE:
        state = cursor.u8();
        break;
      case CTA_PROTOINFO_TCP_WSCALE_ORIGINAL:
        scales = { original: cursor.u8(), reply: scales?.reply ?? 0 };
        break;
      case CTA_PROTOINFO_TCP_WSCALE_REPLY:
        scales = { original: scales?.original ?? 0, reply: cursor.u8() };
        break;
      case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL: // flags, mask; the mask of an answer says nothing
        flags = { original: cursor.u8(), reply: flags?.reply ?? 0 };
        break;
      case CTA_PROTOINFO_TCP_FLAGS_REPLY:
        flags = { original: flags?.original ?? 0, reply: cursor.u8() };
        break;
    }
  }
  return { state, ...(scales && { windowScale: scales }), ...(flags && { flags }) };
}

function readSctp(cursor: AttributeCursor): SctpInfo {
  let [state, tagOriginal, tagReply] = [0, 0, 0];
  while (cursor.next()) {
    if (cursor.type === CTA_PROTOINFO_SCTP_STATE) state = cursor.u8();
    else if (cursor.type === CTA_PROTOINFO_SCTP_VTAG_ORIGINAL) tagOriginal = cursor.u32be();
    else if (cursor.type === CTA_PROTOINFO_SCTP_VTAG_REPLY) tagReply = cursor.u32be();
  }
  return { state, tagOriginal, tagReply };
}

function readDccp(cursor: AttributeCursor): DccpInfo {
  let [state, role, handshakeSequence] = [0, 0, 0n];
  while (cursor.next()) {
    if (cursor.type === CTA_PROTOINFO_DCCP_STATE) state = cursor.u8();
    else if (cursor.type === CTA_PROTOINFO_DCCP_ROLE) role = cursor.u8();
    else if (cursor.type === CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ) handshakeSequence = cursor.u64be();
  }
  return { state, role, handshakeSequence };
}

/** In the order in which conntrackd writes it; nothing if there is nothing to say. */
export function writeProtocolInfo(attributes: AttributeWriter, info: ProtocolInfo): void {
  const { tcp, sctp, dccp } = info;
  if (tcp === undefined && sctp === undefined && dccp === undefined) return;
  attributes.nest(CTA_PROTOINFO, (nest) => {
    if (tcp !== undefined) nest.nest(CTA_PROTOINFO_TCP, (inner) => writeTcp(inner, tcp));
    if (sctp !== undefined) {
      nest.nest(CTA_PROTOINFO_SCTP, (inner) => {
        inner
          .u8(CTA_PROTOINFO_SCTP_STATE, sctp.state)
          .u32be(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, sctp.tagOriginal)
          .u32be(CTA_PROTOINFO_SCTP_VTAG_REPLY, sctp.tagReply);
      });
    }
    if (dccp !== undefined) {
      nest.nest(CTA_PROTOINFO_DCCP, (inner) => {
        inner
          .u8(CTA_PROTOINFO_DCCP_STATE, dccp.state)
          .u8(CTA_PROTOINFO_DCCP_ROLE, dccp.role)
          .u64be(CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, dccp.handshakeSequence);
      });
    }
  });
}

function writeTcp(nest: AttributeWriter, { state, flags, windowScale }: TcpInfo): void {
  nest.u8(CTA_PROTOINFO_TCP_STATE, state);
  if (flags !== undefined) {
    nest
      .bytes(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, Uint8Array.of(flags.original, flags.original))
      .bytes(CTA_PROTOINFO_TCP_FLAGS_REPLY, Uint8Array.of(flags.reply, flags.reply));
  }
  if (windowScale !== undefined) {
    nest
      .u8(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, windowScale.original)
      .u8(CTA_PROTOINFO_TCP_WSCALE_REPLY, windowScale.reply);
  }
}

/**
 * From the body of a message straight to a request that writes, changes or removes the flow in our kernel.
 *
 * NAT is told as ranges with the plain inverse as reply tuple: with the translated one the kernel would find nothing
 * left to translate and would not set the flow up for NAT at all. What a request may not change (NAT, helper, master)
 * stays out of a change.
 */
import {
  CTA_HELP,
  CTA_HELP_NAME,
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_LABELS,
  CTA_MARK,
  CTA_NAT_DST,
  CTA_NAT_PROTO,
  CTA_NAT_SRC,
  CTA_NAT_V4_MAXIP,
  CTA_NAT_V4_MINIP,
  CTA_NAT_V6_MAXIP,
  CTA_NAT_V6_MINIP,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_ICMPV6_CODE,
  CTA_PROTO_ICMPV6_ID,
  CTA_PROTO_ICMPV6_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_PROTOINFO,
  CTA_PROTOINFO_DCCP,
  CTA_PROTOINFO_SCTP,
  CTA_PROTOINFO_TCP,
  CTA_PROTONAT_PORT_MAX,
  CTA_PROTONAT_PORT_MIN,
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_STATUS,
  CTA_SYNPROXY,
  CTA_TIMEOUT,
  CTA_TUPLE_IP,
  CTA_TUPLE_MASTER,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_SACK_PERM,
  IP_CT_TCP_FLAG_WINDOW_SCALE,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  NLM_F_CREATE,
  NLM_F_EXCL,
  type RequestBatch,
} from "@systole/node-netlink";
import { isIcmp } from "./addresses.js";
import { type AttributeIndex, CT } from "./attribute.js";
import { icmpAnswer } from "./flow.js";

const NEW_FLOW = 0x100; // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW
const DELETE_FLOW = 0x102;
const AF_INET = 2;
const AF_INET6 = 10;
/** The bits that one kernel may ask of another: NAT, offload and dying are its own affair. */
const KEPT_STATUS = IPS_SEEN_REPLY | IPS_ASSURED;
/** Of a flow whose peer never said it, as conntrackd does. */
const UNKNOWN_TIMEOUT = 60;

export interface RestoreOptions {
  /** TCPWindowTracking: window scales are set, and windows judged by; else the kernel is told to be liberal. */
  readonly windowTracking: boolean;
}

/** Writes requests about scanned bodies into a batch. */
export class FlowToKernel {
  readonly #batch: RequestBatch;
  readonly #options: RestoreOptions;

  constructor(batch: RequestBatch, options: RestoreOptions) {
    this.#batch = batch;
    this.#options = options;
  }

  /** @param withHelper false: the second try, where a helper is not loaded here. */
  create(body: AttributeIndex, withHelper: boolean): void {
    const batch = this.#batch;
    batch.begin(NEW_FLOW, NLM_F_CREATE | NLM_F_EXCL, familyOf(body));
    this.#tuple(CTA_TUPLE_ORIG, body, false);
    this.#tuple(CTA_TUPLE_REPLY, body, true);
    batch.u32be(CTA_STATUS, (statusOf(body) & KEPT_STATUS) | IPS_CONFIRMED);
    this.#changeable(body);
    this.#nat(body);
    if (body.has(CT.NAT_SEQ_ADJ)) {
      this.#words(CTA_SEQ_ADJ_ORIG, body, CT.NAT_SEQ_ADJ, 0);
      this.#words(CTA_SEQ_ADJ_REPLY, body, CT.NAT_SEQ_ADJ, 3);
    }
    if (withHelper && body.has(CT.HELPER_NAME)) {
      const nest = batch.open(CTA_HELP);
      batch.bytes(CTA_HELP_NAME, body.bytes, body.offset(CT.HELPER_NAME), body.size(CT.HELPER_NAME));
      batch.close(nest);
    }
    if (body.has(CT.MASTER_IPV4) || body.has(CT.MASTER_IPV6)) this.#master(body);
    if (body.has(CT.SYNPROXY)) this.#words(CTA_SYNPROXY, body, CT.SYNPROXY, 0);
    batch.finish();
  }

  /** The kernel refuses to take EXPECTED, SEEN_REPLY and ASSURED back, so they must be what it has. */
  update(body: AttributeIndex): void {
    this.#batch.begin(NEW_FLOW, 0, familyOf(body));
    this.#tuple(CTA_TUPLE_ORIG, body, false);
    const expected = body.has(CT.MASTER_IPV4) || body.has(CT.MASTER_IPV6) ? IPS_EXPECTED : 0;
    if (body.has(CT.STATUS)) {
      this.#batch.u32be(CTA_STATUS, (statusOf(body) & KEPT_STATUS) | IPS_CONFIRMED | expected);
    }
    this.#changeable(body);
    this.#batch.finish();
  }

  /** Named by tuple and zone; never without a tuple, which would flush the table. */
  remove(body: AttributeIndex): void {
    this.#batch.begin(DELETE_FLOW, 0, familyOf(body));
    this.#tuple(CTA_TUPLE_ORIG, body, false);
    if (body.has(CT.ZONE)) this.#batch.u16be(CTA_ZONE, body.u16be(CT.ZONE));
    this.#batch.finish();
  }

  /** What both a new flow and a change carry: timeout, mark, protocol state, labels, zone. */
  #changeable(body: AttributeIndex): void {
    const batch = this.#batch;
    batch.u32be(CTA_TIMEOUT, body.has(CT.TIMEOUT) ? Math.max(1, body.u32be(CT.TIMEOUT)) : UNKNOWN_TIMEOUT);
    if (body.has(CT.MARK)) batch.u32be(CTA_MARK, body.u32be(CT.MARK));
    this.#state(body);
    if (body.has(CT.LABELS) && body.size(CT.LABELS) % 4 === 0) this.#labels(body);
    if (body.has(CT.ZONE)) batch.u16be(CTA_ZONE, body.u16be(CT.ZONE));
  }

  #tuple(type: number, body: AttributeIndex, reply: boolean): void {
    const batch = this.#batch;
    const nest = batch.open(type);
    this.#addresses(body, CT.IPV4, CT.IPV6, reply);
    const proto = batch.open(CTA_TUPLE_PROTO);
    const protocol = body.u8(CT.L4PROTO);
    batch.u8(CTA_PROTO_NUM, protocol);
    if (body.has(CT.PORT)) this.#ports(body, CT.PORT, reply);
    if (isIcmp(protocol)) this.#icmp(body, reply);
    batch.close(proto);
    batch.close(nest);
  }

  #addresses(body: AttributeIndex, ipv4: number, ipv6: number, reply: boolean): void {
    const v4 = body.has(ipv4);
    const at = body.offset(v4 ? ipv4 : ipv6);
    const size = v4 ? 4 : 16;
    const nest = this.#batch.open(CTA_TUPLE_IP);
    this.#batch.bytes(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, body.bytes, reply ? at + size : at, size);
    this.#batch.bytes(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, body.bytes, reply ? at : at + size, size);
    this.#batch.close(nest);
  }

  #ports(body: AttributeIndex, type: number, reply: boolean): void {
    const at = body.offset(type);
    this.#batch.bytes(CTA_PROTO_SRC_PORT, body.bytes, reply ? at + 2 : at, 2);
    this.#batch.bytes(CTA_PROTO_DST_PORT, body.bytes, reply ? at : at + 2, 2);
  }

  #icmp(body: AttributeIndex, reply: boolean): void {
    const v6 = body.has(CT.IPV6);
    const type = body.has(CT.ICMP_TYPE) ? body.u8(CT.ICMP_TYPE) : 0;
    const code = body.has(CT.ICMP_CODE) ? body.u8(CT.ICMP_CODE) : 0;
    this.#batch.u8(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, reply ? icmpAnswer(type) : type);
    this.#batch.u8(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, code);
    const id = body.has(CT.ICMP_ID) ? body.u16le(CT.ICMP_ID) : 0;
    this.#batch.u16be(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, id);
  }

  #state(body: AttributeIndex): void {
    const batch = this.#batch;
    if (body.has(CT.TCP_STATE)) {
      const info = batch.open(CTA_PROTOINFO);
      const nest = batch.open(CTA_PROTOINFO_TCP);
      this.#tcp(body);
      batch.close(nest);
      batch.close(info);
    } else if (body.has(CT.SCTP_STATE)) {
      const info = batch.open(CTA_PROTOINFO);
      const nest = batch.open(CTA_PROTOINFO_SCTP);
      batch.u8(1, body.u8(CT.SCTP_STATE));
      batch.u32be(2, body.has(CT.SCTP_VTAG_ORIG) ? body.u32be(CT.SCTP_VTAG_ORIG) : 0);
      batch.u32be(3, body.has(CT.SCTP_VTAG_REPL) ? body.u32be(CT.SCTP_VTAG_REPL) : 0);
      batch.close(nest);
      batch.close(info);
    } else if (body.has(CT.DCCP_STATE)) {
      const info = batch.open(CTA_PROTOINFO);
      const nest = batch.open(CTA_PROTOINFO_DCCP);
      batch.u8(1, body.u8(CT.DCCP_STATE));
      batch.u8(2, body.has(CT.DCCP_ROLE) ? body.u8(CT.DCCP_ROLE) : 0);
      batch.close(nest);
      batch.close(info);
    }
  }

  /** 1 state, 2 and 3 window scales, 4 and 5 flags of both directions with the mask of those that are set. */
  #tcp(body: AttributeIndex): void {
    const batch = this.#batch;
    const scaled =
      this.#options.windowTracking && body.has(CT.TCP_WSCALE_ORIG) && body.has(CT.TCP_WSCALE_REPL);
    const flags = scaled
      ? IP_CT_TCP_FLAG_WINDOW_SCALE | IP_CT_TCP_FLAG_SACK_PERM
      : IP_CT_TCP_FLAG_BE_LIBERAL | IP_CT_TCP_FLAG_SACK_PERM;
    batch.u8(1, body.u8(CT.TCP_STATE));
    if (scaled) {
      batch.u8(2, body.u8(CT.TCP_WSCALE_ORIG));
      batch.u8(3, body.u8(CT.TCP_WSCALE_REPL));
    }
    batch.pair(4, flags, flags);
    batch.pair(5, flags, flags);
  }

  /** Where the reply comes from and goes to differs from the plain inverse: that is what was translated. */
  #nat(body: AttributeIndex): void {
    this.#range(CTA_NAT_SRC, body, CT.SNAT_IPV4, CT.SNAT_IPV6, CT.SPAT_PORT, 0);
    this.#range(CTA_NAT_DST, body, CT.DNAT_IPV4, CT.DNAT_IPV6, CT.DPAT_PORT, 1);
  }

  /** One range: address and port as translated, or as they were where only the other was. */
  #range(type: number, body: AttributeIndex, v4: number, v6: number, port: number, end: 0 | 1): void {
    const address = body.has(v4) ? v4 : body.has(v6) ? v6 : undefined;
    if (address === undefined && !body.has(port)) return;
    const batch = this.#batch;
    const nest = batch.open(type);
    const isV4 = body.has(CT.IPV4);
    const size = isV4 ? 4 : 16;
    const own = body.offset(isV4 ? CT.IPV4 : CT.IPV6) + end * size;
    const at = address === undefined ? own : body.offset(address);
    batch.bytes(isV4 ? CTA_NAT_V4_MINIP : CTA_NAT_V6_MINIP, body.bytes, at, size);
    batch.bytes(isV4 ? CTA_NAT_V4_MAXIP : CTA_NAT_V6_MAXIP, body.bytes, at, size);
    if (body.has(CT.PORT)) {
      const ports = body.offset(CT.PORT) + 2 * end;
      const before = (body.bytes[ports]! << 8) | body.bytes[ports + 1]!; // scan has checked the size
      const after = body.has(port) ? body.u16le(port) : before;
      const proto = batch.open(CTA_NAT_PROTO);
      batch.u16be(CTA_PROTONAT_PORT_MIN, after);
      batch.u16be(CTA_PROTONAT_PORT_MAX, after);
      batch.close(proto);
    }
    batch.close(nest);
  }

  #master(body: AttributeIndex): void {
    const nest = this.#batch.open(CTA_TUPLE_MASTER);
    this.#addresses(body, CT.MASTER_IPV4, CT.MASTER_IPV6, false);
    const proto = this.#batch.open(CTA_TUPLE_PROTO);
    this.#batch.u8(CTA_PROTO_NUM, body.has(CT.MASTER_L4PROTO) ? body.u8(CT.MASTER_L4PROTO) : 0);
    if (body.has(CT.MASTER_PORT)) this.#ports(body, CT.MASTER_PORT, false);
    this.#batch.close(proto);
    this.#batch.close(nest);
  }

  /** Three numbers, from the `first` of the attribute on. */
  #words(type: number, body: AttributeIndex, attribute: number, first: number): void {
    const nest = this.#batch.open(type);
    for (let word = 0; word < 3; word++) this.#batch.u32be(1 + word, body.u32be(attribute, first + word));
    this.#batch.close(nest);
  }

  /** Words big-endian on the wire, in host order (little-endian) in the kernel. */
  #labels(body: AttributeIndex): void {
    const payload = body.payload(CT.LABELS);
    const swapped = Uint8Array.from(payload, (_, at) => payload[at ^ 3] ?? 0);
    this.#batch.bytes(CTA_LABELS, swapped, 0, swapped.length);
  }
}

const familyOf = (body: AttributeIndex): number => (body.has(CT.IPV4) ? AF_INET : AF_INET6);

const statusOf = (body: AttributeIndex): number => (body.has(CT.STATUS) ? body.u32be(CT.STATUS) : 0);

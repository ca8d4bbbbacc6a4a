/**
 * From the kernel's bytes of a flow straight to the body of its message: what `encodeFlow(decodeFlow(payload))` does,
 * without a value in between. Every event takes this way, so it makes no object and no view.
 *
 * First it finds the places of all netlink attributes, then it writes the body in the order of sending.
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
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_STATUS,
  CTA_SYNPROXY,
  CTA_TIMEOUT,
  CTA_TUPLE_MASTER,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  IP_CT_TCP_FLAG_BE_LIBERAL,
} from "@systole/node-netlink";
import { DecodeError } from "@systole/wire";
import { hasPorts, IPPROTO_DCCP, IPPROTO_SCTP, IPPROTO_TCP, isIcmp } from "./addresses.js";
import { CT, FLOW_ATTRIBUTES, putHeader } from "./attribute.js";
import { type FlowEncoding, IPS_DST_NAT_DONE, IPS_SRC_NAT_DONE } from "./flow.js";
import { FORMAT, Places, TuplePlaces } from "./kernel-places.js";
import { wordsOf } from "./words.js";

const NFGENMSG_BYTES = 4;

const NOTHING: Uint8Array = new Uint8Array(0);

export class FlowFromKernel {
  readonly #encoding: FlowEncoding;
  readonly #flow = new Places();
  readonly #original = new TuplePlaces();
  readonly #reply = new TuplePlaces();
  readonly #master = new TuplePlaces();
  readonly #nest = new Places();
  readonly #inner = new Places();
  /** Of the flow that was written last: may its windows be trusted to nobody? Both directions are liberal. */
  liberal = false;
  #bytes: Uint8Array = NOTHING;
  #into: Uint8Array = NOTHING;
  /** The same memory as words, for what is copied as it is. */
  #words = wordsOf(NOTHING);
  #intoWords = wordsOf(NOTHING);
  #end = 0;

  constructor(encoding: FlowEncoding) {
    this.#encoding = encoding;
  }

  /**
   * Writes the body of the flow whose payload (nfgenmsg and attributes) lies in `bytes` from `from` to `to`.
   *
   * @param from a multiple of 4, as netlink has it.
   * @param into with room for LARGEST_BODY bytes behind `at`, a multiple of 4.
   * @returns where the writing ended.
   * @throws DecodeError if the payload is malformed, or without addresses or protocol.
   */
  write(bytes: Uint8Array, from: number, to: number, into: Uint8Array, at: number): number {
    const flow = this.#flow;
    this.#use(bytes, into, at);
    flow.read(bytes, from + NFGENMSG_BYTES, to);
    if (!flow.has(CTA_TUPLE_ORIG) || !flow.has(CTA_TUPLE_REPLY)) {
      throw new DecodeError(FORMAT, 0, "flow without original or reply tuple");
    }
    const words = this.#words;
    this.#original.read(bytes, words, flow.at[CTA_TUPLE_ORIG]!, flow.size[CTA_TUPLE_ORIG]!);
    this.#reply.read(bytes, words, flow.at[CTA_TUPLE_REPLY]!, flow.size[CTA_TUPLE_REPLY]!);
    this.#addresses(this.#original, CT.IPV4, CT.IPV6);
    this.#copy(flow.place(CTA_STATUS, 4), CT.STATUS, 4);
    const protocol = this.#protocol(this.#original, CT.L4PROTO);
    this.#ports(this.#original, protocol);
    this.liberal = false;
    if (flow.has(CTA_PROTOINFO)) this.#state(protocol);
    if (this.#encoding.timeout) this.#copy(flow.place(CTA_TIMEOUT, 4), CT.TIMEOUT, 4);
    this.#copy(flow.place(CTA_MARK, 4), CT.MARK, 4);
    if (flow.has(CTA_TUPLE_MASTER)) this.#writeMaster();
    if (flow.place(CTA_STATUS, 4) !== 0) this.#nat(protocol);
    this.#rest();
    return this.#end;
  }

  /** The same memory as last time is the usual case: then the views stand. */
  #use(bytes: Uint8Array, into: Uint8Array, at: number): void {
    if (bytes !== this.#bytes) this.#words = wordsOf(bytes);
    if (into !== this.#into) this.#intoWords = wordsOf(into);
    this.#bytes = bytes;
    this.#into = into;
    this.#end = at;
  }

  /** A value of `size` bytes as one attribute; nothing for place 0. */
  #copy(from: number, type: number, size: number): void {
    if (from === 0) return;
    const at = this.#end;
    if (size === 4 && (from & 3) === 0) {
      this.#intoWords[at >> 2] = headerWord(type, 4);
      this.#intoWords[(at >> 2) + 1] = this.#words[from >> 2]!;
      this.#end = at + 8;
      return;
    }
    this.#end = putHeader(this.#into, at, type, size);
    for (let n = 0; n < size; n++) this.#into[at + 4 + n] = this.#bytes[from + n]!;
  }

  /** Two values of `size` bytes as one attribute. */
  #copyPair(first: number, second: number, type: number, size: number): void {
    const at = this.#end;
    if (size === 4 && ((first | second) & 3) === 0) {
      this.#intoWords[at >> 2] = headerWord(type, 8);
      this.#intoWords[(at >> 2) + 1] = this.#words[first >> 2]!;
      this.#intoWords[(at >> 2) + 2] = this.#words[second >> 2]!;
      this.#end = at + 12;
      return;
    }
    this.#end = putHeader(this.#into, at, type, size * 2);
    for (let n = 0; n < size; n++) {
      this.#into[at + 4 + n] = this.#bytes[first + n]!;
      this.#into[at + 4 + size + n] = this.#bytes[second + n]!;
    }
  }

  #addresses({ ip }: TuplePlaces, ipv4: number, ipv6: number): void {
    const v4 = ip.place(CTA_IP_V4_SRC, 4);
    if (v4 !== 0 && ip.place(CTA_IP_V4_DST, 4) !== 0) {
      return this.#copyPair(v4, ip.at[CTA_IP_V4_DST]!, ipv4, 4);
    }
    const v6 = ip.place(CTA_IP_V6_SRC, 16);
    if (v6 === 0 || ip.place(CTA_IP_V6_DST, 16) === 0) {
      throw new DecodeError(FORMAT, 0, "flow without addresses");
    }
    this.#copyPair(v6, ip.at[CTA_IP_V6_DST]!, ipv6, 16);
  }

  #protocol({ proto }: TuplePlaces, type: number): number {
    const at = proto.place(CTA_PROTO_NUM, 1);
    if (at === 0) throw new DecodeError(FORMAT, 0, "flow without protocol");
    this.#copy(at, type, 1);
    return this.#bytes[at]!;
  }

  #ports({ proto }: TuplePlaces, protocol: number): void {
    if (isIcmp(protocol)) {
      const v6 = proto.has(CTA_PROTO_ICMPV6_ID);
      this.#copy(proto.place(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, 1), CT.ICMP_TYPE, 1);
      this.#copy(proto.place(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, 1), CT.ICMP_CODE, 1);
      this.#copySwapped(proto.place(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, 2), CT.ICMP_ID);
    }
    if (hasPorts(protocol)) this.#writePorts(proto, CT.PORT);
  }

  #writePorts(proto: Places, type: number): void {
    const [source, destination] = [proto.place(CTA_PROTO_SRC_PORT, 2), proto.place(CTA_PROTO_DST_PORT, 2)];
    if (source !== 0 && destination !== 0) return this.#copyPair(source, destination, type, 2);
    const at = this.#end; // a kernel without a tracker for this protocol: zeros
    this.#end = putHeader(this.#into, at, type, 4);
    this.#into.fill(0, at + 4, at + 8);
  }

  #copySwapped(from: number, type: number): void {
    if (from === 0) return;
    const at = this.#end;
    this.#end = putHeader(this.#into, at, type, 2);
    this.#into[at + 4] = this.#bytes[from + 1]!;
    this.#into[at + 5] = this.#bytes[from]!;
  }

  /** TCP, SCTP or DCCP: the nests have numbers 1, 3 and 2, and their first three values are what travels. */
  #state(protocol: number): void {
    const nest =
      protocol === IPPROTO_TCP ? 1 : protocol === IPPROTO_SCTP ? 3 : protocol === IPPROTO_DCCP ? 2 : 0;
    this.#nest.read(
      this.#bytes,
      this.#flow.at[CTA_PROTOINFO]!,
      this.#flow.at[CTA_PROTOINFO]! + this.#flow.size[CTA_PROTOINFO]!,
    );
    if (nest === 0 || !this.#nest.has(nest)) return;
    const from = this.#nest.at[nest]!;
    const state = this.#inner;
    state.read(this.#bytes, from, from + this.#nest.size[nest]!);
    if (protocol === IPPROTO_TCP) this.#tcp(state);
    else if (protocol === IPPROTO_SCTP && state.place(1, 1) !== 0) {
      this.#copy(state.place(1, 1), CT.SCTP_STATE, 1);
      this.#copy(state.place(2, 4), CT.SCTP_VTAG_ORIG, 4);
      this.#copy(state.place(3, 4), CT.SCTP_VTAG_REPL, 4);
    } else if (protocol === IPPROTO_DCCP && state.place(1, 1) !== 0) {
      this.#copy(state.place(1, 1), CT.DCCP_STATE, 1);
      this.#copy(state.place(2, 1), CT.DCCP_ROLE, 1);
    }
  }

  /** 1 state, 2 and 3 window scales, 4 and 5 flags of both directions. */
  #tcp(state: Places): void {
    this.#copy(state.place(1, 1), CT.TCP_STATE, 1);
    if (this.#encoding.windowTracking && state.place(2, 1) !== 0 && state.place(3, 1) !== 0) {
      this.#copy(state.place(2, 1), CT.TCP_WSCALE_ORIG, 1);
      this.#copy(state.place(3, 1), CT.TCP_WSCALE_REPL, 1);
    }
    const [original, reply] = [state.place(4, 1), state.place(5, 1)];
    if (original === 0 || reply === 0) return;
    this.liberal = (this.#bytes[original]! & this.#bytes[reply]! & IP_CT_TCP_FLAG_BE_LIBERAL) !== 0;
  }

  #writeMaster(): void {
    const flow = this.#flow;
    this.#master.read(this.#bytes, this.#words, flow.at[CTA_TUPLE_MASTER]!, flow.size[CTA_TUPLE_MASTER]!);
    this.#addresses(this.#master, CT.MASTER_IPV4, CT.MASTER_IPV6);
    const protocol = this.#protocol(this.#master, CT.MASTER_L4PROTO);
    if (hasPorts(protocol)) this.#writePorts(this.#master.proto, CT.MASTER_PORT);
  }

  /** NAT is real only where the kernel says it is done and the tuples differ. */
  #nat(protocol: number): void {
    const at = this.#flow.at[CTA_STATUS]!;
    const status = (this.#bytes[at + 2]! << 8) | this.#bytes[at + 3]!; // the bits that count are in the lower half
    const source = (status & IPS_SRC_NAT_DONE) !== 0;
    const destination = (status & IPS_DST_NAT_DONE) !== 0;
    const v4 = this.#original.ip.has(CTA_IP_V4_SRC);
    const size = v4 ? 4 : 16;
    const [src, dst] = v4 ? [CTA_IP_V4_SRC, CTA_IP_V4_DST] : [CTA_IP_V6_SRC, CTA_IP_V6_DST];
    const { ip: from } = this.#original;
    const { ip: back } = this.#reply;
    if (source)
      this.#unlessEqual(back.place(dst, size), from.place(src, size), v4 ? CT.SNAT_IPV4 : CT.SNAT_IPV6, size);
    if (destination)
      this.#unlessEqual(back.place(src, size), from.place(dst, size), v4 ? CT.DNAT_IPV4 : CT.DNAT_IPV6, size);
    if (!hasPorts(protocol)) return;
    const { proto: asked } = this.#original;
    const { proto: answered } = this.#reply;
    if (source)
      this.#swappedUnlessEqual(
        answered.place(CTA_PROTO_DST_PORT, 2),
        asked.place(CTA_PROTO_SRC_PORT, 2),
        CT.SPAT_PORT,
      );
    if (destination)
      this.#swappedUnlessEqual(
        answered.place(CTA_PROTO_SRC_PORT, 2),
        asked.place(CTA_PROTO_DST_PORT, 2),
        CT.DPAT_PORT,
      );
  }

  #unlessEqual(from: number, other: number, type: number, size: number): void {
    if (from !== 0 && !this.#equal(from, other, size)) this.#copy(from, type, size);
  }

  #swappedUnlessEqual(from: number, other: number, type: number): void {
    if (from !== 0 && other !== 0 && !this.#equal(from, other, 2)) this.#copySwapped(from, type);
  }

  #equal(one: number, other: number, size: number): boolean {
    for (let n = 0; n < size; n++) if (this.#bytes[one + n] !== this.#bytes[other + n]) return false;
    return true;
  }

  #rest(): void {
    const flow = this.#flow;
    if (flow.has(CTA_SEQ_ADJ_ORIG) && flow.has(CTA_SEQ_ADJ_REPLY)) this.#sequenceAdjustment();
    if (flow.has(CTA_HELP)) this.#helper(flow.at[CTA_HELP]!, flow.size[CTA_HELP]!);
    if (flow.has(CTA_LABELS)) this.#labels(flow.at[CTA_LABELS]!, flow.size[CTA_LABELS]!);
    if (flow.has(CTA_SYNPROXY)) this.#triple(CTA_SYNPROXY, CT.SYNPROXY, 0, 12);
    this.#copy(flow.place(CTA_ZONE, 2), CT.ZONE, 2);
  }

  #sequenceAdjustment(): void {
    const at = this.#end;
    const end = putHeader(this.#into, at, CT.NAT_SEQ_ADJ, 24);
    if (
      this.#triple(CTA_SEQ_ADJ_ORIG, CT.NAT_SEQ_ADJ, 0, 24) &&
      this.#triple(CTA_SEQ_ADJ_REPLY, CT.NAT_SEQ_ADJ, 12, 24, at)
    ) {
      this.#end = end;
    } else this.#end = at;
  }

  /** Three numbers of a nest behind one another, `offset` bytes into an attribute of `size`. */
  #triple(nest: number, type: number, offset: number, size: number, at = this.#end): boolean {
    const from = this.#flow.at[nest]!;
    this.#nest.read(this.#bytes, from, from + this.#flow.size[nest]!);
    for (let word = 1; word <= 3; word++) if (this.#nest.place(word, 4) === 0) return false;
    this.#end = putHeader(this.#into, at, type, size);
    for (let n = 0; n < 12; n++) {
      this.#into[at + 4 + offset + n] = this.#bytes[this.#nest.at[1 + (n >> 2)]! + (n & 3)]!;
    }
    return true;
  }

  /** Left out when it does not fit, because a receiver would drop the whole message. */
  #helper(from: number, size: number): void {
    this.#nest.read(this.#bytes, from, from + size);
    if (!this.#nest.has(CTA_HELP_NAME)) return;
    const name = this.#nest.at[CTA_HELP_NAME]!;
    let length = this.#bytes.indexOf(0, name) - name;
    if (length < 0 || length > this.#nest.size[CTA_HELP_NAME]!) length = this.#nest.size[CTA_HELP_NAME]!;
    if (length === 0 || length + 1 > FLOW_ATTRIBUTES.sizes[CT.HELPER_NAME]![1]) return;
    const at = this.#end;
    this.#end = putHeader(this.#into, at, CT.HELPER_NAME, length + 1);
    for (let n = 0; n < length; n++) this.#into[at + 4 + n] = this.#bytes[name + n]!;
    this.#into[at + 4 + length] = 0;
  }

  /** Words in host order (little-endian) in the kernel, big-endian on the wire; none if no bit is set. */
  #labels(from: number, size: number): void {
    if (size % 4 !== 0 || size > FLOW_ATTRIBUTES.sizes[CT.LABELS]![1]) return;
    let any = 0;
    for (let n = 0; n < size; n++) any |= this.#bytes[from + n]!;
    if (any === 0) return;
    const at = this.#end;
    this.#end = putHeader(this.#into, at, CT.LABELS, size);
    for (let n = 0; n < size; n++) this.#into[at + 4 + n] = this.#bytes[from + (n ^ 3)]!;
  }
}

/** The four bytes before a value of `size` bytes, as the word that writes them: little-endian memory. */
const headerWord = (type: number, size: number): number => ((size + 4) << 8) | (type << 24);

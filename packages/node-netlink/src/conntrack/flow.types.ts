/** One conntrack entry, in words. The codecs of `flow.ts` and of ctsyncd's wire protocol meet here. */
import type { IpAddress } from "@systole/wire";

/** One direction of a flow. */
export interface Tuple {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** IP protocol number. */
  readonly protocol: number;
  /** TCP, UDP, SCTP, DCCP, UDP-Lite. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number };
}

export interface TcpInfo {
  /** TCP_CONNTRACK_*: 3 is established. */
  readonly state: number;
  readonly windowScale?: { readonly original: number; readonly reply: number };
  readonly flags?: { readonly original: number; readonly reply: number };
}

/** A NAT sequence adjustment of one direction. */
export interface SequenceAdjustment {
  readonly correctionPosition: number;
  readonly offsetBefore: number;
  readonly offsetAfter: number;
}

export interface Flow {
  readonly original: Tuple;
  readonly reply: Tuple;
  /** IPS_* bits. */
  readonly status?: number;
  /** Seconds until the kernel forgets it. */
  readonly timeoutSeconds?: number;
  readonly mark?: number;
  readonly tcp?: TcpInfo;
  readonly sctp?: { readonly state: number; readonly tagOriginal: number; readonly tagReply: number };
  readonly dccp?: { readonly state: number; readonly role: number; readonly handshakeSequence: bigint };
  readonly zone?: number;
  /** 16 bytes as the kernel gives them. */
  readonly labels?: Uint8Array;
  readonly helper?: string;
  /** Original tuple of the flow that this one was expected by. */
  readonly master?: Tuple;
  readonly sequenceAdjustment?: {
    readonly original?: SequenceAdjustment;
    readonly reply?: SequenceAdjustment;
  };
  readonly synproxy?: {
    readonly initialSequence: number;
    readonly initialTimestamp: number;
    readonly timestampOffset: number;
  };
  /** The kernel's own number for this entry. */
  readonly id?: number;
}

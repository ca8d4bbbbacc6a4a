/**
 * One conntrack entry, in words: the codec of its netlink attributes. ctsyncd's wire protocol meets it here.
 *
 * All numbers in attributes are in network order.
 */
import { DecodeError } from "@systole/wire";
import type { AttributeWriter } from "../attribute.js";
import { AttributeCursor } from "../attribute-cursor.js";
import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_HELP,
  CTA_HELP_NAME,
  CTA_ID,
  CTA_LABELS,
  CTA_MARK,
  CTA_NAT_DST,
  CTA_NAT_SRC,
  CTA_PROTOINFO,
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_STATUS,
  CTA_SYNPROXY,
  CTA_SYNPROXY_ISN,
  CTA_SYNPROXY_ITS,
  CTA_SYNPROXY_TSOFF,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
  CTA_TIMESTAMP_STOP,
  CTA_TUPLE_MASTER,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_USE,
  CTA_ZONE,
} from "./constants.js";
import {
  type NatRange,
  readNatRange,
  readSequenceAdjustment,
  type SequenceAdjustment,
  writeNatRange,
  writeSequenceAdjustment,
} from "./nat.js";
import { type ProtocolInfo, readProtocolInfo, writeProtocolInfo } from "./protoinfo.js";
import { readTuple, type Tuple, writeTuple } from "./tuple.js";

export interface Flow extends ProtocolInfo {
  readonly original: Tuple;
  readonly reply: Tuple;
  /** IPS_* bits. */
  readonly status?: number;
  /** Seconds until the kernel forgets it. */
  readonly timeoutSeconds?: number;
  readonly mark?: number;
  readonly zone?: number;
  /** 16 bytes as the kernel gives them: bit b is bit (b mod 8) of byte (b div 8). */
  readonly labels?: Uint8Array;
  readonly helper?: string;
  /** Original tuple of the flow that this one was expected by. */
  readonly master?: Tuple;
  readonly sequenceAdjustment?: {
    readonly original?: SequenceAdjustment;
    readonly reply?: SequenceAdjustment;
  };
  readonly synproxy?: Synproxy;
  /** Requests only: what the kernel is to translate. */
  readonly nat?: { readonly source?: NatRange; readonly destination?: NatRange };
  /** The kernel's own number for this entry. Answers only, as all below. */
  readonly id?: number;
  /** Who in the kernel holds it. */
  readonly use?: number;
  readonly counters?: { readonly original: Counters; readonly reply: Counters };
  /** Wall-clock nanoseconds since 1970. */
  readonly timestamps?: { readonly start: bigint; readonly stop: bigint };
}

export interface Counters {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface Synproxy {
  readonly initialSequence: number;
  readonly initialTimestamp: number;
  readonly timestampOffset: number;
}

/** A flow as a request may name it: by its original tuple, with what is to change. */
export type FlowPatch = Omit<Flow, "reply"> & { readonly reply?: Tuple };

const FORMAT = "conntrack flow";
/** nfgenmsg: u8 family, u8 version 0, be16 resource id. */
export const NFGENMSG_BYTES = 4;

/** The flow in an answer or an event. @throws DecodeError, also without both tuples. */
export function decodeFlow(payload: Uint8Array): Flow {
  const flow = decodeFlowPatch(payload);
  if (flow.reply === undefined) throw new DecodeError(FORMAT, payload.length, "flow without reply tuple");
  return flow as Flow; // reply is there: just checked
}

type Draft = { -readonly [K in keyof FlowPatch]?: FlowPatch[K] };

/** The flow in a request, or any other message. @throws DecodeError, also without original tuple. */
export function decodeFlowPatch(payload: Uint8Array): FlowPatch {
  const draft: Draft = {};
  const cursor = new AttributeCursor(payload, FORMAT, NFGENMSG_BYTES);
  while (cursor.next()) readAttribute(cursor, draft);
  if (draft.original === undefined)
    throw new DecodeError(FORMAT, payload.length, "flow without original tuple");
  return draft as FlowPatch; // original is there: just checked
}

function readAttribute(cursor: AttributeCursor, draft: Draft): void {
  switch (cursor.type) {
    case CTA_TUPLE_ORIG:
      draft.original = readTuple(cursor.nest());
      break;
    case CTA_TUPLE_REPLY:
      draft.reply = readTuple(cursor.nest());
      break;
    case CTA_TUPLE_MASTER:
      draft.master = readTuple(cursor.nest());
      break;
    case CTA_STATUS:
      draft.status = cursor.u32be();
      break;
    case CTA_TIMEOUT:
      draft.timeoutSeconds = cursor.u32be();
      break;
    case CTA_MARK:
      draft.mark = cursor.u32be();
      break;
    case CTA_ID:
      draft.id = cursor.u32be();
      break;
    case CTA_USE:
      draft.use = cursor.u32be();
      break;
    case CTA_ZONE:
      draft.zone = cursor.u16be();
      break;
    case CTA_LABELS:
      draft.labels = cursor.copy();
      break;
    case CTA_PROTOINFO:
      Object.assign(draft, readProtocolInfo(cursor.nest()));
      break;
    default:
      readRareAttribute(cursor, draft);
  }
}

function readRareAttribute(cursor: AttributeCursor, draft: Draft): void {
  switch (cursor.type) {
    case CTA_HELP:
      readHelper(cursor.nest(), draft);
      break;
    case CTA_NAT_SRC:
      draft.nat = { ...draft.nat, source: readNatRange(cursor.nest()) };
      break;
    case CTA_NAT_DST:
      draft.nat = { ...draft.nat, destination: readNatRange(cursor.nest()) };
      break;
    case CTA_SEQ_ADJ_ORIG: {
      const original = readSequenceAdjustment(cursor.nest());
      draft.sequenceAdjustment = { ...draft.sequenceAdjustment, original };
      break;
    }
    case CTA_SEQ_ADJ_REPLY: {
      const reply = readSequenceAdjustment(cursor.nest());
      draft.sequenceAdjustment = { ...draft.sequenceAdjustment, reply };
      break;
    }
    case CTA_SYNPROXY:
      draft.synproxy = readSynproxy(cursor.nest());
      break;
    case CTA_COUNTERS_ORIG:
      draft.counters = { reply: NOTHING, ...draft.counters, original: readCounters(cursor.nest()) };
      break;
    case CTA_COUNTERS_REPLY:
      draft.counters = { original: NOTHING, ...draft.counters, reply: readCounters(cursor.nest()) };
      break;
    case CTA_TIMESTAMP:
      draft.timestamps = readTimestamps(cursor.nest());
      break;
  }
}

const NOTHING: Counters = { packets: 0n, bytes: 0n };

function readHelper(cursor: AttributeCursor, draft: Draft): void {
  while (cursor.next()) if (cursor.type === CTA_HELP_NAME) draft.helper = cursor.text();
}

function readSynproxy(cursor: AttributeCursor): Synproxy {
  let [initialSequence, initialTimestamp, timestampOffset] = [0, 0, 0];
  while (cursor.next()) {
    if (cursor.type === CTA_SYNPROXY_ISN) initialSequence = cursor.u32be();
    else if (cursor.type === CTA_SYNPROXY_ITS) initialTimestamp = cursor.u32be();
    else if (cursor.type === CTA_SYNPROXY_TSOFF) timestampOffset = cursor.u32be();
  }
  return { initialSequence, initialTimestamp, timestampOffset };
}

function readCounters(cursor: AttributeCursor): Counters {
  let [packets, bytes] = [0n, 0n];
  while (cursor.next()) {
    if (cursor.type === CTA_COUNTERS_PACKETS) packets = cursor.u64be();
    else if (cursor.type === CTA_COUNTERS_BYTES) bytes = cursor.u64be();
  }
  return { packets, bytes };
}

function readTimestamps(cursor: AttributeCursor): { start: bigint; stop: bigint } {
  let [start, stop] = [0n, 0n];
  while (cursor.next()) {
    if (cursor.type === CTA_TIMESTAMP_START) start = cursor.u64be();
    else if (cursor.type === CTA_TIMESTAMP_STOP) stop = cursor.u64be();
  }
  return { start, stop };
}

/** What a request may say of a flow, in the order in which conntrackd says it. Fields of answers are left out. */
export function writeFlow(attributes: AttributeWriter, flow: FlowPatch): void {
  writeTuple(attributes, CTA_TUPLE_ORIG, flow.original);
  if (flow.reply !== undefined) writeTuple(attributes, CTA_TUPLE_REPLY, flow.reply);
  if (flow.status !== undefined) attributes.u32be(CTA_STATUS, flow.status);
  if (flow.timeoutSeconds !== undefined) attributes.u32be(CTA_TIMEOUT, flow.timeoutSeconds);
  if (flow.mark !== undefined) attributes.u32be(CTA_MARK, flow.mark);
  writeProtocolInfo(attributes, flow);
  const { nat, sequenceAdjustment, helper, master, labels, synproxy, zone } = flow;
  if (nat?.source !== undefined) writeNatRange(attributes, CTA_NAT_SRC, nat.source);
  if (nat?.destination !== undefined) writeNatRange(attributes, CTA_NAT_DST, nat.destination);
  if (sequenceAdjustment?.original !== undefined) {
    writeSequenceAdjustment(attributes, CTA_SEQ_ADJ_ORIG, sequenceAdjustment.original);
  }
  if (sequenceAdjustment?.reply !== undefined) {
    writeSequenceAdjustment(attributes, CTA_SEQ_ADJ_REPLY, sequenceAdjustment.reply);
  }
  if (helper !== undefined) attributes.nest(CTA_HELP, (nest) => nest.text(CTA_HELP_NAME, helper));
  if (master !== undefined) writeTuple(attributes, CTA_TUPLE_MASTER, master);
  if (labels !== undefined) attributes.bytes(CTA_LABELS, labels);
  if (synproxy !== undefined) writeSynproxy(attributes, synproxy);
  if (zone !== undefined) attributes.u16be(CTA_ZONE, zone);
}

function writeSynproxy(attributes: AttributeWriter, synproxy: Synproxy): void {
  attributes.nest(CTA_SYNPROXY, (nest) => {
    nest
      .u32be(CTA_SYNPROXY_ISN, synproxy.initialSequence)
      .u32be(CTA_SYNPROXY_ITS, synproxy.initialTimestamp)
      .u32be(CTA_SYNPROXY_TSOFF, synproxy.timestampOffset);
  });
}

/** Requests on flows and expectations. */
import { ByteWriter, type Family, familyOf } from "@systole/wire";
import { AttributeWriter } from "../attribute.js";
import type { Decode, NetlinkRequest } from "../connection.js";
import { NLM_F_CREATE, NLM_F_EXCL } from "../message.js";
import { familyNumber } from "../route/address.js";
import {
  CTA_MARK,
  CTA_MARK_MASK,
  CTA_STATUS,
  CTA_STATUS_MASK,
  CTA_TUPLE_ORIG,
  CTA_ZONE,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
  IPCTNL_MSG_CT_NEW,
  NFNL_SUBSYS_CTNETLINK,
  NFNL_SUBSYS_CTNETLINK_EXP,
} from "./constants.js";
import { decodeExpectation, type Expectation, writeExpectation } from "./expect.js";
import { decodeFlow, type Flow, type FlowPatch, writeFlow } from "./flow.js";
import { type Tuple, writeTuple } from "./tuple.js";

const flowType = (message: number): number => (NFNL_SUBSYS_CTNETLINK << 8) | message;
const expectationType = (message: number): number => (NFNL_SUBSYS_CTNETLINK_EXP << 8) | message;

function payload(family: Family | undefined, write: (attributes: AttributeWriter) => void): Uint8Array {
  const attributes = new AttributeWriter(new ByteWriter().u8(familyNumber(family)).u8(0).u16be(0));
  write(attributes);
  return attributes.done();
}

/**
 * Adds a flow. Timeout is mandatory; the master of a related flow must be there.
 *
 * The kernel answers EEXIST if one of its tuples is in use, ENOENT without its master, ENOMEM when its table is full.
 */
export const newFlow = (flow: Flow): NetlinkRequest => ({
  operation: `add flow ${describeTuple(flow.original)}`,
  type: flowType(IPCTNL_MSG_CT_NEW),
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: payload(familyOf(flow.original.source), (attributes) => writeFlow(attributes, flow)),
});

/** Changes a flow, named by its original tuple. NAT and master cannot change: EOPNOTSUPP. ENOENT if it is not there. */
export const updateFlow = (flow: FlowPatch): NetlinkRequest => ({
  operation: `change flow ${describeTuple(flow.original)}`,
  type: flowType(IPCTNL_MSG_CT_NEW),
  flags: 0,
  payload: payload(familyOf(flow.original.source), (attributes) => writeFlow(attributes, flow)),
});

/** A flow is named by its original tuple and its zone; anything else the kernel would ignore. */
function named(original: Tuple, zone: number | undefined): Uint8Array {
  return payload(familyOf(original.source), (attributes) => {
    writeTuple(attributes, CTA_TUPLE_ORIG, original);
    if (zone !== undefined) attributes.u16be(CTA_ZONE, zone);
  });
}

/** The kernel answers ENOENT if it is not there. */
export const deleteFlow = (original: Tuple, zone?: number): NetlinkRequest => ({
  operation: `remove flow ${describeTuple(original)}`,
  type: flowType(IPCTNL_MSG_CT_DELETE),
  flags: 0,
  payload: named(original, zone),
});

/** The kernel answers ENOENT if it is not there. */
export const getFlow = (original: Tuple, zone?: number): NetlinkRequest => ({
  operation: `read flow ${describeTuple(original)}`,
  type: flowType(IPCTNL_MSG_CT_GET),
  flags: 0,
  payload: named(original, zone),
});

/** The kernel itself leaves out what does not match. */
export interface FlowFilter {
  readonly family?: Family;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** Linux 5.19 and later; older kernels ignore it. */
  readonly status?: { readonly value: number; readonly mask: number };
  readonly zone?: number;
}

/** Every flow of this network namespace. One may come twice or be missed while flows come and go. */
export const dumpFlows = (filter: FlowFilter = {}): NetlinkRequest => ({
  operation: "list flows",
  type: flowType(IPCTNL_MSG_CT_GET),
  flags: 0,
  payload: payload(filter.family, (attributes) => {
    const { mark, status, zone } = filter;
    if (mark !== undefined) attributes.u32be(CTA_MARK, mark.value).u32be(CTA_MARK_MASK, mark.mask);
    if (status !== undefined) attributes.u32be(CTA_STATUS, status.value).u32be(CTA_STATUS_MASK, status.mask);
    if (zone !== undefined) attributes.u16be(CTA_ZONE, zone);
  }),
});

/** Decodes the answers to `dumpFlows` and `getFlow`. */
export const flowAnswer: Decode<Flow> = ({ type, payload: answer }) =>
  type === flowType(IPCTNL_MSG_CT_NEW) ? decodeFlow(answer) : undefined;

/** Forgets every flow, of one family or both. */
export const flushFlows = (family?: Family): NetlinkRequest => ({
  operation: "flush the flows",
  type: flowType(IPCTNL_MSG_CT_DELETE),
  flags: 0,
  payload: payload(family, () => {}),
});

export const newExpectation = (expectation: Expectation): NetlinkRequest => ({
  operation: `add expectation ${describeTuple(expectation.tuple)}`,
  type: expectationType(IPCTNL_MSG_CT_NEW),
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: payload(familyOf(expectation.tuple.source), (attributes) =>
    writeExpectation(attributes, expectation),
  ),
});

export const dumpExpectations = (family?: Family): NetlinkRequest => ({
  operation: "list expectations",
  type: expectationType(IPCTNL_MSG_CT_GET),
  flags: 0,
  payload: payload(family, () => {}),
});

/** Decodes the answers to `dumpExpectations`. */
export const expectationAnswer: Decode<Expectation> = ({ type, payload: answer }) =>
  type === expectationType(IPCTNL_MSG_CT_NEW) ? decodeExpectation(answer) : undefined;

/** `6 10.0.0.1:45001 -> 192.0.2.10:80`: protocol number, source, destination. For errors. */
export function describeTuple(tuple: Tuple): string {
  const { protocol, source, destination, sourcePort, destinationPort } = tuple;
  const port = (number: number | undefined) => (number === undefined ? "" : `:${number}`);
  return `${protocol} ${source}${port(sourcePort)} -> ${destination}${port(destinationPort)}`;
}

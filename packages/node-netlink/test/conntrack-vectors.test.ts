import {
  AttributeCursor,
  type ConntrackEvent,
  decodeConntrackEvent,
  decodeExpectation,
  decodeFlowPatch,
  decodeMessages,
  decodeVerdict,
  encodeMessage,
  errnoNumber,
  type Flow,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REQUEST,
  newExpectation,
  newFlow,
  type Tuple,
  updateFlow,
} from "@systole/node-netlink";
import { hex, ipBytes, toHex } from "@systole/wire";
import { expect, test } from "vitest";
import { leaves, recordedEvents, recordedRequests } from "./vectors.js";

const only = (bytes: string): NetlinkMessage => {
  const messages = decodeMessages(hex(bytes));
  expect(messages).toHaveLength(1);
  return messages[0]!;
};

const be = (value: number, sizeBytes: number): string => value.toString(16).padStart(sizeBytes * 2, "0");

/** What a decoded tuple says, under the recorder's names. */
function tupleLeaves(prefix: string, tuple: Tuple): [string, string][] {
  const v = tuple.source.includes(":") ? "V6" : "V4";
  const v6 = tuple.protocol === 58 ? "V6" : "";
  const ip = `${prefix}/CTA_TUPLE_IP/CTA_IP_${v}`;
  const protocol = `${prefix}/CTA_TUPLE_PROTO/CTA_PROTO`;
  const all: [string, string | undefined][] = [
    [`${ip}_SRC`, toHex(ipBytes(tuple.source))],
    [`${ip}_DST`, toHex(ipBytes(tuple.destination))],
    [`${protocol}_NUM`, be(tuple.protocol, 1)],
    [`${protocol}_SRC_PORT`, tuple.sourcePort === undefined ? undefined : be(tuple.sourcePort, 2)],
    [`${protocol}_DST_PORT`, tuple.destinationPort === undefined ? undefined : be(tuple.destinationPort, 2)],
    [`${protocol}_ICMP${v6}_ID`, tuple.icmp && be(tuple.icmp.id, 2)],
    [`${protocol}_ICMP${v6}_TYPE`, tuple.icmp && be(tuple.icmp.type, 1)],
    [`${protocol}_ICMP${v6}_CODE`, tuple.icmp && be(tuple.icmp.code, 1)],
  ];
  return all.filter((leaf): leaf is [string, string] => leaf[1] !== undefined);
}

/** What a decoded flow says, under the recorder's names; masks of flags are left out. */
function flowLeaves(flow: Flow): Map<string, string> {
  const { status, timeoutSeconds, mark, id, use, zone, labels, helper, master, tcp, sctp, synproxy } = flow;
  const found = new Map([
    ...tupleLeaves("CTA_TUPLE_ORIG", flow.original),
    ...tupleLeaves("CTA_TUPLE_REPLY", flow.reply),
    ...(master === undefined ? [] : tupleLeaves("CTA_TUPLE_MASTER", master)),
  ]);
  const put = (name: string, value: number | undefined, sizeBytes: number) =>
    void (value !== undefined && found.set(name, be(value, sizeBytes)));
  put("CTA_STATUS", status, 4);
  put("CTA_TIMEOUT", timeoutSeconds, 4);
  put("CTA_MARK", mark, 4);
  put("CTA_ID", id, 4);
  put("CTA_USE", use, 4);
  put("CTA_ZONE", zone, 2);
  if (labels !== undefined) found.set("CTA_LABELS", toHex(labels));
  if (helper !== undefined) found.set("CTA_HELP/CTA_HELP_NAME", toHex(Buffer.from(`${helper}\0`)));
  put("CTA_PROTOINFO/CTA_PROTOINFO_TCP/CTA_PROTOINFO_TCP_STATE", tcp?.state, 1);
  put("CTA_PROTOINFO/CTA_PROTOINFO_TCP/CTA_PROTOINFO_TCP_WSCALE_ORIGINAL", tcp?.windowScale?.original, 1);
  put("CTA_PROTOINFO/CTA_PROTOINFO_TCP/CTA_PROTOINFO_TCP_WSCALE_REPLY", tcp?.windowScale?.reply, 1);
  put("CTA_PROTOINFO/CTA_PROTOINFO_TCP/CTA_PROTOINFO_TCP_FLAGS_ORIGINAL", tcp?.flags?.original, 1);
  put("CTA_PROTOINFO/CTA_PROTOINFO_TCP/CTA_PROTOINFO_TCP_FLAGS_REPLY", tcp?.flags?.reply, 1);
  put("CTA_PROTOINFO/CTA_PROTOINFO_SCTP/CTA_PROTOINFO_SCTP_STATE", sctp?.state, 1);
  put("CTA_PROTOINFO/CTA_PROTOINFO_SCTP/CTA_PROTOINFO_SCTP_VTAG_ORIGINAL", sctp?.tagOriginal, 4);
  put("CTA_PROTOINFO/CTA_PROTOINFO_SCTP/CTA_PROTOINFO_SCTP_VTAG_REPLY", sctp?.tagReply, 4);
  put("CTA_SYNPROXY/CTA_SYNPROXY_ISN", synproxy?.initialSequence, 4);
  put("CTA_SYNPROXY/CTA_SYNPROXY_ITS", synproxy?.initialTimestamp, 4);
  put("CTA_SYNPROXY/CTA_SYNPROXY_TSOFF", synproxy?.timestampOffset, 4);
  for (const [name, adjustment] of [
    ["CTA_SEQ_ADJ_ORIG", flow.sequenceAdjustment?.original],
    ["CTA_SEQ_ADJ_REPLY", flow.sequenceAdjustment?.reply],
  ] as const) {
    put(`${name}/CTA_SEQADJ_CORRECTION_POS`, adjustment?.correctionPosition, 4);
    put(`${name}/CTA_SEQADJ_OFFSET_BEFORE`, adjustment?.offsetBefore, 4);
    put(`${name}/CTA_SEQADJ_OFFSET_AFTER`, adjustment?.offsetAfter, 4);
  }
  return found;
}

/** What the recorder saw, with the flags' masks cut off: the kernel sends 0 there. */
function recordedLeaves(attributes: Parameters<typeof leaves>[0]): Map<string, string> {
  return new Map(
    [...leaves(attributes)].map(([path, value]) => [
      path,
      path.includes("_FLAGS_") ? value.slice(0, 2) : value,
    ]),
  );
}

const KINDS = { NEW: "new", UPDATE: "update", DESTROY: "destroy" } as const;

function expectSame(
  event: ConntrackEvent | undefined,
  recorded: NonNullable<ReturnType<typeof decodedOf>>,
): void {
  expect(event?.kind).toBe(KINDS[recorded.event as keyof typeof KINDS]);
  expect(event?.origin).toBe(recorded.nlmsg_pid);
  if (event?.subject === "flow") {
    expect(Object.fromEntries(flowLeaves(event.flow))).toEqual(
      Object.fromEntries(recordedLeaves(recorded.attrs)),
    );
  } else {
    expect(recorded.subsys).toBe("CTNETLINK_EXP");
    const names = recorded.attrs.map(({ name }) => name);
    expect(names).toContain("CTA_EXPECT_MASTER");
    expect(event?.expectation.helper).toBe("ftp");
  }
}

const decodedOf = ({ decoded }: ReturnType<typeof recordedEvents>[number]["message"]) => decoded;

test("every recorded event decodes to what the recorder saw, attribute by attribute", () => {
  const events = recordedEvents();
  for (const { scenario, message } of events) {
    try {
      expectSame(decodeConntrackEvent(only(message.hex)), message.decoded!);
    } catch (error) {
      throw new Error(`${scenario}: ${message.hex}`, { cause: error });
    }
  }
  expect(events.length).toBeGreaterThan(100);
});

test("every recorded answer decodes: flows and expectations of dumps, acknowledgements, ends", () => {
  for (const { group, message } of recordedRequests().filter(({ message }) => message.dir === "reply")) {
    for (const answer of decodeMessages(hex(message.hex))) {
      if (message.kind === "NLMSG_ERROR") {
        const refusal = decodeVerdict(answer);
        const errno = refusal === undefined ? 0 : -errnoNumber(refusal.code)!;
        expect(errno, group).toBe(message.error);
      } else if (message.decoded?.subsys === "CTNETLINK") {
        expectSame(decodeConntrackEvent(answer), message.decoded);
      } else if (message.decoded !== undefined) decodeExpectation(answer.payload);
    }
  }
});

test("every recorded request to add or change encodes again to the same bytes", () => {
  let compared = 0;
  for (const { group, message } of recordedRequests()) {
    const { decoded } = message;
    if (message.dir !== "request" || decoded === undefined) continue;
    if (decoded.event !== "NEW" && decoded.event !== "UPDATE") continue;
    const request = only(message.hex);
    const ours = encodeAgain(request, decoded.subsys);
    expect(toHex(ours), group).toBe(message.hex);
    compared++;
  }
  expect(compared).toBeGreaterThan(20);
});

function encodeAgain(request: NetlinkMessage, subsystem: string): Uint8Array {
  const made =
    subsystem === "CTNETLINK_EXP"
      ? newExpectation(decodeExpectation(request.payload))
      : (request.flags & NLM_F_CREATE) !== 0
        ? newFlow(decodeFlowPatch(request.payload) as Flow) // conntrackd names both tuples when it adds
        : updateFlow(decodeFlowPatch(request.payload));
  return encodeMessage({
    ...request,
    type: made.type,
    flags: made.flags | NLM_F_REQUEST | NLM_F_ACK,
    payload: made.payload,
  });
}

// conntrackd's requests to remove carry attributes that the kernel ignores; ours name the flow and nothing else.
test("a recorded request to remove a flow begins with the tuple that names it", () => {
  const removals = recordedRequests().filter(
    ({ message }) => message.dir === "request" && message.decoded?.event === "DESTROY",
  );
  expect(removals.length).toBeGreaterThan(10);
  for (const { message } of removals) {
    const { payload } = only(message.hex);
    const cursor = new AttributeCursor(payload, "test", 4);
    expect(cursor.next() && cursor.type).toBe(1); // CTA_TUPLE_ORIG
    expect(decodeFlowPatch(payload).original.protocol).toBeGreaterThan(0);
  }
});

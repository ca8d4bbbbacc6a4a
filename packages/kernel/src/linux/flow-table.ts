/** Connection tracking as bytes over ctnetlink: sockets of their own for events, dumps and requests. */
import {
  BatchConnection,
  decodeExpectation,
  dumpExpectations,
  type Expectation,
  expectationAnswer,
  NetlinkConnection,
  NFNL_SUBSYS_CTNETLINK,
  NFNL_SUBSYS_CTNETLINK_EXP,
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_EXP_DESTROY,
  NFNLGRP_CONNTRACK_EXP_NEW,
  NFNLGRP_CONNTRACK_EXP_UPDATE,
  NFNLGRP_CONNTRACK_NEW,
  NFNLGRP_CONNTRACK_UPDATE,
  newExpectation,
  protocolEventFilter,
} from "@systole/node-netlink";
import { NETLINK_NETFILTER, type NetlinkHandle, openNetlink } from "@systole/sys";
import { DecodeError } from "@systole/wire";
import {
  FLOW_DESTROY,
  FLOW_NEW,
  FLOW_UPDATE,
  type FlowListener,
  type FlowTable,
  type FlowTableOptions,
} from "../flow-table.js";
import { dumpFlowBytes } from "./flow-dump.js";
import type { Within } from "./sockets.js";

const FLOW_GROUPS = [NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY];
const EXPECTATION_GROUPS = [
  NFNLGRP_CONNTRACK_EXP_NEW,
  NFNLGRP_CONNTRACK_EXP_UPDATE,
  NFNLGRP_CONNTRACK_EXP_DESTROY,
];
const EVENT_BUFFER_BYTES = 16 * 1024 * 1024;
/** A wake-up that brought so many events was worth it: the next one is not put off. */
const BUSY = 256;
const HEADER_BYTES = 16;
const NLM_F_CREATE = 0x400;

/** @throws SystemError `EPERM` without CAP_NET_ADMIN. */
export function openFlowTable(options: FlowTableOptions = {}, within: Within = (make) => make()): FlowTable {
  const open = () => within(() => openNetlink({ protocol: NETLINK_NETFILTER }));
  const requests = new BatchConnection(open());
  const socket = open();
  const questions = new NetlinkConnection(socket);
  const ownPorts = [requests.portId, socket.portId] as const;
  const stops = new Set<() => void>();
  const watched = new Set<NetlinkHandle>();
  return {
    watch(listener) {
      const groups = options.expectations ? [...FLOW_GROUPS, ...EXPECTATION_GROUPS] : FLOW_GROUPS;
      const receiveBufferBytes = options.eventBufferBytes ?? EVENT_BUFFER_BYTES;
      const { reliable = false, protocols } = options;
      const filter = protocols && protocolEventFilter(protocols);
      const events = { protocol: NETLINK_NETFILTER, groups, receiveBufferBytes, reliable };
      const socket = within(() => openNetlink({ ...events, ...(filter && { filter }) }));
      listen(socket, listener, ownPorts, options.pause);
      const stop = () => {
        stops.delete(stop);
        watched.delete(socket);
        socket.close();
      };
      stops.add(stop);
      watched.add(socket);
      return stop;
    },
    hearBirths(heard) {
      for (const socket of watched) socket[heard ? "join" : "leave"](NFNLGRP_CONNTRACK_NEW);
    },
    dump: (flow, part) => dumpFlowBytes(open(), flow, part),
    dumpExpectations: () => questions.dump(dumpExpectations(), expectationAnswer),
    expect: (expectations) => questions.requestAll(expectations.map(newExpectation)),
    send: (batch) => requests.send(batch),
    close() {
      for (const stop of [...stops]) stop();
      requests.close();
      questions.close();
    },
  };
}

/** Port ids of what writes flows, and of what writes expectations. */
type OwnPorts = readonly [number, number];

/**
 * After an overrun the kernel drops every further event until the queue is empty: only then is it time to dump again,
 * for what ended between a dump and that moment would never be heard of.
 */
function listen(
  socket: NetlinkHandle,
  listener: FlowListener,
  ownPorts: OwnPorts,
  pause: FlowTableOptions["pause"],
): void {
  let events = 0;
  let overrun = false;
  socket.listenRanges({
    onRange(bytes, from, to) {
      events += 1;
      if (!eachMessage(bytes, from, to, listener, ownPorts)) overrun = true;
    },
    onOverrun() {
      overrun = true;
    },
    onSettled(drained) {
      if (events > 0) listener.settled();
      if (overrun && !drained) setImmediate(() => socket.drain()); // to know that it is empty, not only to empty it
      if (overrun && drained) {
        overrun = false;
        listener.overrun();
      }
      if (events === 0) return;
      if (pause !== undefined && events < BUSY) {
        socket.pause();
        pause(() => socket.resume());
      }
      events = 0;
    },
  });
}

/** @returns false for a datagram that breaks off: whatever it said is lost. */
function eachMessage(
  bytes: Uint8Array,
  from: number,
  to: number,
  listener: FlowListener,
  ownPorts: OwnPorts,
): boolean {
  for (let at = from; at < to; ) {
    if (at + HEADER_BYTES > to) return false;
    const length = u32(bytes, at);
    if (length < HEADER_BYTES || at + length > to) return false;
    const port = u32(bytes, at + 12);
    const own = port === ownPorts[0] || port === ownPorts[1];
    const kind = kindOf(bytes[at + 4]!, (bytes[at + 7]! << 8) | bytes[at + 6]!);
    if (bytes[at + 5] === NFNL_SUBSYS_CTNETLINK) {
      if (kind !== undefined) listener.flow(kind, own, bytes, at + HEADER_BYTES, at + length);
    } else if (bytes[at + 5] === NFNL_SUBSYS_CTNETLINK_EXP && kind !== undefined) {
      const expectation = decoded(bytes.subarray(at + HEADER_BYTES, at + length));
      if (expectation !== undefined) listener.expectation(kind, own, expectation);
    }
    at += (length + 3) & ~3;
  }
  return true;
}

/** Message 0 with the CREATE flag is a birth, without it a change; message 2 is the end. */
function kindOf(message: number, flags: number): number | undefined {
  if (message === 2) return FLOW_DESTROY;
  if (message !== 0) return undefined;
  return (flags & NLM_F_CREATE) !== 0 ? FLOW_NEW : FLOW_UPDATE;
}

/** One that cannot be read is of a kind that is newer than we are: it is left alone. */
function decoded(payload: Uint8Array): Expectation | undefined {
  try {
    return decodeExpectation(payload);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const u32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

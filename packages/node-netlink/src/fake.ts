/** A netlink socket for tests: a function plays the kernel. */
import { ByteWriter } from "@systole/wire";
import { errnoNumber } from "./errno.js";
import {
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
} from "./message.js";
import type { NetlinkSocket } from "./socket.js";

/** What the kernel answers to one request: entries, then success or the name of an errno. */
export interface FakeAnswer {
  readonly entries?: readonly {
    readonly type: number;
    readonly payload: Uint8Array;
    readonly flags?: number;
  }[];
  /** `EEXIST`; success without it. */
  readonly error?: string;
}

export interface FakeSocket extends NetlinkSocket {
  /** Every request, in order of arrival. */
  readonly received: readonly NetlinkMessage[];
  readonly groups: ReadonlySet<number>;
  /** How many datagrams were sent. */
  readonly datagrams: number;
  readonly closed: boolean;
  readonly referenced: boolean;
  /** An event, or anything else out of the blue. */
  emit(datagram: Uint8Array): void;
  overrun(): void;
}

/**
 * @param kernel plays the kernel; `undefined` answers nothing at all (an answer that was lost).
 * Answers arrive later, as from the real one: each in a microtask of its own.
 */
export function fakeSocket(kernel: (request: NetlinkMessage) => FakeAnswer | undefined): FakeSocket {
  const portId = 4711;
  const received: NetlinkMessage[] = [];
  const groups = new Set<number>();
  let [datagrams, closed, referenced] = [0, false, true];
  let hear: ((datagram: Uint8Array) => void) | undefined;
  let overrun: (() => void) | undefined;
  return {
    portId,
    received,
    groups,
    get datagrams() {
      return datagrams;
    },
    get closed() {
      return closed;
    },
    get referenced() {
      return referenced;
    },
    send(datagram) {
      if (closed) return -9; // EBADF
      datagrams++;
      for (const request of decodeMessages(datagram.slice())) {
        received.push(request);
        const answer = kernel(request);
        if (answer === undefined) continue;
        const bytes = encodeAnswer(request, answer);
        queueMicrotask(() => void (closed || hear?.(bytes)));
      }
      return 0;
    },
    listen(onDatagram, onOverrun) {
      hear = onDatagram;
      overrun = onOverrun;
    },
    emit: (datagram) => hear?.(datagram),
    overrun: () => overrun?.(),
    join: (group) => void groups.add(group),
    leave: (group) => void groups.delete(group),
    ref: () => {
      referenced = true;
    },
    unref: () => {
      referenced = false;
    },
    close: () => {
      closed = true;
    },
  };
}

/** One datagram: the entries, then DONE for a dump, or the acknowledgement that was asked for. */
function encodeAnswer(request: NetlinkMessage, answer: FakeAnswer): Uint8Array {
  const { sequence, portId } = request;
  const dump = (request.flags & NLM_F_DUMP) === NLM_F_DUMP && (request.flags & NLM_F_ACK) === 0;
  const writer = new ByteWriter();
  for (const { type, payload, flags = 0 } of answer.entries ?? []) {
    writer.bytes(encodeMessage({ type, flags: flags | (dump ? NLM_F_MULTI : 0), sequence, portId, payload }));
  }
  const errno = answer.error === undefined ? 0 : -(errnoNumber(answer.error) ?? 22);
  const verdict = new ByteWriter().i32host(errno);
  if (dump && errno === 0) {
    writer.bytes(
      encodeMessage({ type: NLMSG_DONE, flags: NLM_F_MULTI, sequence, portId, payload: verdict.done() }),
    );
  } else {
    const payload = verdict.bytes(encodeMessage({ ...request, payload: new Uint8Array(0) })).done();
    writer.bytes(encodeMessage({ type: NLMSG_ERROR, flags: 0, sequence, portId, payload }));
  }
  return writer.done();
}

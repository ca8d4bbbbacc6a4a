/**
 * Requests to the kernel and their answers over one socket.
 *
 * - At most `WINDOW` requests wait for an answer, so that the answers fit the receive buffer; the rest waits here.
 * - One dump at a time; other requests pass it. A dump that the kernel calls interrupted is repeated.
 * - Requests that are handed in together travel in one datagram, which the kernel works off 2 to 3 times faster.
 * - An overrun (ENOBUFS) means that answers are lost: whoever waits for one is told, the socket goes on.
 *
 * Events arrive on sockets of their own: `listenToEvents`.
 */
import { ByteWriter } from "@systole/wire";
import { errnoName } from "./errno.js";
import {
  forEachMessage,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  writeMessage,
} from "./message.js";
import { decodeVerdict, NetlinkError, type Refusal } from "./netlink-error.js";
import type { NetlinkSocket } from "./socket.js";

const WINDOW = 64;
const DUMP_ATTEMPTS = 10;
const BATCH_BYTES = 32 * 1024;

/** What a codec makes, and a connection sends. */
export interface NetlinkRequest {
  /** For errors: `add address 192.0.2.10/24`. */
  readonly operation: string;
  readonly type: number;
  /** Without REQUEST, ACK and DUMP: the connection adds them. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** What stands before and behind requests that the kernel shall do all together or not at all. */
export interface TransactionFrame {
  readonly begin: NetlinkRequest;
  readonly end: NetlinkRequest;
}

/** Turns one answer into a value; undefined skips it. The message is valid only during the call. */
export type Decode<T> = (message: NetlinkMessage) => T | undefined;

interface Pending {
  readonly request: NetlinkRequest;
  readonly dump: boolean;
  readonly receive: (message: NetlinkMessage) => void;
  readonly restart: () => void;
  readonly finish: (error: Error | undefined) => void;
  attempts: number;
  interrupted: boolean;
  /** A decoder that threw: told when the answer is complete, so that the conversation stays in step. */
  failure: Error | undefined;
}

export class NetlinkConnection {
  readonly #socket: NetlinkSocket;
  readonly #waiting = new Map<number, Pending>();
  #requests: Pending[] = [];
  #dumps: Pending[] = [];
  #dumping = false;
  #sequence = 0;
  #closed = false;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
    socket.listen(
      (datagram) => this.#receive(datagram),
      () => this.#overrun(),
    );
    socket.unref();
  }

  /**
   * Sends a request; it has left when this returns, unless 64 others wait for their answers.
   *
   * @returns what `decode` made of the answers before the acknowledgement
   * @throws NetlinkError with the kernel's code
   */
  request<T = never>(request: NetlinkRequest, decode?: Decode<T>): Promise<T[]> {
    const answer = this.#enqueue(this.#requests, false, request, decode);
    this.#send();
    return answer;
  }

  /** Sends many requests, several to a datagram, in order. Each has its own outcome; a refusal stops none. */
  async requestAll(requests: readonly NetlinkRequest[]): Promise<readonly (Error | undefined)[]> {
    const outcomes = requests.map((request) =>
      this.#enqueue(this.#requests, false, request).then(
        () => undefined,
        (error: Error) => error, // #finish rejects with nothing else
      ),
    );
    this.#send();
    return await Promise.all(outcomes);
  }

  /**
   * Sends requests as one transaction, in one datagram, past all that waits: it has left when this returns.
   *
   * @throws NetlinkError the first refusal; nothing was done then.
   */
  async transact(requests: readonly NetlinkRequest[], { begin, end }: TransactionFrame): Promise<void> {
    const own: Pending[] = [];
    const outcomes = requests.map((request) => this.#enqueue(own, false, request));
    if (own.length > 0) {
      this.#socket.ref();
      this.#transmit(own, begin, end);
    }
    await Promise.all(outcomes);
  }

  /**
   * Asks for a whole table. `decode` is called for each entry as it arrives; if the table changed in between and the
   * kernel says so, the answers are thrown away and it is asked again.
   *
   * @throws NetlinkError `EINTR` if the table never held still.
   */
  dump<T>(request: NetlinkRequest, decode: Decode<T>): Promise<T[]> {
    const answer = this.#enqueue(this.#dumps, true, request, decode);
    this.#send();
    return answer;
  }

  /** Requests without an answer end with `ECANCELED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    const given = [...this.#waiting.values(), ...this.#requests, ...this.#dumps];
    this.#waiting.clear();
    this.#requests = [];
    this.#dumps = [];
    for (const pending of given) refuse(pending, CLOSED);
  }

  #enqueue<T>(queue: Pending[], dump: boolean, request: NetlinkRequest, decode?: Decode<T>): Promise<T[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new NetlinkError(request.operation, CLOSED));
      let results: T[] = [];
      queue.push({
        request,
        dump,
        receive(message) {
          const result = decode?.(message);
          if (result !== undefined) results.push(result);
        },
        restart: () => {
          results = [];
        },
        finish: (error) => (error === undefined ? resolve(results) : reject(error)),
        attempts: 0,
        interrupted: false,
        failure: undefined,
      });
    });
  }

  /** Sends what the window has room for. */
  #send(): void {
    while (this.#requests.length > 0 && this.#waiting.size < WINDOW) this.#sendBatch();
    const dump = this.#dumps[0];
    if (dump !== undefined && !this.#dumping && this.#requests.length === 0) {
      this.#dumps.shift();
      this.#dumping = true;
      this.#transmit([dump]);
    }
    if (this.#waiting.size > 0) this.#socket.ref();
    else this.#socket.unref();
  }

  #sendBatch(): void {
    const batch: Pending[] = [];
    let bytes = 0;
    while (this.#waiting.size + batch.length < WINDOW && bytes < BATCH_BYTES) {
      const pending = this.#requests.shift();
      if (pending === undefined) break;
      batch.push(pending);
      bytes += pending.request.payload.length;
    }
    this.#transmit(batch);
  }

  #transmit(batch: readonly Pending[], begin?: NetlinkRequest, end?: NetlinkRequest): void {
    const writer = new ByteWriter(1024);
    this.#frame(writer, begin);
    const sequences = batch.map((pending) => {
      this.#sequence = (this.#sequence + 1) >>> 0 || 1; // 0 is what events carry
      this.#waiting.set(this.#sequence, pending);
      const { type, flags, payload } = pending.request;
      const how = NLM_F_REQUEST | (pending.dump ? NLM_F_DUMP : NLM_F_ACK);
      const sequence = this.#sequence;
      writeMessage(writer, { type, flags: flags | how, sequence, portId: this.#socket.portId, payload });
      return sequence;
    });
    this.#frame(writer, end);
    const sent = this.#socket.send(writer.done());
    if (sent < 0) for (const sequence of sequences) this.#finish(sequence, { code: errnoName(-sent) });
  }

  /** Nobody waits for the answer to a frame, and the kernel gives none. */
  #frame(writer: ByteWriter, frame: NetlinkRequest | undefined): void {
    if (frame === undefined) return;
    const { type, flags, payload } = frame;
    const { portId } = this.#socket;
    writeMessage(writer, { type, flags: flags | NLM_F_REQUEST, sequence: 0, portId, payload });
  }

  #receive(datagram: Uint8Array): void {
    try {
      forEachMessage(datagram, (message) => this.#answer(message));
    } catch {
      this.#overrun(); // a datagram that breaks off: whatever it said is lost
    }
    // Room for half a window: the next batch is worth a system call.
    if (this.#waiting.size <= WINDOW / 2) this.#send();
  }

  #answer(message: NetlinkMessage): void {
    const pending = message.portId === this.#socket.portId ? this.#waiting.get(message.sequence) : undefined;
    if (pending === undefined || message.type === NLMSG_NOOP) return;
    if ((message.flags & NLM_F_DUMP_INTR) !== 0 && message.type !== NLMSG_ERROR) pending.interrupted = true;
    if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
      this.#finish(message.sequence, verdict(message));
      return;
    }
    try {
      pending.receive(message);
    } catch (error) {
      pending.failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  #finish(sequence: number, refusal: Refusal | undefined): void {
    const pending = this.#waiting.get(sequence);
    if (pending === undefined) return;
    this.#waiting.delete(sequence);
    if (pending.dump) this.#dumping = false;
    if (refusal !== undefined) refuse(pending, refusal);
    else if (pending.dump && pending.interrupted) this.#repeat(pending);
    else pending.finish(pending.failure);
  }

  #repeat(pending: Pending): void {
    pending.attempts++;
    if (pending.attempts >= DUMP_ATTEMPTS) {
      refuse(pending, NEVER_STILL);
      return;
    }
    pending.interrupted = false;
    pending.failure = undefined;
    pending.restart();
    this.#dumps.unshift(pending);
  }

  /** Answers were dropped. A dump goes on, for the kernel feeds it as we read, but it is not to be trusted. */
  #overrun(): void {
    for (const [sequence, pending] of [...this.#waiting]) {
      if (pending.dump) pending.interrupted = true;
      else this.#finish(sequence, LOST);
    }
    this.#send();
  }
}

const CLOSED: Refusal = { code: "ECANCELED", kernelMessage: "the connection was closed" };
const LOST: Refusal = { code: "ENOBUFS", kernelMessage: "the answer was lost, the outcome is unknown" };
const NEVER_STILL: Refusal = {
  code: "EINTR",
  kernelMessage: "the table changed during every attempt to read it",
};
const MALFORMED: Refusal = { code: "EBADMSG", kernelMessage: "the kernel's answer cannot be read" };

function refuse(pending: Pending, refusal: Refusal): void {
  pending.finish(new NetlinkError(pending.request.operation, refusal));
}

function verdict(message: NetlinkMessage): Refusal | undefined {
  try {
    return decodeVerdict(message);
  } catch {
    return MALFORMED;
  }
}

/**
 * Hands each event of a socket that has joined groups to `onMessage` (valid only during the call).
 *
 * @param onOverrun the kernel dropped events: read the table again.
 * @returns how to stop; it closes the socket.
 */
export function listenToEvents(
  socket: NetlinkSocket,
  onMessage: (message: NetlinkMessage) => void,
  onOverrun: () => void,
): () => void {
  socket.listen((datagram) => {
    let inListener = false;
    try {
      forEachMessage(datagram, (message) => {
        inListener = true;
        if (message.type > NLMSG_DONE) onMessage(message);
        inListener = false;
      });
    } catch (error) {
      if (inListener) throw error; // not ours to swallow
      onOverrun(); // a datagram that breaks off: whatever it said is lost
    }
  }, onOverrun);
  return () => socket.close();
}

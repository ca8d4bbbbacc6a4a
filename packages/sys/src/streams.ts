/**
 * TCP connections by the thousand: what Node's `net` is for one connection, without its streams.
 *
 * One epoll has all of them, and libuv watches the epoll. A connection is registered once, for edges; a wake-up reads
 * every connection that has something, into one buffer. For short dialogues, such as health checks: `net.Socket` costs
 * about 0.2 ms of processor time and 15 kB of garbage for each, several times what the kernel needs.
 */
import { AF_INET6, MSG_NOSIGNAL } from "./constants.js";
import { checked, SystemError } from "./errno.js";
import { type Native, native } from "./native.js";

/** What became of a connection. None is called from within `connect`, and none after `close`. */
export interface StreamListener {
  connected(): void;
  /** `bytes` are valid only during the call. */
  heard(bytes: Buffer): void;
  /** The other side has finished: nothing more will be heard. */
  ended(): void;
  /** Instead of, or after, all others: the connection is gone. */
  failed(error: SystemError): void;
}

export interface Stream {
  /** What the kernel does not take at once is copied, and follows when it can: how much that may be is the caller's. */
  send(bytes: Uint8Array): void;
  /** Ends our side, behind what was sent. */
  finish(): void;
  /** What the kernel has taken still leaves; what it has not is lost. */
  close(): void;
  /** Our end of it: 4 or 16 bytes, and the port. */
  local(): { readonly address: Uint8Array; readonly port: number };
}

export interface Streams {
  /** @param place an address and a port, as `inetSocketAddress` makes them */
  connect(place: Uint8Array, listener: StreamListener): Stream;
  /** Closes all connections. */
  close(): void;
}

const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;
const EPOLLHUP = 16;
const EPOLLRDHUP = 0x2000;
const EAGAIN = 11;
const SHUT_WR = 1;

/** Events to one system call. */
const EVENTS = 256;
/** In one wake-up, so that timers get their turn; what is left wakes us again. */
const ROUNDS = 32;
/** Reads of one connection in a row: who sends without end is read on in the next turn. */
const READS = 16;
const READ_BYTES = 65_536;
const TOKENS = 2 ** 31;

/** The connections keep nobody alive: whoever waits for one has a timer that does. */
export function openStreams(): Streams {
  return new EpolledStreams();
}

class EpolledStreams implements Streams {
  readonly calls: Native = native();
  readonly epoll: number;
  /** All are read into it, one after the other. */
  readonly buffer = Buffer.alloc(READ_BYTES);
  readonly #events = new Int32Array(EVENTS * 3);
  readonly #byToken = new Map<number, EpolledStream>();
  readonly #watch;
  #lastToken = 0;
  #open = true;

  constructor() {
    this.epoll = checked("open an epoll", this.calls.epollCreate());
    const watch = this.calls.pollOpen(this.epoll, (status) => this.#wake(status));
    if (typeof watch === "number") throw new SystemError("watch an epoll", watch);
    this.#watch = watch;
    checked("watch an epoll", this.calls.pollStart(watch));
    this.calls.pollRef(watch, false);
  }

  connect(place: Uint8Array, listener: StreamListener): Stream {
    const token = this.#freeToken();
    const stream = new EpolledStream(this, token, listener);
    this.#byToken.set(token, stream);
    stream.start(place);
    return stream;
  }

  /** Not the descriptor: a closed one is soon another's, and an event of the old one may be on its way. */
  #freeToken(): number {
    do this.#lastToken = (this.#lastToken + 1) % TOKENS;
    while (this.#byToken.has(this.#lastToken));
    return this.#lastToken;
  }

  #wake(status: number): void {
    this.#readAll();
    // libuv stops a watch when it tells an error.
    if (status < 0 && this.#open) checked("watch an epoll", this.calls.pollStart(this.#watch));
  }

  #readAll(): void {
    for (let round = 0; round < ROUNDS && this.#open; round++) {
      const count = this.calls.epollWait(this.epoll, this.#events);
      for (let at = 0; at < count * 3; at += 3) {
        // epollWait filled three numbers for each event
        this.#byToken.get(this.#events[at]!)?.happened(this.#events[at + 1]!, this.#events[at + 2]!);
      }
      if (count < EVENTS) return;
    }
  }

  forget(token: number): void {
    this.#byToken.delete(token);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const stream of [...this.#byToken.values()]) stream.close();
    this.calls.pollClose(this.#watch);
    setImmediate(() => this.calls.close(this.epoll)); // the watch first, the descriptor after libuv let go of it
  }
}

class EpolledStream implements Stream {
  readonly #all: EpolledStreams;
  readonly #token: number;
  readonly #listener: StreamListener;
  /** -1: not there any more. */
  #fd = -1;
  #closed = false;
  #connected = false;
  #ended = false;
  #finishing = false;
  #unsent: Uint8Array | undefined;

  constructor(all: EpolledStreams, token: number, listener: StreamListener) {
    this.#all = all;
    this.#token = token;
    this.#listener = listener;
  }

  start(address: Uint8Array): void {
    const fd = this.#all.calls.tcpConnect(this.#all.epoll, this.#token, address);
    if (fd >= 0) this.#fd = fd;
    else setImmediate(() => this.#fail("connect", fd));
  }

  happened(events: number, errno: number): void {
    if ((events & EPOLLOUT) !== 0 && (events & EPOLLERR) === 0) this.#writable();
    // A reset connection may still hold what was heard before.
    if (this.#connected && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) !== 0)
      this.#read(errno === 0 && (events & (EPOLLRDHUP | EPOLLHUP)) !== 0, errno === 0);
    if (errno !== 0) this.#fail(this.#connected ? "read" : "connect", errno);
  }

  #writable(): void {
    if (!this.#connected) {
      this.#connected = true;
      this.#listener.connected();
    }
    this.#sendOn();
  }

  /**
   * @param last whether the other side has finished: then a read that does not fill the buffer was the last
   * @param well whether an end is an end: behind an error that was told the kernel says it, too
   */
  #read(last: boolean, well: boolean): void {
    const { calls, buffer } = this.#all;
    for (let turn = 0; turn < READS && !this.#closed && !this.#ended; turn++) {
      const length = calls.recv(this.#fd, buffer);
      if (length === -EAGAIN) return;
      if (length < 0) return this.#fail("read", length);
      if (length > 0) this.#listener.heard(buffer.subarray(0, length));
      if (length === 0 || (last && length < buffer.length)) {
        this.#ended = true;
        if (well && !this.#closed) this.#listener.ended();
        return;
      }
      if (length < buffer.length) return; // what comes later is another edge
    }
    if (!this.#closed && !this.#ended) setImmediate(() => this.#read(last, well));
  }

  send(bytes: Uint8Array): void {
    this.#unsent = this.#unsent === undefined ? bytes : Buffer.concat([this.#unsent, bytes]);
    this.#sendOn();
  }

  #sendOn(): void {
    const bytes = this.#unsent;
    if (bytes === undefined || this.#fd === -1) return;
    const sent = this.#all.calls.sendto(this.#fd, bytes, MSG_NOSIGNAL, null);
    if (sent === bytes.length) {
      this.#unsent = undefined;
      if (this.#finishing) this.#all.calls.shutdown(this.#fd, SHUT_WR);
    } else if (sent >= 0 || sent === -EAGAIN) {
      this.#unsent = new Uint8Array(bytes.subarray(Math.max(0, sent))); // the caller may use its memory again
    } else {
      this.#unsent = undefined;
      setImmediate(() => this.#fail("write", sent)); // an answer that is there already is heard first
    }
  }

  finish(): void {
    this.#finishing = true;
    if (this.#fd !== -1 && this.#unsent === undefined) this.#all.calls.shutdown(this.#fd, SHUT_WR);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#all.forget(this.#token);
    if (this.#fd !== -1) this.#all.calls.close(this.#fd);
    this.#fd = -1;
  }

  #fail(operation: string, errno: number): void {
    if (this.#closed) return;
    this.close();
    this.#listener.failed(new SystemError(operation, errno));
  }

  local(): { readonly address: Uint8Array; readonly port: number } {
    const name = new Uint8Array(28);
    if (this.#fd !== -1) this.#all.calls.getsockname(this.#fd, name);
    const address = name[0] === AF_INET6 ? name.subarray(8, 24) : name.subarray(4, 8);
    return { address, port: (name[2]! << 8) | name[3]! };
  }
}

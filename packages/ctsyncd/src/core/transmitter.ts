/**
 * Turns what waits in the outbox into datagrams: full ones as long as there is something, in portions, so that a bulk
 * of a hundred thousand flows neither blocks this process nor drowns the peer's socket buffer.
 *
 * Without a local cache flows do not wait: they are packed as they come (`direct`) and leave at the end of the step.
 */
import { type Instant, milliseconds, plus, seconds } from "@systole/machine";
import {
  ALIVE,
  CONTROL_LENGTH,
  dataLength,
  HEADER_LENGTH,
  RESYNC,
  writeControl,
  writeHeader,
} from "../wire/message.js";
import type { Control, Outbox } from "../wire/outbox.js";

/** Datagrams in one go, and the pause before the next: at most about 16 MB and 250,000 messages in a second. */
const PORTION = 32;
const PAUSE = milliseconds(3);
/**
 * More in one go, and no pause but for what has arrived meanwhile, as long as the peer keeps up: its acknowledgements
 * show it. One go fits a socket buffer of the system's usual size, which holds about 90 datagrams.
 */
const LARGE_PORTION = 64;
const NO_PAUSE = milliseconds(0);
const LEAD = 8192;
/** The peer hears at least this often from us. */
const ALIVE_INTERVAL = seconds(1);

/** Where the bodies of what waits are: flows and expectations by their ids. */
export interface Bodies {
  has(id: number): boolean;
  length(id: number, second: number): number;
  type(id: number): number;
  /** @returns where it ends. */
  write(id: number, second: number, into: Uint8Array, at: number): number;
  /** It was written into a datagram. */
  sent(id: number, second: number): void;
}

export interface TransmitterOptions {
  readonly capacityBytes: number;
  /** Told of the number under which a RESYNC went out. */
  readonly resyncSent: (sequence: number) => void;
}

export class Transmitter {
  readonly #outbox: Outbox;
  readonly #bodies: Bodies;
  readonly #options: TransmitterOptions;
  #aliveAt: Instant;
  /** Not before this moment, because a portion just went out. */
  #pausedUntil: Instant;
  #datagrams: Uint8Array[] = [];
  /** The datagram that is being filled. */
  #filling: Uint8Array | undefined;
  #filled = 0;
  readonly counters = { datagrams: 0, bytes: 0, messages: 0 };

  constructor(outbox: Outbox, bodies: Bodies, options: TransmitterOptions, now: Instant) {
    this.#outbox = outbox;
    this.#bodies = bodies;
    this.#options = options;
    this.#aliveAt = now;
    this.#pausedUntil = now;
  }

  /** When there is something to do. */
  get deadline(): Instant {
    return this.#outbox.waiting > 0 && this.#pausedUntil < this.#aliveAt ? this.#pausedUntil : this.#aliveAt;
  }

  /** A portion has just gone out: what waits goes on waiting, and comes together with what follows. */
  pausing(now: Instant): boolean {
    return now < this.#pausedUntil;
  }

  /** Is it time to say something because nothing was said for a second? */
  quiet(now: Instant): boolean {
    return this.#outbox.waiting === 0 && now >= this.#aliveAt;
  }

  /** ALARM says nothing when it is quiet: the next look at the clock is a second later. */
  stayQuiet(now: Instant): void {
    this.#aliveAt = plus(now, ALIVE_INTERVAL);
  }

  /** Packs a flow that is not kept: its body lies in `bytes` from `from` to `to`. */
  direct(type: number, bytes: Uint8Array, from: number, to: number): void {
    const length = dataLength(to - from);
    const [into, at] = this.#room(length);
    into.set(bytes.subarray(from, to), at + HEADER_LENGTH);
    const { sequence, flags } = this.#outbox.stamp();
    writeHeader(into, at, { type, flags, length, sequence });
    this.#filled = at + length;
    this.counters.messages += 1;
  }

  /** The next datagrams: none of what waits while a pause lasts, but always what was packed directly. */
  run(now: Instant, second: number): readonly Uint8Array[] {
    const paused = now < this.#pausedUntil;
    const portion = this.#keepsUp() ? LARGE_PORTION : PORTION;
    while (!paused && this.#datagrams.length < portion) {
      const item = this.#outbox.take();
      if (item === undefined) break;
      if (!("flow" in item)) this.#control(item.control);
      else if (this.#bodies.has(item.flow)) this.#flow(item.flow, second);
    }
    this.#flush();
    const datagrams = this.#datagrams;
    this.#datagrams = [];
    if (datagrams.length > 0) this.#count(datagrams, now);
    if (datagrams.length >= portion) this.#pausedUntil = plus(now, this.#keepsUp() ? NO_PAUSE : PAUSE);
    return datagrams;
  }

  /** Room for a message that is not yet counted as filled. */
  #room(length: number): [Uint8Array, number] {
    if (this.#filled > 0 && this.#filled + length >= this.#options.capacityBytes) this.#flush();
    this.#filling ??= new Uint8Array(Math.max(this.#options.capacityBytes, length));
    if (this.#filling.length < length) this.#filling = new Uint8Array(length); // larger than any datagram: alone
    return [this.#filling, this.#filled];
  }

  #flush(): void {
    if (this.#filling === undefined || this.#filled === 0) return;
    this.#datagrams.push(this.#filling.subarray(0, this.#filled));
    this.#filling = undefined;
    this.#filled = 0;
  }

  #flow(id: number, second: number): void {
    const length = dataLength(this.#bodies.length(id, second));
    const [into, at] = this.#room(length);
    // NOTRACK settles a flow as it is sent: write first, then ask for the number.
    const type = this.#bodies.type(id);
    this.#bodies.write(id, second, into, at + HEADER_LENGTH);
    this.#bodies.sent(id, second);
    const { sequence, flags } = this.#outbox.sendFlow(id);
    writeHeader(into, at, { type, flags, length, sequence });
    this.#filled = at + length;
    this.counters.messages += 1;
  }

  #control(control: Control): void {
    const alive = control.flag === ALIVE;
    const [into, at] = this.#room(CONTROL_LENGTH);
    const stamp = this.#outbox.sendControl(control, !alive);
    this.#filled = writeControl(into, at, stamp, alive ? undefined : control);
    if (control.flag === RESYNC) this.#options.resyncSent(stamp.sequence);
    this.counters.messages += 1;
  }

  #keepsUp(): boolean {
    return this.#outbox.isReliable && this.#outbox.unacknowledged < LEAD;
  }

  #count(datagrams: readonly Uint8Array[], now: Instant): void {
    this.#aliveAt = plus(now, ALIVE_INTERVAL);
    this.counters.datagrams += datagrams.length;
    for (const datagram of datagrams) this.counters.bytes += datagram.length;
  }
}

/**
 * Turns what waits in the outbox into datagrams: full ones as long as there is something, in portions, so that a bulk
 * of a hundred thousand flows neither blocks this process nor drowns the peer's socket buffer.
 */
import { type Instant, milliseconds, plus, seconds } from "@systole/machine";
import { ByteWriter } from "@systole/wire";
import { ALIVE, CONTROL_LENGTH, dataLength, RESYNC, writeControl, writeData } from "../wire/message.js";
import type { Control, Outbox } from "../wire/outbox.js";
import type { LocalCache } from "./local-cache.js";

/** Datagrams in one go, and the pause before the next: at most about 16 MB and 250,000 messages in a second. */
const PORTION = 32;
const PAUSE = milliseconds(3);
/** The peer hears at least this often from us. */
const ALIVE_INTERVAL = seconds(1);

export interface TransmitterOptions {
  readonly capacityBytes: number;
  /** Told of the number under which a RESYNC went out. */
  readonly resyncSent: (sequence: number) => void;
}

export class Transmitter {
  readonly #outbox: Outbox;
  readonly #cache: LocalCache;
  readonly #options: TransmitterOptions;
  #aliveAt: Instant;
  /** Not before this moment, because a portion just went out. */
  #pausedUntil: Instant;
  readonly counters = { datagrams: 0, bytes: 0, messages: 0 };

  constructor(outbox: Outbox, cache: LocalCache, options: TransmitterOptions, now: Instant) {
    this.#outbox = outbox;
    this.#cache = cache;
    this.#options = options;
    this.#aliveAt = now;
    this.#pausedUntil = now;
  }

  /** When there is something to do. */
  get deadline(): Instant {
    return this.#outbox.waiting > 0 && this.#pausedUntil < this.#aliveAt ? this.#pausedUntil : this.#aliveAt;
  }

  /** Is it time to say something because nothing was said for a second? */
  quiet(now: Instant): boolean {
    return this.#outbox.waiting === 0 && now >= this.#aliveAt;
  }

  /** The next datagrams; none while a pause lasts. */
  run(now: Instant, second: number): Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    if (now < this.#pausedUntil || this.#outbox.waiting === 0) return datagrams;
    let writer = new ByteWriter(this.#options.capacityBytes);
    while (datagrams.length < PORTION) {
      const item = this.#outbox.take();
      if (item === undefined) break;
      if ("flow" in item && !this.#cache.has(item.flow)) continue;
      const body = "flow" in item ? this.#cache.messageBody(item.flow, second) : undefined;
      const length = body === undefined ? CONTROL_LENGTH : dataLength(body);
      if (writer.length > 0 && writer.length + length >= this.#options.capacityBytes) {
        datagrams.push(writer.done());
        writer = new ByteWriter(this.#options.capacityBytes);
      }
      if ("flow" in item) this.#writeFlow(writer, item.flow, body!);
      else this.#writeControl(writer, item.control);
    }
    if (writer.length > 0) datagrams.push(writer.done());
    this.#count(datagrams, now);
    return datagrams;
  }

  #writeFlow(writer: ByteWriter, flow: number, body: Uint8Array): void {
    const type = this.#cache.messageType(flow);
    const copied = writer.length;
    // The body is a view of the cache, and NOTRACK settles a flow as it is sent: write first, then ask for the number.
    writeData(writer, type, 0, 0, body);
    const { sequence, flags } = this.#outbox.sendFlow(flow);
    writer.patchU8(copied + 1, flags);
    writer.patchU32be(copied + 4, sequence);
    this.counters.messages += 1;
  }

  #writeControl(writer: ByteWriter, control: Control): void {
    const alive = control.flag === ALIVE;
    const { sequence, flags } = this.#outbox.sendControl(control, !alive);
    writeControl(writer, flags, sequence, alive ? undefined : control);
    if (control.flag === RESYNC) this.#options.resyncSent(sequence);
    this.counters.messages += 1;
  }

  #count(datagrams: readonly Uint8Array[], now: Instant): void {
    this.#aliveAt = plus(now, ALIVE_INTERVAL);
    if (datagrams.length >= PORTION) this.#pausedUntil = plus(now, PAUSE);
    this.counters.datagrams += datagrams.length;
    for (const datagram of datagrams) this.counters.bytes += datagram.length;
  }
}

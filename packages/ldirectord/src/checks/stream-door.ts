/**
 * TCP connections of checks, without Node's streams: most checks are one short dialogue, a thousand times a second.
 *
 * To addresses only, and without TLS: everything else is `net.Socket`'s.
 */
import { inetSocketAddress, openStreams, type Stream, type Streams } from "@systole/sys";
import { ipBytes, ipFromBytes, parseIp } from "@systole/wire";
import type { Connection, ConnectionEvents, Place } from "./connection.js";
import { isOurs, placeName, problemOf } from "./problems.js";

export interface StreamDoor {
  /** Undefined for a place that is not for us. */
  open(place: Place, events: ConnectionEvents): Connection | undefined;
  close(): void;
}

export function createStreamDoor(): StreamDoor {
  let streams: Streams | undefined;
  /** Worked out once for each place that is asked again and again. */
  const addresses = new WeakMap<Place, Uint8Array>();

  function addressOf(place: Place): Uint8Array | undefined {
    const known = addresses.get(place);
    if (known !== undefined) return known;
    const ip = parseIp(place.host);
    if (ip === undefined) return undefined;
    const bytes = inetSocketAddress(ipBytes(ip), place.port);
    addresses.set(place, bytes);
    return bytes;
  }

  return {
    open(place, events) {
      const address = place.tls === undefined ? addressOf(place) : undefined;
      if (address === undefined) return undefined;
      streams ??= openStreams();
      return new StreamConnection(streams, address, place, events);
    },
    close() {
      streams?.close();
      streams = undefined;
    },
  };
}

class StreamConnection implements Connection {
  readonly #stream: Stream;

  constructor(streams: Streams, address: Uint8Array, place: Place, events: ConnectionEvents) {
    this.#stream = streams.connect(address, {
      connected: () => events.open(this),
      heard: (bytes) => events.heard(bytes.toString("latin1")),
      ended: () => events.ended(),
      failed: (error) => events.failed(problemOf(error, placeName(place)), isOurs(error)),
    });
  }

  say(bytes: string): void {
    this.#stream.send(Buffer.from(bytes, "latin1"));
  }

  finish(): void {
    this.#stream.finish();
  }

  close(): void {
    this.#stream.close();
  }

  address(): string {
    return ipFromBytes(this.#stream.local().address) ?? "";
  }

  port(): number {
    return this.#stream.local().port;
  }
}

/**
 * From a message of the core to datagrams on every medium. Keeps the last 500 with a sequence, to send them again.
 */
import type { CoreAction } from "../core/action.js";
import { seal } from "../wire/datagram.js";

/** So many messages can be asked for again. */
const HISTORY_LENGTH = 500;

import type { KeyRing } from "../wire/signature.js";
import { type Control, encodeMessage } from "../wire/vocabulary.js";

type Send = Extract<CoreAction, { type: "send" }>;

export interface TransmitterDependencies {
  readonly node: string;
  readonly uuid: Uint8Array;
  /** The present key ring: a reload may change it. */
  readonly keys: () => KeyRing;
  /** Number of nodes, ping nodes included, plus hopfudge. */
  readonly ttl: () => number;
  /** `msgfmt classic`: the inner `auth` field, which old tools look at. */
  readonly innerAuth: () => boolean;
  readonly uuidOf: (node: string) => Uint8Array | undefined;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Text of /proc/loadavg. */
  readonly load: () => string;
  /** Onto every medium, at once. */
  readonly out: (datagram: Uint8Array) => void;
}

export interface Transmitter {
  send(action: Send): void;
  /** The kept datagram of that sequence once more; nothing if it is not kept. */
  resend(sequence: number): void;
}

export function createTransmitter(dependencies: TransmitterDependencies): Transmitter {
  const { node, uuid, keys, ttl, innerAuth, uuidOf, wallClock, load, out } = dependencies;
  const kept = new Map<number, Uint8Array>();
  let life = -1;

  function keep(generation: number, sequence: number, datagram: Uint8Array): void {
    if (generation !== life) kept.clear();
    life = generation;
    kept.set(sequence, datagram);
    kept.delete(sequence - HISTORY_LENGTH);
  }

  return {
    send({ generation, sequence, dest, message }) {
      const control: Control = {
        dest,
        destUuid: dest === undefined ? undefined : uuidOf(dest),
        src: node,
        srcUuid: uuid,
        generation,
        sequence,
        sentAt: Math.floor(wallClock() / 1000),
        load: load(),
        ttl: ttl(),
      };
      const sealing = { framing: "netstring", innerAuth: innerAuth() } as const;
      const datagram = seal(encodeMessage(message, control), sealing, keys());
      if (sequence !== undefined) keep(generation, sequence, datagram);
      out(datagram);
    },
    resend(sequence) {
      const datagram = kept.get(sequence);
      if (datagram !== undefined) out(datagram);
    },
  };
}

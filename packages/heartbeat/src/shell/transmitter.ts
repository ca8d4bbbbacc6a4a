/**
 * From a message of the core to datagrams on every medium. Keeps the last 500 with a sequence, to send them again: the
 * same bytes, unless the key or the framing has changed meanwhile.
 */
import type { CoreAction } from "../core/action.js";
import { type Framing, seal } from "../wire/datagram.js";
import type { Fields } from "../wire/field.js";
import { HISTORY_LENGTH } from "../wire/sequence.js";
import type { Key, KeyRing } from "../wire/signature.js";
import { type Control, encodeMessage } from "../wire/vocabulary.js";

type Send = Extract<CoreAction, { type: "send" }>;

export interface TransmitterDependencies {
  readonly node: string;
  readonly uuid: Uint8Array;
  /** The present key ring: a reload may change it. */
  readonly keys: () => KeyRing;
  /** Number of nodes, ping nodes included, plus hopfudge. */
  readonly ttl: () => number;
  /** What all peers understand at present. */
  readonly framing: () => Framing;
  /** `msgfmt classic`: the inner `auth` field, which old tools look at. */
  readonly innerAuth: () => boolean;
  readonly uuidOf: (node: string) => Uint8Array | undefined;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Text of /proc/loadavg. */
  readonly load: () => string;
  /** Onto every medium, at once; `classic` makes the same in classic framing, for media that carry only that. */
  readonly out: (datagram: Uint8Array, classic: () => Uint8Array) => void;
}

export interface Transmitter {
  send(action: Send): void;
  /** The kept datagram of that sequence once more; nothing if it is not kept. */
  resend(sequence: number): void;
}

interface Kept {
  readonly fields: Fields;
  readonly key: Key;
  readonly framing: Framing;
  readonly datagram: Uint8Array;
}

export function createTransmitter(dependencies: TransmitterDependencies): Transmitter {
  const { keys, framing, innerAuth, out } = dependencies;
  const kept = new Map<number, Kept>();
  let life = -1;

  function leave({ fields, framing: chosen, datagram }: Kept): void {
    const classic = () => seal(fields, { framing: "classic", innerAuth: false }, keys());
    out(datagram, chosen === "classic" ? () => datagram : classic);
  }

  function sealed(fields: Fields): Kept {
    const ring = keys();
    const wanted = framing();
    const datagram = seal(fields, { framing: wanted, innerAuth: innerAuth() }, ring);
    return { fields, key: ring.signing, framing: wanted, datagram };
  }

  function keep(generation: number, sequence: number, message: Kept): void {
    if (generation !== life) kept.clear();
    life = generation;
    kept.set(sequence, message);
    kept.delete(sequence - HISTORY_LENGTH);
  }

  return {
    send(action) {
      const message = sealed(encodeMessage(action.message, controlOf(action, dependencies)));
      if (action.sequence !== undefined) keep(action.generation, action.sequence, message);
      leave(message);
    },
    resend(sequence) {
      const before = kept.get(sequence);
      if (before === undefined) return;
      const same = before.key === keys().signing && before.framing === framing();
      const message = same ? before : sealed(before.fields);
      kept.set(sequence, message);
      leave(message);
    },
  };
}

function controlOf({ generation, sequence, dest }: Send, dependencies: TransmitterDependencies): Control {
  const { node, uuid, ttl, uuidOf, wallClock, load } = dependencies;
  return {
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
}

/**
 * Which framing our datagrams need, learnt from what real heartbeats send.
 *
 * A real node that gets netstring framing verifies it with its own signing key, whatever key the datagram names: while
 * keys are being rotated it understands only classic framing. One that sends classic framing is too old for anything
 * else. Our own nodes take both at any time, so what they send says nothing; it would only be an echo of ours.
 * Source: specification of heartbeat, sections 3.2 and 6; vectors 07 and 24.
 */
import type { Envelope, Framing } from "../wire/datagram.js";
import type { KeyRing } from "../wire/signature.js";

interface Habit {
  framing: Framing;
  keyIndex: number;
  /** Known from its statuses; undefined before the first. */
  real: boolean | undefined;
}

export interface PeerFraming {
  /** An authentic datagram of that node. `real` is undefined where the message does not show it. */
  heard(node: string, envelope: Envelope, real: boolean | undefined): void;
  /** For what we sign with this ring now. */
  wanted(ring: KeyRing): Framing;
}

export function createPeerFraming(): PeerFraming {
  const habits = new Map<string, Habit>();
  return {
    heard(node, { framing, signature: { keyIndex } }, real) {
      habits.set(node, { framing, keyIndex, real: real ?? habits.get(node)?.real });
    },
    wanted({ signing }) {
      for (const { framing, keyIndex, real } of habits.values()) {
        if (real === true && (framing === "classic" || keyIndex !== signing.index)) return "classic";
      }
      return "netstring";
    },
  };
}

/**
 * The notifierd of the other director, reached through the heartbeats of both: our half of a hand-over is left to it,
 * and its half is taken into our spool (core/hand-over.ts).
 */
import { controlClient, controlPath, type Logger } from "@systole/daemon";
import type { Incident } from "../core/digest.js";
import { addresseesOf, type Half, takerOf, tellsAll, waiting } from "../core/hand-over.js";
import type { LetterOptions } from "../core/letter.js";
import * as lines from "../log-lines.js";
import type { ClusterEvent, Letter } from "../types.js";
import { halfWords, readWords, takenWords } from "./half-words.js";

/** Letters whose answer is remembered as ours; the oldest is forgotten first, and goes out. */
const MOST_ASKED = 100;
/** The least that an answer may take, however short the group wait is. */
const LEAST_WAIT_MS = 1000;

export interface PeerNotifierParts {
  readonly wallClock: () => number;
  readonly log: Logger;
  /** Says it to the notifierd of that node. Rejects if it cannot even be sent. */
  readonly tell: (peer: string, text: string) => Promise<unknown>;
  readonly background: (what: string, work: Promise<unknown>) => void;
  readonly options: () => LetterOptions;
  readonly isWanted: (event: ClusterEvent) => boolean;
  readonly groupWaitMs: () => number;
  /** The peer tells what is in this letter. */
  readonly spare: (letter: string, why: string) => void;
  /** Makes the peer's events safe, then collects them. @throws SpoolError it must come again */
  readonly take: (half: Half, skewMs: number) => void;
}

export interface PeerNotifier {
  /** The letters as they may go out: where the incident can be left to the peer, they wait for its answer. */
  leave(incident: Incident, letters: readonly Letter[]): Left;
  /** What the peer's notifierd said to us. @throws SpoolError it must come again */
  hear(event: ClusterEvent): void;
}

export interface Left {
  readonly letters: readonly Letter[];
  /** Tells the peer. Call it when the letters are safe. */
  readonly offer: () => void;
}

export function openPeerNotifier(parts: PeerNotifierParts): PeerNotifier {
  const { wallClock, log } = parts;
  const asked = new Map<string, string>();

  function say(peer: string, text: string): void {
    const said = parts.tell(peer, text).catch((error: unknown) => {
      log.info({ event: "peer.untold", peer, error }, lines.peerUntold(peer, error));
    });
    parts.background("telling the peer's notifierd", said);
  }

  function hearHalf(peer: string, half: Half, heardAtMs: number): void {
    const { letters, waitMs, saidAtMs, events } = half;
    const isLate = wallClock() - heardAtMs > waitMs; // the peer has sent its letter
    if (isLate || !tellsAll(half, parts.options())) {
      log.info({ event: "half.declined", peer }, lines.halfDeclined(peer, isLate));
      return;
    }
    parts.take(half, heardAtMs - saidAtMs);
    log.info({ event: "half.taken", peer }, lines.halfTaken(peer, events.length));
    say(peer, takenWords({ type: "taken", letters }));
  }

  return {
    leave(incident, letters) {
      const peer = takerOf(incident, letters);
      if (peer === undefined) return { letters, offer() {} };
      const waitMs = Math.max(LEAST_WAIT_MS, parts.groupWaitMs());
      const answers = letters.find(({ inReplyTo }) => inReplyTo !== undefined)?.inReplyTo;
      const half: Half = {
        ...{ type: "half", letters: letters.map(({ id }) => id), waitMs, to: addresseesOf(letters) },
        ...{ events: incident.events, saidAtMs: wallClock() },
        ...(answers === undefined ? {} : { answers }),
      };
      const text = halfWords(half, parts.isWanted);
      if (text === undefined) return { letters, offer() {} };
      return {
        letters: letters.map((letter) => waiting(letter, waitMs)),
        offer() {
          for (const { id } of letters) asked.set(id, peer);
          for (const id of [...asked.keys()].slice(0, -MOST_ASKED)) asked.delete(id);
          say(peer, text);
        },
      };
    },
    hear({ fact, atMs }) {
      if (fact.kind !== "peer.said") return;
      const words = readWords(fact.peer, fact.text);
      if (words?.type === "half") hearHalf(fact.peer, words, atMs);
      if (words?.type !== "taken") return;
      for (const id of words.letters) {
        if (asked.get(id) !== fact.peer) continue;
        asked.delete(id);
        parts.spare(id, `${fact.peer} tells it`);
      }
    },
  };
}

/** @param runRoot the directory of the runtime directories */
export const tellThroughHeartbeat = (runRoot: string): PeerNotifierParts["tell"] => {
  const heartbeat = controlClient(controlPath("heartbeat", runRoot), { limitMs: 2000 });
  return (node, text) => heartbeat.call("tell-notifier", { node, text });
};

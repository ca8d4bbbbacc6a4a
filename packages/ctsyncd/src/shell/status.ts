/** What `status` answers: the session in numbers. */
import { between, type Instant } from "@systole/machine";
import type { Configuration } from "../config/configuration.js";
import type { Peer } from "../core/peers.js";
import type { Session } from "../core/session.js";
import { entryLine } from "../entry-line.js";
import type { Channel } from "./channel.js";

/** Most entries that `list` answers: an answer is one JSON line in memory. */
export const LIST_LIMIT = 50_000;

export type Status = ReturnType<typeof statusOf>;

export function statusOf(session: Session, { mode, link }: Configuration, channel: Channel, now: Instant) {
  const { local, outbox, follower, transmitter, receiver } = session;
  return {
    active: session.role === "active",
    role: session.role,
    mode,
    link: { kind: link.kind, interface: link.interface, open: channel.open },
    uptimeSeconds: session.second(now),
    peers: [...receiver.peers.values()].map((peer) => peerStatus(peer, now)),
    strangers: receiver.counters.strangers,
    local: { flows: local.size, bytes: local.sizeBytes, ...local.counters },
    kernel: { ...follower.counters },
    sent: { ...transmitter.counters, errors: channel.errors.sent },
    queue: {
      waiting: outbox.waiting,
      unacknowledged: outbox.unacknowledged,
      dropped: outbox.dropped,
      nextSequence: outbox.nextSequence,
    },
    committing: session.jobs.committing,
    lastCommit: session.lastCommit ?? null,
    purgeInSeconds: session.purgeAt === undefined ? null : Math.ceil(between(now, session.purgeAt) / 1000),
  };
}

function peerStatus({ address, established, heardAt, cache, awaited, counters }: Peer, now: Instant) {
  return {
    address,
    established,
    silentMs: Math.round(between(heardAt, now)),
    flows: cache.size,
    bytes: cache.sizeBytes,
    awaitingBulk: awaited !== undefined,
    received: { ...counters },
    cache: { ...cache.counters },
  };
}

/** The lines of `-i` (local) or `-e` (peer). */
export function listOf(session: Session, which: "local" | "peer", now: Instant, limit: number) {
  const second = session.second(now);
  const lines: string[] = [];
  let total = 0;
  const add = (line: () => string) => {
    total += 1;
    if (lines.length < limit) lines.push(line());
  };
  if (which === "local") {
    const { local } = session;
    for (const id of local.ids()) add(() => entryLine(local.flow(id), true, second - local.createdAt(id)));
  } else {
    for (const { cache } of session.receiver.peers.values()) {
      for (let id = cache.next(0); id !== -1; id = cache.next(id + 1)) {
        const at = id;
        add(() => entryLine(cache.flow(at), false, second - cache.createdAt(at)));
      }
    }
  }
  return { lines, total };
}

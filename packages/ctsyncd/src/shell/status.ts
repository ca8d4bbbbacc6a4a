/** What `status` answers: the session in numbers. */
import { between, type Instant } from "@systole/machine";
import type { Configuration } from "../config/configuration.js";
import { Bypass } from "../core/bypass.js";
import type { Peer } from "../core/peers.js";
import type { Session } from "../core/session.js";
import type { KernelFeedCounters } from "./kernel-feed.js";
import type { LinkSet } from "./link-set.js";

export type Status = ReturnType<typeof statusOf>;

export interface StatusParts {
  readonly session: Session;
  readonly configuration: Configuration;
  readonly links: LinkSet;
  /** Kernel messages that could not be read. */
  readonly unreadable: KernelFeedCounters;
  readonly bufferBytes: number;
}

export function statusOf(parts: StatusParts, now: Instant) {
  const { session, configuration, links } = parts;
  const { local, outbox, transmitter, receiver, expectations, injector } = session;
  const peers = [...receiver.peers.values()];
  return {
    active: session.role === "active",
    role: session.role,
    mode: configuration.mode,
    links: links.status(),
    uptimeSeconds: session.second(now),
    peers: peers.map((peer) => ({
      ...peerStatus(peer, now),
      sampled: session.coverage.of(peer.address) ?? null,
    })),
    strangers: receiver.counters.strangers,
    local: { flows: local.size, bytes: local.sizeBytes, ...local.counters },
    expectations: { flows: expectations.size, ...expectations.counters },
    /** Without a local cache: messages sent by kind. */
    bypass: bypassOf(session),
    /** Without a peer cache: flows written into our kernel. */
    injected: injector === undefined ? null : { ...injector.counters },
    kernel: {
      ...session.follower.counters,
      unreadable: parts.unreadable.malformed,
      bufferBytes: parts.bufferBytes,
    },
    sent: { ...transmitter.counters },
    queue: {
      waiting: outbox.waiting,
      unacknowledged: outbox.unacknowledged,
      dropped: outbox.dropped,
      nextSequence: outbox.nextSequence,
    },
    health: healthOf(session, peers, now),
    committing: session.jobs.committing,
    lastCommit: session.lastCommit ?? null,
    purgeInSeconds: session.purgeAt === undefined ? null : Math.ceil(between(now, session.purgeAt) / 1000),
  };
}

function bypassOf({ follower }: Session) {
  if (!(follower instanceof Bypass)) return null;
  const [created, updated, destroyed] = follower.sent;
  return { created, updated, destroyed };
}

function peerStatus(
  { address, established, heardAt, cache, expectations, awaited, counters }: Peer,
  now: Instant,
) {
  return {
    address,
    established,
    silentMs: Math.round(between(heardAt, now)),
    flows: cache.size,
    bytes: cache.sizeBytes,
    awaitingBulk: awaited !== undefined,
    received: { ...counters },
    cache: { ...cache.counters },
    expectations: { flows: expectations.size, ...expectations.counters },
  };
}

function coverageOf({ coverage, local }: Session, established: readonly Peer[], pending: number) {
  const sampled = established.flatMap(({ address }) => coverage.of(address) ?? []);
  if (established.length === 0) return { coverage: 0, sampledFlows: 0 };
  if (sampled.length === 0) {
    return { coverage: Math.max(0, 1 - pending / Math.max(1, local.size)), sampledFlows: 0 };
  }
  return {
    coverage: Math.min(...sampled.map(({ asked, equal }) => equal / Math.max(1, asked))),
    sampledFlows: sampled.reduce((sum, { asked }) => sum + asked, 0),
  };
}

/**
 * Is what the peer knows what we have? `lagMessages` wait to be sent or acknowledged; `coverage` is the part of our
 * flows that the peer has, from 0 to 1: as the last samples found (the worst peer), or, where the peer is a conntrackd
 * and cannot be asked, the part that no message is pending for. `sampledFlows` says on how many flows it is founded.
 */
function healthOf(session: Session, peers: readonly Peer[], now: Instant) {
  const { local, outbox, follower } = session;
  const pending = outbox.waiting + outbox.unacknowledged;
  const established = peers.filter((peer) => peer.established);
  const ok = established.length > 0 && pending < LAG_LIMIT && outbox.dropped === 0;
  return {
    ok,
    lagMessages: pending,
    lagMs: session.lagMs(now),
    ...coverageOf(session, established, pending),
    lostEvents: follower.counters.overruns,
    lostMessages: peers.reduce((sum, { counters }) => sum + counters.lost, 0),
    originLocal: local.size,
    originPeers: peers.reduce((sum, { cache }) => sum + cache.size, 0),
  };
}

/** More than this means that the peer does not keep up. */
const LAG_LIMIT = 50_000;

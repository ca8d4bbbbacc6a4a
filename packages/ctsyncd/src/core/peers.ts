/** One peer: what it told us, what is missing from it, and when it last spoke. */
import type { Instant } from "@systole/machine";
import type { IpAddress } from "@systole/wire";
import { openWindow, type Window } from "../wire/window.js";
import { ExpectationCache } from "./expectation-cache.js";
import type { PeerCache } from "./peer-cache.js";

/** Most peers on one link. */
export const PEERS_LIMIT = 8;

/** Most expectations of one peer, and of our own. */
export const EXPECTATIONS_LIMIT = 4096;

/** A bulk update we asked for. */
export interface AwaitedBulk {
  /** The number of our RESYNC message, once it is sent: who acknowledges it has sent the bulk. */
  sequence: number | undefined;
  /** Something was lost meanwhile: this bulk confirms nothing. */
  gap: boolean;
  readonly attempt: number;
}

export interface Peer {
  readonly address: IpAddress;
  readonly cache: PeerCache;
  readonly expectations: ExpectationCache;
  window: Window;
  heardAt: Instant;
  /** Heard within the last seconds. */
  established: boolean;
  awaited: AwaitedBulk | undefined;
  readonly counters: PeerCounters;
}

export interface PeerCounters {
  datagrams: number;
  bytes: number;
  messages: number;
  malformed: number;
  /** The same by what was wrong. */
  badHeader: number;
  badPayload: number;
  badType: number;
  truncated: number;
  badSize: number;
  otherVersion: number;
  /** Messages that never came and were asked for again. */
  lost: number;
  /** Messages that came late or twice. */
  before: number;
}

/** @param cache with room for as many flows as are to be kept of it. */
export function newPeer(address: IpAddress, cache: PeerCache, windowSize: number, now: Instant): Peer {
  return {
    address,
    cache,
    expectations: new ExpectationCache(EXPECTATIONS_LIMIT),
    window: openWindow(windowSize),
    heardAt: now,
    established: false,
    awaited: undefined,
    counters: noPeerCounts(),
  };
}

const noPeerCounts = (): PeerCounters => ({
  datagrams: 0,
  bytes: 0,
  messages: 0,
  malformed: 0,
  badHeader: 0,
  badPayload: 0,
  badType: 0,
  truncated: 0,
  badSize: 0,
  otherVersion: 0,
  lost: 0,
  before: 0,
});

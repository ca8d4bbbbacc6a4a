/** From the configuration to what the session needs. */
import type { IpAddress } from "@systole/wire";
import type { Configuration } from "../config/configuration.js";
import { compileFilter } from "../core/filter.js";
import type { SessionOptions } from "../core/session.types.js";
import { capacityOf } from "./link.js";

export function sessionOptions(configuration: Configuration, wallClockMs: number): SessionOptions {
  const { links, filter, expectations } = configuration;
  const own = links.flatMap((link) => [...(link.address === undefined ? [] : [link.address]), ...link.peers]);
  return {
    mode: configuration.mode,
    localCache: configuration.localCache,
    peerCache: configuration.peerCache,
    refreshSeconds: configuration.refreshSeconds,
    cacheTimeoutSeconds: configuration.cacheTimeoutSeconds,
    resendLimit: configuration.resendLimit,
    ackWindow: configuration.ackWindow,
    cacheLimit: configuration.cacheLimit,
    commitTimeoutSeconds: configuration.commitTimeoutSeconds,
    purgeTimeoutSeconds: configuration.purgeTimeoutSeconds,
    windowTracking: configuration.windowTracking,
    firstSequence: Math.floor(wallClockMs / 1000),
    capacityBytes: Math.min(...links.map(capacityOf)),
    links: links.length,
    allowed: allowed(configuration),
    passes: compileFilter(filter, own),
    expects: expecter(expectations),
  };
}

/** The n-th destination of every link is the same peer, known by its address on the first link. */
function allowed({ links }: Configuration): ReadonlyMap<IpAddress, IpAddress> | undefined {
  const [first] = links;
  if (first.peers.length === 0) return undefined; // a multicast group without a list
  return new Map(
    links.flatMap(({ peers }) => peers.map((peer, n) => [peer, first.peers[n] ?? peer] as const)),
  );
}

function expecter(expectations: Configuration["expectations"]): SessionOptions["expects"] {
  if (expectations === "none") return undefined;
  if (expectations === "all") return () => true;
  const helpers = new Set(expectations);
  return (helper) => helper !== undefined && helpers.has(helper);
}

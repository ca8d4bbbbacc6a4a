/**
 * Two directors see the same failover: who of them mails?
 *
 *   all (the default)  each its own view; of services the active one alone: a standby ldirectord publishes nothing
 *   active             what both see comes from the active one alone
 *
 * What is critical is told by both in any case, and so is all that only one of them can know: a configuration that was
 * refused, a resource that failed, a daemon that died.
 */
import { atLeast, type ClusterEvent } from "../types.js";
import type { Incident } from "./digest.js";
import { severityOf } from "./facts.js";

export type NotifyFrom = "active" | "all";

const SEEN_BY_BOTH: ReadonlySet<ClusterEvent["fact"]["kind"]> = new Set([
  ...(["node.alive", "node.late", "node.dead", "link.up", "link.dead", "node.returned"] as const),
  ...(["vip.down", "release.finished", "split-brain.healed", "sync.established", "sync.lost"] as const),
]);

/** The standby has nothing to add to what the active one says of this incident. */
export function isTheActivesStory({ events }: Incident, wanted: (event: ClusterEvent) => boolean): boolean {
  return events.filter(wanted).every(
    (event) =>
      SEEN_BY_BOTH.has(event.fact.kind) &&
      !atLeast(
        severityOf(event, () => false),
        "critical",
      ),
  );
}

/**
 * The resource `ctsyncd` (also `ctsync`): the peer's connections become ours before the VIP moves.
 *
 * It commits the peer's flows to our kernel and then sends ours. A ctsyncd that is missing or slow does not stop a
 * takeover: new connections matter more than old ones; the report says `conntrack` and why.
 */
import { seconds } from "@systole/machine";
import { type ControlCall, isAbsent, isActive } from "./control-call.js";
import { problemOf, type Resource, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(5), start: seconds(20), stop: seconds(5) };
/** How long a takeover waits for the commit; a million flows take less than that. */
const COMMIT_LIMIT = seconds(9);
/** ctsyncd says by itself that it is not done, so much earlier. */
const GRACE = seconds(1);

export function ctsync(spec: ResourceSpec, { call }: { call: ControlCall }): Resource {
  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    optional: true,
    async status() {
      return isActive(await call("ctsyncd", "status", {}, LIMITS.status));
    },
    async start() {
      try {
        const limitMs = COMMIT_LIMIT - GRACE;
        const committed = await call("ctsyncd", "commit", { limitMs }, COMMIT_LIMIT);
        const activated = await call("ctsyncd", "activate", { limitMs }, COMMIT_LIMIT);
        return [...shortfall(committed), ...shortfall(activated)].slice(0, 1);
      } catch (error) {
        return [`conntrack: ${problemOf(error)}`];
      }
    },
    async stop() {
      try {
        await call("ctsyncd", "deactivate", {}, LIMITS.stop);
      } catch (error) {
        if (!isAbsent(error)) throw error; // who is not running sends no flows
      }
    },
  };
}

/** What ctsyncd says it did not do: `done` is false, and perhaps there is a `note`. */
function shortfall(answer: unknown): readonly string[] {
  if (typeof answer !== "object" || answer === null || !("done" in answer) || answer.done !== false)
    return [];
  const note = "note" in answer && typeof answer.note === "string" ? answer.note : "the commit goes on";
  return [`conntrack: ${note}`];
}

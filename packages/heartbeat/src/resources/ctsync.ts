/**
 * The resource `ctsyncd` (also `ctsync`): the peer's connections become ours before the VIP moves.
 *
 * It commits the peer's flows to our kernel and then sends ours. A ctsyncd that is missing or slow does not stop a
 * takeover: new connections matter more than old ones; the report says `conntrack` and why.
 */
import { seconds } from "@systole/machine";
import { type ControlCall, isAbsent, isActive } from "./control-call.js";
import { problemOf, type Resource, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(5), start: seconds(13), stop: seconds(5) };
/** How long a takeover waits for the commit; a million flows take less than that. */
const COMMIT_LIMIT = seconds(10);
const ACTIVATE_LIMIT = seconds(2);

export function ctsync(spec: ResourceSpec, { call }: { call: ControlCall }): Resource {
  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    async status() {
      return isActive(await call("ctsyncd", "status", {}, LIMITS.status));
    },
    async start() {
      try {
        await call("ctsyncd", "commit", {}, COMMIT_LIMIT);
        await call("ctsyncd", "activate", {}, ACTIVATE_LIMIT);
        return [];
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

/**
 * The resource `ctsyncd` (also `ctsync`): the peer's connections become ours before the VIP moves.
 *
 * It commits the peer's flows to our kernel and then sends ours. A ctsyncd that is missing or slow does not stop a
 * takeover: new connections matter more than old ones; the report says `conntrack` and why.
 */
import { type Clock, seconds } from "@systole/machine";
import { type ControlCall, isAbsent } from "./control-call.js";
import { isActive } from "./ldirectord.js";
import { problemOf, type Resource, type ResourceSpec } from "./resource.js";
import { withLimit } from "./time-limit.js";

const LIMITS = { status: seconds(5), start: seconds(12), stop: seconds(5) };
/** How long a takeover waits for the commit; a million flows take less than that. */
const COMMIT_LIMIT = seconds(10);

export function ctsync(spec: ResourceSpec, { clock, call }: { clock: Clock; call: ControlCall }): Resource {
  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    async status(signal) {
      return isActive(await call("ctsyncd", "status", {}, signal));
    },
    async start(signal) {
      try {
        await withLimit(
          clock,
          COMMIT_LIMIT,
          "commit",
          async (limit) => {
            await call("ctsyncd", "commit", {}, limit);
            await call("ctsyncd", "activate", {}, limit);
          },
          signal,
        );
        return [];
      } catch (error) {
        if (signal.aborted) throw error;
        return [`conntrack: ${problemOf(error)}`];
      }
    },
    async stop(signal) {
      try {
        await call("ctsyncd", "deactivate", {}, signal);
      } catch (error) {
        if (!isAbsent(error)) throw error; // who is not running sends no flows
      }
    },
  };
}

/**
 * One resource group on this node.
 *
 *   none --take--> starting --started--> running --release--> stopping --stopped--> none, or given to a peer
 *                     |  ^                                        ^
 *                failed  +--tick-- failed                         +-- release also ends a start
 *
 *   given --the peer has it--> none        given --it is gone or cannot--> take --> starting
 *   given --it does not come--> revoking --it has read that, and holds nothing--> take --> starting
 *   starting, running, stopping, failed --void (we stalled)--> clearing --stopped--> none
 *
 * In every state but `none` and `given` we tell the others that the group is ours. Who may take is decided in right.ts;
 * when to release in settling.ts. Nothing here knows why.
 */
import { type Instant, type Machine, plus, type Step, seconds } from "@systole/machine";
import type { GroupClaim, GroupKey, NodeName } from "./message.js";

export type Ownership =
  | { readonly kind: "none" }
  | { readonly kind: "starting"; readonly reason: string; readonly since: Instant }
  | { readonly kind: "running"; readonly reason: string; readonly since: Instant }
  | {
      readonly kind: "stopping";
      readonly reason: string;
      readonly since: Instant;
      readonly to: NodeName | undefined;
    }
  | {
      readonly kind: "given";
      readonly to: { readonly node: NodeName; readonly generation: number };
      readonly since: Instant;
    }
  /** Taken back from a peer that did not come; `sequence` is the first of our statuses that says so. */
  | { readonly kind: "revoking"; readonly from: NodeName; readonly sequence: number }
  /** Ours, but it did not start; tried again at `retryAt`, or given to a peer that may have more luck. */
  | { readonly kind: "failed"; readonly retryAt: Instant }
  /** What a former life of ours left behind is being stopped. */
  | { readonly kind: "clearing" };

export type OwnershipEvent =
  | { readonly type: "take"; readonly reason: string }
  | { readonly type: "started" }
  | { readonly type: "start-failed" }
  | { readonly type: "release"; readonly reason: string; readonly to: NodeName | undefined }
  | { readonly type: "stopped"; readonly receiver: { node: NodeName; generation: number } | undefined }
  | { readonly type: "give"; readonly to: { readonly node: NodeName; readonly generation: number } }
  | { readonly type: "taken" }
  | { readonly type: "revoke"; readonly sequence: number }
  | { readonly type: "void" };

export type OwnershipAction = { readonly type: "start" } | { readonly type: "stop" };

/** Why a group is released that a person wants to have elsewhere. */
export const ORDERED = "standby";

/** How long a group that did not start is left alone here. */
export const RETRY_START = seconds(30);

type Stepped = Step<Ownership, OwnershipAction>;

export const ownershipMachine: Machine<Ownership, OwnershipEvent, OwnershipAction> = {
  step(state, event, now): Stepped {
    switch (event.type) {
      case "take":
        return free(state) ? starting(event.reason, now) : stay(state);
      case "started":
        return state.kind === "starting" ? to({ ...state, kind: "running" }) : stay(state);
      case "start-failed":
        return state.kind === "starting"
          ? to({ kind: "failed", retryAt: plus(now, RETRY_START) })
          : stay(state);
      case "release":
        return release(state, event.reason, event.to, now);
      case "stopped":
        return stopped(state, event.receiver, now);
      case "give":
        return state.kind === "failed" ? to({ kind: "given", to: event.to, since: now }) : stay(state);
      case "taken":
        return state.kind === "given" || state.kind === "revoking" ? to({ kind: "none" }) : stay(state);
      case "revoke":
        return state.kind === "given"
          ? to({ kind: "revoking", from: state.to.node, sequence: event.sequence })
          : stay(state);
      case "void":
        return free(state) && state.kind !== "failed"
          ? to({ kind: "none" })
          : { state: { kind: "clearing" }, actions: [{ type: "stop" }] };
      case "tick":
        return state.kind === "failed" && now >= state.retryAt ? starting("tried again", now) : stay(state);
    }
  },
  nextDeadline: (state) => (state.kind === "failed" ? state.retryAt : undefined),
};

const to = (state: Ownership): Stepped => ({ state, actions: [] });
const stay = to;

const starting = (reason: string, since: Instant): Stepped => ({
  state: { kind: "starting", reason, since },
  actions: [{ type: "start" }],
});

/** Nothing of the group runs here. */
const free = (state: Ownership): boolean =>
  state.kind === "none" || state.kind === "given" || state.kind === "revoking" || state.kind === "failed";

function release(state: Ownership, reason: string, receiver: NodeName | undefined, now: Instant): Stepped {
  if (state.kind === "failed" || state.kind === "revoking") return to({ kind: "none" });
  if (state.kind === "stopping" && receiver === undefined) return to({ ...state, to: undefined });
  if (state.kind !== "starting" && state.kind !== "running") return stay(state);
  return { state: { kind: "stopping", reason, since: now, to: receiver }, actions: [{ type: "stop" }] };
}

function stopped(
  state: Ownership,
  receiver: { node: NodeName; generation: number } | undefined,
  now: Instant,
): Stepped {
  if (state.kind === "stopping" && receiver !== undefined)
    return to({ kind: "given", to: receiver, since: now });
  return state.kind === "stopping" || state.kind === "clearing" ? to({ kind: "none" }) : stay(state);
}

/** What we tell the others; undefined is nothing. */
export function claimOf(group: GroupKey, state: Ownership): GroupClaim | undefined {
  switch (state.kind) {
    case "none":
      return undefined;
    case "given":
      return { group, state: "given", to: state.to };
    case "starting":
    case "failed":
      return { group, state: "starting" };
    case "running":
      return { group, state: "running" };
    case "stopping":
    case "revoking":
    case "clearing":
      return { group, state: "stopping" };
  }
}

/** A VIP of the group may be up here, by our will. */
export const holds = (state: Ownership): boolean => state.kind === "starting" || state.kind === "running";

/** What the core has to say to the log, as values; `log-lines.ts` puts them in the words that scripts know. */
import type { FenceResult, GroupKey, HoldSet, NodeName, NodeState } from "./message.js";

export type Note =
  | { readonly kind: "local-status"; readonly state: NodeState }
  | { readonly kind: "communication-up" }
  | { readonly kind: "link-up" | "link-dead"; readonly node: NodeName; readonly medium: string }
  | { readonly kind: "node-status"; readonly node: NodeName; readonly state: NodeState | "ping" | "dead" }
  | { readonly kind: "node-dead"; readonly node: NodeName }
  | {
      readonly kind: "late-heartbeat";
      readonly node: NodeName;
      readonly intervalMs: number;
      readonly overDeadtime: boolean;
    }
  | { readonly kind: "node-restarted"; readonly node: NodeName }
  | { readonly kind: "configuration"; readonly node: NodeName; readonly agrees: boolean }
  | { readonly kind: "returning-after-partition"; readonly node: NodeName }
  | {
      readonly kind: "replay";
      readonly node: NodeName;
      readonly generation: number;
      readonly current: number;
    }
  | {
      readonly kind: "lost-packets";
      readonly node: NodeName;
      readonly count: number;
      readonly last: number;
      readonly current: number;
    }
  | { readonly kind: "nothing-missing"; readonly node: NodeName }
  | { readonly kind: "irretrievably-lost"; readonly node: NodeName; readonly sequence: number }
  | { readonly kind: "acquiring-from"; readonly node: NodeName }
  | { readonly kind: "fence-result"; readonly node: NodeName; readonly result: FenceResult }
  | { readonly kind: "acquired"; readonly group: GroupKey; readonly reason: string }
  | { readonly kind: "released"; readonly group: GroupKey; readonly reason: string }
  | { readonly kind: "local-transition-completed" | "remote-transition-completed" }
  | { readonly kind: "standby-asked"; readonly node: NodeName; readonly set: HoldSet }
  | { readonly kind: "standby-can-take"; readonly node: NodeName; readonly set: HoldSet }
  | { readonly kind: "standby-acquire"; readonly node: NodeName; readonly set: HoldSet }
  | {
      readonly kind: "standby-give-up" | "standby-take" | "standby-given" | "standby-taken";
      readonly set: HoldSet;
    }
  | { readonly kind: "standby-other-completed"; readonly set: HoldSet }
  | { readonly kind: "standby-no-reply" }
  | { readonly kind: "shutdown-notice"; readonly node: NodeName }
  | { readonly kind: "giving-up-all" | "all-relinquished" | "shutdown-complete" | "shutdown-delayed" }
  | {
      readonly kind: "both-own";
      readonly group: GroupKey;
      readonly node: NodeName;
      readonly weYield: boolean;
    }
  | { readonly kind: "stranger"; readonly group: GroupKey; readonly vip: string; readonly mac: string }
  /** Somebody speaks in its name with a key that we do not have; `waits`: we take nothing meanwhile. */
  | {
      readonly kind: "other-key";
      readonly node: NodeName;
      readonly medium: string;
      readonly waits: boolean;
    }
  | { readonly kind: "other-key-over"; readonly node: NodeName; readonly how: "heard" | "silent" }
  /** Our own loop stood still for more than half the deadtime. */
  | { readonly kind: "announced-again"; readonly groups: readonly GroupKey[] }
  | { readonly kind: "stalled"; readonly silentMs: number; readonly generation: number }
  /** Monitoring: its status cannot be had; it is down, and what follows; it is well again, or no longer asked. */
  | {
      readonly kind: "resource-unknown";
      readonly group: GroupKey;
      readonly resource: string;
      readonly problem: string;
    }
  | {
      readonly kind: "resource-down";
      readonly group: GroupKey;
      readonly resource: string;
      readonly reason: string;
      readonly consequence: string;
    }
  | {
      readonly kind: "resource-up";
      readonly group: GroupKey;
      readonly resource: string;
      readonly how: string;
    }
  | { readonly kind: "unable"; readonly group: GroupKey; readonly problem: string };

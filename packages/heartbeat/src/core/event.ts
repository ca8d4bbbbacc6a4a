/** What the shell tells the core. Every slow action comes back as one of these. */
import type { StepTime } from "@systole/bus";
import type { Instant } from "@systole/machine";
import type { Finding } from "./finding.js";
import type { GroupKey, Header, HoldSet, Message, NodeName, OtherMessage } from "./message.js";
import type { RestartFailure } from "./monitoring.js";
import type { ClusterSettings } from "./settings.js";

/** Names a command, so that the `answer` can be sent to whoever asked. */
export type RequestId = number;

export type CoreEvent =
  /** An authentic, decoded datagram of a configured node, also one of our own (they come back on some media). */
  | { readonly type: "message"; readonly medium: string; readonly header: Header; readonly message: Message }
  /** A datagram that our keys do not verify names this peer as its sender. Nothing else of it was looked at. */
  | { readonly type: "other-key"; readonly node: NodeName; readonly medium: string }
  /**
   * A status of this life was handed to the media: `at` is the moment right before. Our silence counts from then, not
   * from the decision: a process may be frozen between the two.
   */
  | { readonly type: "sent"; readonly generation: number; readonly at: Instant }
  /** A ping node, or a host of a ping group, has answered what we sent for this. */
  | { readonly type: "ping-reply"; readonly node: NodeName }
  /** `persist-generation` is on the disk. */
  | { readonly type: "generation-stored"; readonly generation: number }
  /**
   * A VIP of this group is about to be added. Feed it right before, then ask `holdVerdict` of the new state; add the
   * VIP only on `hold`. This sends a heartbeat in the same turn, so that no VIP is ever younger than our last word.
   */
  | { readonly type: "holding"; readonly group: GroupKey }
  /** Somebody on a network of ours says that it has this VIP of the group (ARP). */
  | { readonly type: "vip-claimed"; readonly group: GroupKey; readonly vip: string; readonly mac: string }
  /** All resources of the group run. `degraded`: what did not work although the start went on. */
  | {
      readonly type: "started";
      readonly group: GroupKey;
      readonly steps: readonly StepTime[];
      readonly degraded: readonly string[];
    }
  /** A resource refused to start; the runner has already stopped the whole group again, right to left. */
  | {
      readonly type: "start-failed";
      readonly group: GroupKey;
      readonly resource: string;
      readonly problem: string;
      readonly steps: readonly StepTime[];
    }
  /** Every resource of the group is off; also when some needed force. */
  | { readonly type: "stopped"; readonly group: GroupKey }
  /** A resource could not be stopped and is still there. The group stays ours; an administrator must act. */
  | {
      readonly type: "stop-failed";
      readonly group: GroupKey;
      readonly resource: string;
      readonly problem: string;
    }
  /** Answers `ask-status`; no findings if nobody could ask, as something of the group was being started or stopped. */
  | {
      readonly type: "status-found";
      readonly group: GroupKey;
      readonly round: number;
      readonly findings: readonly Finding[];
    }
  /** Answers `restart-resources`. */
  | {
      readonly type: "resources-restarted";
      readonly group: GroupKey;
      readonly round: number;
      readonly failed: RestartFailure | undefined;
    }
  | { readonly type: "fenced"; readonly node: NodeName; readonly ok: boolean; readonly problem?: string }
  /** A person has made sure that this dead node is off: the fence device need not say so. */
  | { readonly type: "confirm-dead"; readonly node: NodeName; readonly request: RequestId }
  /** hb_standby: give up this set of groups. */
  | { readonly type: "standby"; readonly set: HoldSet; readonly request: RequestId }
  /** hb_takeover: have this set of groups. */
  | { readonly type: "takeover"; readonly set: HoldSet; readonly request: RequestId }
  /** End this process for the next one, and keep the VIPs (restarting.ts). */
  | { readonly type: "restart"; readonly request: RequestId }
  /** A client, a tool or a script has a message of its own for the cluster, or for one node of it. */
  | { readonly type: "say"; readonly message: OtherMessage; readonly dest?: NodeName }
  /** Clean stop: release everything, say so, then `finished`. */
  | { readonly type: "stop" }
  /** New configuration (after a reload that parsed). The local name and the list of nodes must be the same. */
  | { readonly type: "configured"; readonly settings: ClusterSettings };

/**
 * What nodes say to one another, as values. `wire/vocabulary.ts` turns them into fields and back.
 *
 * The words are heartbeat 3.0.6's own (two nodes, hold sets). Beside them our nodes say more in extra fields of
 * `status`, which a real heartbeat ignores: whom they have heard up to where, and what they hold group by group.
 */
import type { Millis } from "@systole/machine";

/** A node's name as in ha.cf, lower case. */
export type NodeName = string;

/** A resource group's key: its first resource as written in haresources. */
export type GroupKey = string;

/** Resource groups as a node sees them: `local` are those it prefers, `foreign` those that prefer another node. */
export type HoldSet = "none" | "local" | "foreign" | "all";

/** Which message of which life of a node: orders everything it ever said. */
export interface Place {
  readonly generation: number;
  readonly sequence: number;
}

/** What the codec found around a message. Already authenticated; the node is a configured one. */
export interface Header {
  readonly from: NodeName;
  /** The sender's generation (`hg`). */
  readonly generation: number;
  /** `seq`; absent in messages whose type starts with `NS_`. */
  readonly sequence?: number;
  /** `dest` or the node of `destuuid`; absent when it is for everybody. */
  readonly dest?: NodeName;
}

/** How a node speaks of itself in `status`. */
export type NodeState = "init" | "up" | "active";

/** What a node says about one group. A group that is not named is one it neither holds nor has any right to. */
export interface GroupClaim {
  readonly group: GroupKey;
  /**
   * `starting`, `running`, `stopping`: it is the sender's, and its VIP may be up there.
   * `given`: released completely, and the receiver named in `to`, in that life of it, may take it.
   */
  readonly state: "starting" | "running" | "stopping" | "given";
  readonly to?: { readonly node: NodeName; readonly generation: number };
}

/** The newest message that a node has accepted from `node`. */
export interface Heard extends Place {
  readonly node: NodeName;
}

/**
 * What our nodes add to `status`. On the wire: `syheard=<node>:<hg hex>:<seq hex> ...` and
 * `sygroups=<state> <key> ...`, where the state `given` is written `given:<node>:<hg hex>`; blanks separate, as neither
 * a node's name nor a resource has any. `syflags=leaving` when it is set, else absent. `syconf` and `sylease` (hex) are
 * absent in what versions before 0.2 say. `symac`: see own-facts.ts.
 */
export interface OwnFacts {
  readonly heard: readonly Heard[];
  readonly claims: readonly GroupClaim[];
  /** It is on its way out and takes nothing any more. */
  readonly leaving: boolean;
  /** Digest of what must be the same on all nodes (agreement.ts). */
  readonly configuration?: string;
  /** MAC addresses of its interfaces: who claims a VIP with one of them is this node. */
  readonly macs?: readonly string[];
  /** How long its VIPs outlive its last word: the lease; 0 if the kernel does not end them. */
  readonly lease?: Millis;
}

export type Message =
  | {
      readonly type: "status";
      readonly state: NodeState;
      /** The silence after which receivers shall call the sender dead (`dt`, hex milliseconds). */
      readonly deadtime: Millis;
      /** `protocol`: 1, or absent in very old nodes, which neither acknowledge nor answer `reqnodes`. */
      readonly protocol: number | undefined;
      /** Absent in a real heartbeat. */
      readonly ours?: OwnFacts;
    }
  | { readonly type: "starting" }
  | {
      readonly type: "resource";
      readonly holds: HoldSet;
      /** `isstable`; absent in reports from scripts, which have no `rtype=full` either. */
      readonly stable?: boolean;
      readonly info?: string;
    }
  | { readonly type: "ask_resources"; readonly set: HoldSet; readonly info: "me" | "other" | "done" | "not" }
  | { readonly type: "hb_takeover"; readonly set: HoldSet }
  | { readonly type: "ip-request"; readonly group: GroupKey }
  | {
      readonly type: "ip-request-resp";
      readonly group: GroupKey;
      readonly weOwn: boolean;
      readonly ok: boolean;
    }
  | { readonly type: "stonith"; readonly node: NodeName; readonly result: FenceResult }
  | { readonly type: "shutdone" }
  | { readonly type: "reqnodes" }
  | {
      readonly type: "repnodes";
      readonly nodes: readonly NodeName[];
      readonly deleted: readonly NodeName[];
    }
  /** ipfail's: so many ping nodes answer the sender; it sees more than the receiver; it sees as many. */
  | { readonly type: "num_ping_nodes"; readonly count: number }
  | { readonly type: "you_are_dead" }
  | { readonly type: "abort_giveup" }
  /** `ackseq`. */
  | { readonly type: "NS_ackmsg"; readonly sequence: number }
  /** `firstseq`, `lastseq`: decimal on the wire. */
  | { readonly type: "NS_rexmit"; readonly first: number; readonly last: number }
  | { readonly type: "NS_nak_rexmit"; readonly first: number; readonly info: string }
  | OtherMessage;

/** Anything else (`addnode`, a client's own): it counts in the sequence and decides nothing here. */
export interface OtherMessage {
  readonly type: "other";
  /** What stands in `t`. */
  readonly name: string;
  /** Its own fields, those that are text, in order; none of what a codec puts around a message. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export type FenceResult = "OK" | "badhost" | "bad" | "n_stnth" | "unneeded";

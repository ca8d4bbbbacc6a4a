/** What the core tells the shell to do, in this order. None may block; slow ones answer with an event. */
import type { Fact, Severity } from "@systole/bus";
import type { Instant, Millis } from "@systole/machine";
import type { RequestId } from "./event.js";
import type { Lease } from "./lease.js";
import type { GroupKey, Message, NodeName, OtherMessage } from "./message.js";
import type { Note } from "./note.js";

export type CoreAction =
  /** Write and fsync, then feed `generation-stored`. Nothing is sent before. */
  | { readonly type: "persist-generation"; readonly generation: number }
  /** On every medium. The shell adds `src`, `srcuuid`, `ts`, `ld`, `ttl`, signs, keeps the last 500 numbered ones. */
  | {
      readonly type: "send";
      readonly generation: number;
      /** Absent in `NS_` messages. */
      readonly sequence?: number;
      readonly dest?: NodeName;
      readonly message: Message;
      /**
       * Of a status that claims a group. If it has come when this is performed, nothing is sent: we were frozen between
       * deciding and acting, others may have what it claims, and whoever comes later in a group's order would yield.
       */
      readonly until?: Instant;
    }
  /** A message that decides nothing here, for clients and event scripts. */
  | { readonly type: "deliver"; readonly from: NodeName; readonly message: OtherMessage }
  /** The kept datagram of that sequence, once more on every medium. */
  | { readonly type: "resend"; readonly sequence: number }
  /** Ask every ping node; each that answers is a `ping-reply`. */
  | { readonly type: "ping" }
  /**
   * Renew the lease of each VIP of these groups that is up. If `until` has passed when it is performed, do nothing: we
   * were frozen between deciding and acting. Always right after a `send` of status.
   */
  | { readonly type: "renew"; readonly groups: readonly GroupKey[]; readonly until: Instant }
  /** Start the group left to right; answer `started` or `start-failed`. A stop that comes meanwhile ends it. */
  | { readonly type: "start"; readonly group: GroupKey }
  /**
   * Stop the group right to left; answer `stopped` or `stop-failed`. It supersedes a running start of the same group,
   * which then answers nothing.
   */
  | { readonly type: "stop"; readonly group: GroupKey }
  /** Ask each resource of the group whether it runs, one after the other; answer `status-found`. */
  | { readonly type: "ask-status"; readonly group: GroupKey; readonly round: number }
  /**
   * Start these resources of a running group again, which are down; answer `resources-restarted`. A stop of the group
   * supersedes it, and then it answers nothing.
   */
  | {
      readonly type: "restart-resources";
      readonly group: GroupKey;
      readonly round: number;
      readonly resources: readonly string[];
    }
  /**
   * We are being restarted on purpose: the VIPs of these groups get this lease, the last word says so and what deadtime
   * was announced; then the process ends, without another word and without stopping anything. If `until` has passed,
   * the VIPs keep the lease that they have.
   */
  | {
      readonly type: "hand-on";
      readonly groups: readonly GroupKey[];
      readonly lease: Lease;
      readonly deadtime: Millis;
      readonly until: Instant;
    }
  /** We stalled: the VIPs of these groups go at once, before anything else. A `stop` of each group follows. */
  | { readonly type: "drop-vips"; readonly groups: readonly GroupKey[] }
  /** A stranger's VIP flaps are over: say again who answers for the VIPs of these groups (GARP). */
  | { readonly type: "announce"; readonly groups: readonly GroupKey[] }
  /** Ask on the service LAN who has the VIPs of these groups; each answer is a `vip-claimed`. */
  | { readonly type: "ask-for-vips"; readonly groups: readonly GroupKey[] }
  /** Make sure the node is off; answer `fenced`. Asked again every 5 s while it fails. */
  | { readonly type: "fence"; readonly node: NodeName }
  | {
      readonly type: "answer";
      readonly request: RequestId;
      readonly accepted: boolean;
      readonly reason: string;
    }
  | { readonly type: "publish"; readonly severity: Severity; readonly fact: Fact }
  /** A line of the log; `log-lines.ts` has the words. */
  | { readonly type: "log"; readonly note: Note }
  /** The clean stop is done: close the media and exit. */
  | { readonly type: "finished" };

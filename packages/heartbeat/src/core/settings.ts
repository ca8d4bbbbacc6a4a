/** What the core needs to know of ha.cf and haresources, as plain values. `config/` makes them from the files. */
import type { Millis } from "@systole/machine";
import type { Lease } from "./lease.js";
import type { GroupKey, NodeName } from "./message.js";
import type { MonitorSettings } from "./monitoring.js";

/** One line of haresources. */
export interface GroupSettings {
  readonly key: GroupKey;
  readonly preferred: NodeName;
  /** As written, in the order of starting. */
  readonly resources: readonly string[];
}

export interface ClusterSettings {
  readonly local: NodeName;
  /** All cluster members in the order of ha.cf, the local one among them; no ping nodes. */
  readonly nodes: readonly NodeName[];
  readonly keepalive: Millis;
  readonly deadtime: Millis;
  readonly warntime: Millis;
  readonly initdead: Millis;
  /** `max_rexmit_delay`. */
  readonly maxRexmitDelay: Millis;
  readonly autoFailback: "on" | "off" | "legacy";
  readonly groups: readonly GroupSettings[];
  /** Hosts outside the cluster that are asked whether they answer; absent: none. */
  readonly pings?: { readonly nodes: readonly NodeName[]; readonly deadtime: Millis };
  /** MAC addresses of this machine, by which other nodes know its claims of a VIP; absent: claims are not watched. */
  readonly macs?: readonly string[];
  /** A peer that was never heard is not dead while others speak in its name (other-key.ts); absent: `wait`. */
  readonly otherKeys?: "wait" | "ignore";
  /** ipfail is built in and wanted. */
  readonly ipFail?: boolean;
  /** Resources that run here are asked for their status; absent: they are not. */
  readonly monitor?: MonitorSettings;
  /** The VIP lease (`leaseFor` in lease.ts); undefined when it is off. */
  readonly lease: Lease | undefined;
  /** A member that never takes a group (`heartbeat -M`): the others must not wait for it. */
  readonly ownsNothing?: boolean;
  /** Stands for what must be the same on all nodes: haresources, nodes, auto_failback. */
  readonly digest?: string;
  /** A fence device is configured: takeover from a dead node waits for `fenced`. */
  readonly fencing: boolean;
}

export type { CoreAction } from "./core/action.js";
export { clusterMachine, holdVerdict } from "./core/cluster.js";
export type { CoreEvent, RequestId } from "./core/event.js";
export type { Finding } from "./core/finding.js";
export { type Lease, lateness, leaseFor } from "./core/lease.js";
export type {
  FenceResult,
  GroupClaim,
  GroupKey,
  Header,
  Heard,
  HoldSet,
  Message,
  NodeName,
  NodeState,
  OwnFacts,
  Place,
} from "./core/message.js";
export type { Note } from "./core/note.js";
export type { ClusterSettings, GroupSettings } from "./core/settings.js";
export { type Boot, booted, type ClusterState } from "./core/state.js";
export { type ClusterView, type GroupView, type NodeView, viewOf } from "./core/view.js";

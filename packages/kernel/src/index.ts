export type { AddressChange, Addresses, HeldAddress, VipAddress } from "./addresses.js";
export type { Announcer } from "./announcer.js";
export {
  type Balancer,
  type BalancerChange,
  type BalancerTable,
  type ChangeResult,
  type Forwarding,
  type Limitation,
  type Persistence,
  type Protocol,
  type RealServer,
  type RealServerCounters,
  serviceKey,
  type TableEntry,
  type VirtualService,
  type VirtualServiceId,
} from "./balancer.js";
export type { CommitResult, Conntrack, FlowEvent } from "./conntrack.js";
export {
  FLOW_DESTROY,
  FLOW_NEW,
  FLOW_UPDATE,
  type FlowListener,
  type FlowTable,
  type FlowTableOptions,
} from "./flow-table.js";
export type { Kernel } from "./kernel.js";
export { errorCode, KernelError } from "./kernel-error.js";
export type { LeaseGuard } from "./lease-guard.js";
export { nftablesLimitations } from "./limitations.js";
export type { Link, Links } from "./links.js";
export { openFlowTable } from "./linux/flow-table.js";
export { type DataPlaneChoice, type KernelOptions, openKernel, type Within } from "./linux.js";
export { type Network, type NetworkOptions, openNetwork } from "./network.js";
export type { PortBlock, PortBlocks } from "./nftables/port-block.js";
export type { DeviceRoute, Routes } from "./routes.js";
export { describeChange, SCHEDULERS } from "./service-table.js";
export { describeSyncDaemon, openSyncDaemons, type SyncDaemons } from "./sync-daemons.js";
export type { VipClaims } from "./vip-claims.js";

/** The kernel's own connection synchronisation: the DAEMON nest, and the commands on sync daemons. */
import { type IpAddress, isIpv4 } from "@systole/wire";
import type { NetlinkRequest } from "../connection.js";
import { decodeGeneric, encodeGeneric } from "../generic.js";
import {
  IP_VS_STATE_BACKUP,
  IP_VS_STATE_MASTER,
  IPVS_CMD_ATTR_DAEMON,
  IPVS_CMD_DEL_DAEMON,
  IPVS_CMD_GET_DAEMON,
  IPVS_CMD_NEW_DAEMON,
  IPVS_DAEMON_ATTR_MCAST_GROUP,
  IPVS_DAEMON_ATTR_MCAST_GROUP6,
  IPVS_DAEMON_ATTR_MCAST_IFN,
  IPVS_DAEMON_ATTR_MCAST_PORT,
  IPVS_DAEMON_ATTR_MCAST_TTL,
  IPVS_DAEMON_ATTR_STATE,
  IPVS_DAEMON_ATTR_SYNC_ID,
  IPVS_DAEMON_ATTR_SYNC_MAXLEN,
  IPVS_GENL_VERSION,
} from "./constants.js";

const FORMAT = "ipvs sync daemon";

/** The kernel's words for the two directions. */
export type SyncState = "master" | "backup";

export interface SyncDaemon {
  readonly state: SyncState;
  /** Interface name. */
  readonly interface: string;
  /** 0 to 255; a backup with 0 takes what any master sends. */
  readonly syncId: number;
  /** Bytes of a datagram's payload; the kernel derives it from the MTU. */
  readonly maxLength?: number | undefined;
  /** 224.0.0.81 without it. */
  readonly group?: IpAddress | undefined;
  /** 8848 without it. */
  readonly port?: number | undefined;
  /** 1 without it. */
  readonly ttl?: number | undefined;
}

/** @throws DecodeError */
export function decodeSyncDaemon(payload: Uint8Array): SyncDaemon {
  const { attributes } = decodeGeneric(payload, FORMAT);
  const nest = attributes.need("daemon", attributes.nest(IPVS_CMD_ATTR_DAEMON));
  const state = nest.need("state", nest.u32host(IPVS_DAEMON_ATTR_STATE));
  return {
    state: state === IP_VS_STATE_MASTER ? "master" : "backup",
    interface: nest.text(IPVS_DAEMON_ATTR_MCAST_IFN) ?? "",
    syncId: nest.u32host(IPVS_DAEMON_ATTR_SYNC_ID) ?? 0,
    maxLength: nest.u16host(IPVS_DAEMON_ATTR_SYNC_MAXLEN),
    group: nest.ip(IPVS_DAEMON_ATTR_MCAST_GROUP) ?? nest.ip(IPVS_DAEMON_ATTR_MCAST_GROUP6),
    port: nest.u16host(IPVS_DAEMON_ATTR_MCAST_PORT),
    ttl: nest.u8(IPVS_DAEMON_ATTR_MCAST_TTL),
  };
}

/** In the order in which ipvsadm and the kernel write them. */
export const encodeSyncDaemon = (command: number, daemon: SyncDaemon): Uint8Array =>
  encodeGeneric(command, IPVS_GENL_VERSION, (attributes) =>
    attributes.nest(IPVS_CMD_ATTR_DAEMON, (nest) => {
      const { maxLength, port, ttl, group } = daemon;
      nest
        .u32host(IPVS_DAEMON_ATTR_STATE, daemon.state === "master" ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP)
        .text(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface)
        .u32host(IPVS_DAEMON_ATTR_SYNC_ID, daemon.syncId);
      if (maxLength !== undefined) nest.u16host(IPVS_DAEMON_ATTR_SYNC_MAXLEN, maxLength);
      if (port !== undefined) nest.u16host(IPVS_DAEMON_ATTR_MCAST_PORT, port);
      if (ttl !== undefined) nest.u8(IPVS_DAEMON_ATTR_MCAST_TTL, ttl);
      if (group !== undefined) {
        nest.ip(isIpv4(group) ? IPVS_DAEMON_ATTR_MCAST_GROUP : IPVS_DAEMON_ATTR_MCAST_GROUP6, group);
      }
    }),
  );

/** The kernel answers EEXIST if one runs in this state, ENODEV for an unknown interface. */
export const newSyncDaemon = (family: number, daemon: SyncDaemon): NetlinkRequest => ({
  operation: `start the ${daemon.state} sync daemon on ${daemon.interface}`,
  type: family,
  flags: 0,
  payload: encodeSyncDaemon(IPVS_CMD_NEW_DAEMON, daemon),
});

/** The kernel answers ESRCH if none runs in this state. */
export const deleteSyncDaemon = (family: number, state: SyncState): NetlinkRequest => ({
  operation: `stop the ${state} sync daemon`,
  type: family,
  flags: 0,
  payload: encodeSyncDaemon(IPVS_CMD_DEL_DAEMON, { state, interface: "", syncId: 0 }),
});

/** The daemons that run: none, one or both. */
export const dumpSyncDaemons = (family: number): NetlinkRequest => ({
  operation: "list the sync daemons",
  type: family,
  flags: 0,
  payload: encodeGeneric(IPVS_CMD_GET_DAEMON, IPVS_GENL_VERSION),
});

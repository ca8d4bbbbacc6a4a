/**
 * The kernel's own synchronisation of IPVS connections: a master sends, a backup receives, both may run on one node.
 *
 * The kernel does not transfer what was there before: a backup learns what changes after its start. So running both on
 * both nodes, with a number for each direction, has no gap at a takeover; a swap has one.
 */
import {
  decodeSyncDaemon,
  deleteSyncDaemon,
  dumpSyncDaemons,
  NetlinkConnection,
  newSyncDaemon,
  type SyncDaemon,
  type SyncState,
} from "@systole/node-netlink";
import { NETLINK_GENERIC, openNetlink } from "@systole/sys";
import { ipvsFamily } from "./ipvs.js";
import { errorCode, KernelError, kernelError } from "./kernel-error.js";

export interface SyncDaemons {
  /** Those that run: none, one or both. */
  list(): Promise<readonly SyncDaemon[]>;
  /**
   * Starts one. One of the same kind that runs already is left alone if it is what is wanted, else it is replaced.
   *
   * @returns whether anything changed.
   * @throws KernelError `ENODEV` for an unknown interface.
   */
  start(daemon: SyncDaemon): Promise<boolean>;
  /** Stops one. @returns whether it ran. */
  stop(state: SyncState): Promise<boolean>;
  /** Stops the other kind, starts this one. */
  swap(daemon: SyncDaemon): Promise<boolean>;
  close(): void;
}

/** Opens the door. @throws KernelError `ENOENT` if this kernel has no ip_vs. */
export async function openSyncDaemons(
  generic: NetlinkConnection = new NetlinkConnection(openNetlink({ protocol: NETLINK_GENERIC })),
): Promise<SyncDaemons> {
  const family = await ipvsFamily(generic);
  if (family === undefined) {
    throw new KernelError("find ip_vs", { code: "ENOENT", kernelMessage: "this kernel has no ip_vs" });
  }

  const list = async () => {
    const decode = ({ type, payload }: { type: number; payload: Uint8Array }) =>
      type === family ? decodeSyncDaemon(payload) : undefined;
    try {
      return await generic.dump(dumpSyncDaemons(family), decode);
    } catch (error) {
      throw kernelError("list the sync daemons", error);
    }
  };

  async function stop(state: SyncState): Promise<boolean> {
    try {
      await generic.request(deleteSyncDaemon(family!, state)); // found above
      return true;
    } catch (error) {
      if (errorCode(error) === "ESRCH") return false;
      throw kernelError(`stop the ${state} sync daemon`, error);
    }
  }

  async function start(daemon: SyncDaemon): Promise<boolean> {
    const running = (await list()).find(({ state }) => state === daemon.state);
    if (running !== undefined && fits(running, daemon)) return false;
    if (running !== undefined) await stop(daemon.state);
    try {
      await generic.request(newSyncDaemon(family!, daemon)); // found above
      return true;
    } catch (error) {
      throw kernelError(`start the ${daemon.state} sync daemon on ${daemon.interface}`, error);
    }
  }

  return {
    list,
    start,
    stop,
    async swap(daemon) {
      const stopped = await stop(daemon.state === "master" ? "backup" : "master");
      return (await start(daemon)) || stopped;
    },
    close: () => generic.close(),
  };
}

/** Has the running daemon everything that the wanted one names? */
const fits = (running: SyncDaemon, wanted: SyncDaemon): boolean =>
  (Object.keys(wanted) as (keyof SyncDaemon)[]).every(
    (field) => wanted[field] === undefined || wanted[field] === running[field],
  );

/** As `ipvsadm -L --daemon` says it. */
export function describeSyncDaemon({
  state,
  interface: device,
  syncId,
  maxLength,
  group,
  port,
  ttl,
}: SyncDaemon): string {
  const more = [
    ["maxlen", maxLength],
    ["group", group],
    ["port", port],
    ["ttl", ttl],
  ].filter(([, value]) => value !== undefined);
  const text = more.map(([name, value]) => `, ${name}=${value}`).join("");
  return `${state} sync daemon (mcast=${device}, syncid=${syncId}${text})`;
}

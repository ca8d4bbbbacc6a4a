/**
 * The resource `LVSSyncDaemonSwap::master|backup[::device[::syncid]]`: which way ip_vs synchronises its connections.
 *
 * A start stops the kernel's opposite sync daemon and starts the named one; a stop swaps back. For clusters that keep
 * the kernel's own synchronisation: ctsyncd knows more of a connection. It is told on netlink; nothing is spawned.
 */
import type { SyncDaemons } from "@systole/kernel";
import { seconds } from "@systole/machine";
import { type Resource, ResourceError, type ResourceSpec } from "./resource.js";

const LIMITS = { status: seconds(5), start: seconds(10), stop: seconds(10) };
const DEFAULT_DEVICE = "eth0";

type Direction = "master" | "backup";

export interface SyncDaemonDependencies {
  readonly kernel: { openSyncDaemons(): Promise<SyncDaemons> };
}

/** @throws ResourceError `bad-argument` */
export function syncDaemonSwap(spec: ResourceSpec, { kernel }: SyncDaemonDependencies): Resource {
  const { direction, device, syncId } = parseSyncDaemonSwap(spec);

  async function ask<Answer>(question: (daemons: SyncDaemons) => Promise<Answer>): Promise<Answer> {
    const daemons = await kernel.openSyncDaemons();
    try {
      return await question(daemons);
    } finally {
      daemons.close();
    }
  }

  const swap = (to: Direction) => ask((daemons) => daemons.swap({ state: to, interface: device, syncId }));

  const other: Direction = direction === "master" ? "backup" : "master";
  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    async status() {
      const running = await ask((daemons) => daemons.list());
      return running.some(({ state, interface: on }) => state === direction && on === device);
    },
    async start() {
      await swap(direction);
      return [];
    },
    async stop() {
      await swap(other);
    },
  };
}

/** @throws ResourceError `bad-argument` */
export function parseSyncDaemonSwap({ text, args }: ResourceSpec): {
  readonly direction: Direction;
  readonly device: string;
  readonly syncId: number;
} {
  const [direction, device = DEFAULT_DEVICE, id = "0"] = args;
  if (direction !== "master" && direction !== "backup")
    throw new ResourceError("bad-argument", `${text}: "${direction ?? ""}" is neither master nor backup`);
  if (!/^\d{1,3}$/.test(id) || Number(id) > 255)
    throw new ResourceError("bad-argument", `${text}: "${id}" is not a syncid of 0 to 255`);
  return { direction, device, syncId: Number(id) };
}

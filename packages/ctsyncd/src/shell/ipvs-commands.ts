/** `ctsync ipvs-...`: the kernel's own synchronisation of IPVS connections; no daemon of ours is asked. */
import type { CliOption, Command, Invocation } from "@systole/daemon";
import { describeSyncDaemon, openSyncDaemons, type SyncDaemons } from "@systole/kernel";
import type { SyncDaemon, SyncState } from "@systole/node-netlink";
import { parseIp } from "@systole/wire";

const OPTIONS: Readonly<Record<string, CliOption>> = {
  interface: { type: "string", value: "NAME", help: "where it sends or listens; eth0 unless given" },
  syncid: { type: "string", value: "N", help: "0 to 255; a backup with 0 takes what any master sends" },
  maxlen: { type: "string", value: "BYTES", help: "largest datagram" },
  group: { type: "string", value: "ADDRESS", help: "multicast group, 224.0.0.81 unless given" },
  port: { type: "string", value: "PORT", help: "UDP port, 8848 unless given" },
  ttl: { type: "string", value: "N", help: "hops, 1 unless given" },
};

class UsageError extends Error {}

/** A number of an option within its bounds. @throws UsageError */
function number(
  options: Invocation["options"],
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = options[name];
  if (typeof text !== "string") return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name}: a number from ${least} to ${most}, not "${text}"`);
}

/** @throws UsageError */
export function readSyncDaemon({
  positionals,
  options,
}: Pick<Invocation, "positionals" | "options">): SyncDaemon {
  const group = typeof options.group === "string" ? parseIp(options.group) : undefined;
  if (typeof options.group === "string" && group === undefined) {
    throw new UsageError(`--group: "${options.group}" is not an address`);
  }
  return {
    state: readState(positionals[0]),
    interface: typeof options.interface === "string" ? options.interface : "eth0",
    syncId: number(options, "syncid", 0, 255) ?? 0,
    maxLength: number(options, "maxlen", 100, 65_507),
    group,
    port: number(options, "port", 1, 65_535),
    ttl: number(options, "ttl", 1, 255),
  };
}

function readState(word: string | undefined): SyncState {
  if (word === "master" || word === "backup") return word;
  throw new UsageError(`master or backup, not "${word ?? ""}"`);
}

/** Opens the kernel's door for one command; what goes wrong is said in a line. */
function withDaemons(act: (daemons: SyncDaemons, invocation: Invocation) => Promise<number>): Command["run"] {
  return async (invocation) => {
    let daemons: SyncDaemons | undefined;
    try {
      daemons = await openSyncDaemons();
      return await act(daemons, invocation);
    } catch (error) {
      invocation.out.error(`ctsync: ${error instanceof Error ? error.message : error}`);
      return error instanceof UsageError ? 2 : 1;
    } finally {
      daemons?.close();
    }
  };
}

const ONE = { positionals: "master|backup", arity: { from: 1, to: 1 } };

export const ipvsCommands: readonly Command[] = [
  {
    name: "ipvs-status",
    summary: "the kernel's sync daemons; exit code 3 if none runs",
    run: withDaemons(async (daemons, { out }) => {
      const running = await daemons.list();
      if (out.wantsJson) out.json(running);
      else for (const daemon of running) out.line(describeSyncDaemon(daemon));
      return running.length > 0 ? 0 : 3;
    }),
  },
  {
    ...ONE,
    name: "ipvs-start",
    summary: "start one of the kernel's sync daemons; both may run",
    options: OPTIONS,
    run: withDaemons(async (daemons, invocation) => {
      await daemons.start(readSyncDaemon(invocation));
      return 0;
    }),
  },
  {
    ...ONE,
    name: "ipvs-swap",
    summary: "stop the other one, start this one",
    options: OPTIONS,
    run: withDaemons(async (daemons, invocation) => {
      await daemons.swap(readSyncDaemon(invocation));
      return 0;
    }),
  },
  {
    ...ONE,
    name: "ipvs-stop",
    summary: "stop one of the kernel's sync daemons",
    run: withDaemons(async (daemons, { positionals }) => {
      await daemons.stop(readState(positionals[0]));
      return 0;
    }),
  },
];

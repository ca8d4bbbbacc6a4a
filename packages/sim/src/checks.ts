/**
 * The invariants of docs/architecture.md that concern heartbeat, one function each. Each returns what is wrong, or
 * undefined. The numbers are those of that list.
 */
import type { ClusterSettings } from "@systole/heartbeat";
import { vipOf } from "./group-runner.js";
import type { Packet } from "./packet.js";

export interface Owners {
  readonly address: string;
  readonly hosts: readonly string[];
}

/**
 * 1 and 8. While one medium is healthy, at most one node has a given VIP. After all media were cut, two owners are
 * unavoidable; once one medium is healthy again, one of them yields within keepalive + 1 s. A process that was killed
 * or frozen meanwhile cannot yield: what it last renewed while nobody could hear it stays until its lease ends.
 *
 * @param allRun every one of the owners has a heartbeat that runs.
 * @param leaseMs what the kernel was told, if a process left its VIPs to the next one.
 */
export function oneOwner(
  { address, hosts }: Owners,
  allRun: boolean,
  settings: ClusterSettings,
  healthyForMs: number,
  leaseMs?: number,
): string | undefined {
  if (hosts.length < 2 || healthyForMs <= graceMs(settings, allRun, leaseMs)) return undefined;
  return `${hosts.join(" and ")} both have ${address}`;
}

/** How long two owners are excused after a medium became healthy. */
export function graceMs({ keepalive, lease }: ClusterSettings, allRun: boolean, leaseMs?: number): number {
  const yielding = keepalive + 1000;
  return allRun ? yielding : Math.max(yielding, (leaseMs ?? lease?.length ?? 0) + KERNEL_LATENESS_MS);
}

/** A kernel ends a lifetime up to 0.38 s late, and its clock may be slow. */
const KERNEL_LATENESS_MS = 450;

/** 2. A VIP comes up only after every resource before it in its group. */
export function inOrder(
  settings: ClusterSettings,
  address: string,
  running: ReadonlySet<string>,
): string | undefined {
  const group = settings.groups.find(({ resources }) =>
    resources.some((resource) => vipOf(resource)?.address === address),
  );
  const before = group?.resources.slice(
    0,
    group.resources.findIndex((resource) => vipOf(resource)?.address === address),
  );
  const missing = before?.find((resource) => !running.has(resource));
  return missing === undefined ? undefined : `${address} is up before ${missing} runs`;
}

/** 3. No heartbeat with one name carries a (generation, sequence) twice. Remembers what it has seen in `seen`. */
export function neverTwice(packet: Packet, seen: Map<string, number>): string | undefined {
  const { from, generation, sequence } = packet;
  if (sequence === undefined) return undefined;
  const life = `${from} ${generation}`;
  const last = seen.get(life) ?? 0;
  if (sequence <= last) return `${from} sent (${generation}, ${sequence}) after (${generation}, ${last})`;
  seen.set(life, sequence);
  return undefined;
}

/** 3, too. A node's generation only grows. */
export function generationGrows(packet: Packet, newest: Map<string, number>): string | undefined {
  const before = newest.get(packet.from) ?? 0;
  if (packet.generation < before)
    return `${packet.from} went back from generation ${before} to ${packet.generation}`;
  newest.set(packet.from, packet.generation);
  return undefined;
}

/**
 * 10. Nobody claims a group when others may have it by its own word: its status before was longer ago than the deadtime
 * which that one announced, or which a restart on purpose has left. Remembers the last status of each node in `spoke`.
 */
export function noLateClaim(packet: Packet, now: number, spoke: Map<string, LastStatus>): string | undefined {
  const { from, message } = packet;
  if (message.type !== "status") return undefined;
  const before = spoke.get(from);
  spoke.set(from, { at: now, deadtime: message.deadtime });
  const claimed = message.ours?.claims.find(({ state }) => state === "starting" || state === "running");
  if (claimed === undefined || before === undefined || now - before.at <= before.deadtime) return undefined;
  return `${from} claims ${claimed.group} after ${Math.round(now - before.at)} ms of silence`;
}

export interface LastStatus {
  readonly at: number;
  readonly deadtime: number;
}

/** 7. Long enough after the last fault, every VIP has exactly one owner. */
export function owned(all: readonly Owners[]): string | undefined {
  const wrong = all.find(({ hosts }) => hosts.length !== 1);
  if (wrong === undefined) return undefined;
  const hosts = wrong.hosts.length === 0 ? "nobody has" : `${wrong.hosts.join(" and ")} have`;
  return `${hosts} ${wrong.address} long after the last fault`;
}

/** 2 and 5. Whoever has a VIP sends new connections to the real servers that serve, or to the fallback. */
export function servedAsWanted(
  vip: string,
  serving: readonly string[],
  wanted: readonly string[],
): string | undefined {
  if (serving.toSorted().join() === wanted.toSorted().join()) return undefined;
  return `${vip} is served by ${serving.join(", ")}, not by ${wanted.join(", ")}`;
}

/** 7, too: an owner that changes again and again owns nothing. */
export function quiet(changesInTheEnd: number): string | undefined {
  return changesInTheEnd === 0 ? undefined : `VIPs moved ${changesInTheEnd} times long after the last fault`;
}

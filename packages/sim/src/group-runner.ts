/**
 * The resources of one host, as heartbeat's runner plays them: in order, each taking its time, VIPs into the kernel.
 *
 * A resource with an address (`IPaddr2::192.0.2.10/32/eth0`) is a VIP; every other one is just on or off.
 */

import type { Lease } from "@systole/heartbeat";
import type { VipAddress } from "@systole/kernel";
import type { FakeKernel } from "@systole/kernel/fake";
import { parseIp } from "@systole/wire";

export interface RunnerDoor {
  readonly kernel: FakeKernel;
  /** Seconds of a VIP's lifetime; undefined for ever. */
  leaseSeconds(longer?: Lease): number | undefined;
  /** Runs later, while the process lives: not during a freeze. */
  after(ms: number, run: () => void): void;
  /** How long a resource takes to start or stop. */
  workMs(): number;
  /** Asked right before a VIP is added. */
  mayHold(group: string): "hold" | "ask-again" | "refused";
  started(group: string): void;
  startFailed(group: string, resource: string): void;
  stopped(group: string): void;
  /** This resource refuses to start now. */
  refuses(resource: string): boolean;
  /** Makes the host's ldirectord active or not; absent if the host has none. */
  readonly direct?: (role: "activate" | "deactivate", done: () => void) => void;
}

export interface GroupRunner {
  start(group: string): void;
  stop(group: string): void;
  dropVips(groups: readonly string[]): void;
  /** `longer`: another lease than that of the settings. */
  renew(groups: readonly string[], longer?: Lease): void;
}

export function groupRunner(
  groups: ReadonlyMap<string, readonly string[]>,
  running: Set<string>,
  door: RunnerDoor,
): GroupRunner {
  /** Work in progress per group: a newer order makes the older one void, also one that waits for a thaw. */
  const work = new Map<string, { void: boolean }>();

  function begin(group: string, step: (at: number) => void, from: number): void {
    const before = work.get(group);
    if (before !== undefined) before.void = true;
    next(group, step, from);
  }

  function next(group: string, step: (at: number) => void, at: number): void {
    const order = { void: false };
    work.set(group, order);
    door.after(door.workMs(), () => {
      if (!order.void) step(at);
    });
  }

  /** A resource that is another daemon answers when it is done; every other one at once. */
  function ask(group: string, resource: string, role: "activate" | "deactivate", done: () => void): void {
    if (door.direct === undefined || !resource.startsWith("ldirectord::")) return done();
    const order = { void: false };
    work.set(group, order);
    door.direct(role, () => {
      if (!order.void) done();
    });
  }

  function start(group: string): void {
    const resources = groups.get(group) ?? [];
    const step = (at: number) => {
      const resource = resources[at];
      if (resource === undefined) {
        work.delete(group);
        return door.started(group);
      }
      if (door.refuses(resource)) return giveUp(group, resource);
      const vip = vipOf(resource);
      if (vip !== undefined) {
        const verdict = door.mayHold(group);
        if (verdict === "ask-again") return next(group, step, at);
        if (verdict === "refused") return;
        hold(vip);
      }
      ask(group, resource, "activate", () => {
        running.add(resource);
        next(group, step, at + 1);
      });
    };
    begin(group, step, 0);
  }

  function giveUp(group: string, resource: string): void {
    stopFrom(group, () => door.startFailed(group, resource));
  }

  function stopFrom(group: string, done: () => void): void {
    const resources = groups.get(group) ?? [];
    const step = (at: number) => {
      const resource = resources[at];
      if (resource === undefined) {
        work.delete(group);
        return done();
      }
      off(resource);
      ask(group, resource, "deactivate", () => next(group, step, at - 1));
    };
    begin(group, step, resources.length - 1);
  }

  function off(resource: string): void {
    running.delete(resource);
    const vip = vipOf(resource);
    if (vip !== undefined && isUp(door.kernel, vip)) door.kernel.addresses.dropNow(vip);
  }

  function hold(vip: VipAddress, longer?: Lease): void {
    door.kernel.addresses.holdNow(vip, door.leaseSeconds(longer));
  }

  const vipsOf = (group: string) => (groups.get(group) ?? []).filter((one) => vipOf(one) !== undefined);

  return {
    start,
    stop: (group) => stopFrom(group, () => door.stopped(group)),
    dropVips(keys) {
      for (const key of keys) for (const resource of vipsOf(key)) off(resource);
    },
    renew(keys, longer) {
      for (const key of keys)
        for (const resource of vipsOf(key)) if (running.has(resource)) hold(vipOf(resource)!, longer);
    },
  };
}

const isUp = (kernel: FakeKernel, vip: VipAddress): boolean =>
  kernel.addresses.listNow().some((held) => held.address === vip.address);

/** `IPaddr2::192.0.2.10/32/eth0` as an address; undefined for any other resource. */
export function vipOf(resource: string): VipAddress | undefined {
  if (!resource.startsWith("IPaddr2::")) return undefined;
  const [address, prefix, device] = resource.slice("IPaddr2::".length).split("/");
  const parsed = parseIp(address ?? "");
  if (parsed === undefined) throw new Error(`not an address: ${resource}`);
  return { address: parsed, prefixLength: Number(prefix ?? 32), device: device ?? "eth0" };
}

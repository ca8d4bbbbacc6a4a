/**
 * The resources of one host, as heartbeat's runner plays them: in order, each taking its time, VIPs into the kernel.
 *
 * A resource with an address (`IPaddr2::192.0.2.10/32/eth0`) is a VIP; every other one is just on or off. What is
 * found down is started again as heartbeat's runner does it: built-in resources in place, a script with all behind it.
 */

import type { Finding, Lease } from "@systole/heartbeat";
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
  found(group: string, round: number, findings: readonly Finding[]): void;
  restarted(group: string, round: number, failed: string | undefined): void;
  /** What was started and has ended by itself; until it is started or stopped. */
  readonly dead: Set<string>;
  /** This resource refuses to start now. */
  refuses(resource: string): boolean;
  /** Makes the host's ldirectord active or not; absent if the host has none. */
  readonly direct?: (role: "activate" | "deactivate", done: () => void) => void;
}

export interface GroupRunner {
  start(group: string): void;
  stop(group: string): void;
  /** Does each resource of the group run? */
  ask(group: string, round: number): void;
  restart(group: string, round: number, down: readonly string[]): void;
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

  const start = (group: string): void =>
    startThese(
      group,
      groups.get(group) ?? [],
      () => door.started(group),
      (resource) => giveUp(group, resource),
    );

  function startThese(
    group: string,
    resources: readonly string[],
    done: () => void,
    failed: (resource: string) => void,
  ): void {
    const step = (at: number) => {
      const resource = resources[at];
      if (resource === undefined) {
        work.delete(group);
        return done();
      }
      if (door.refuses(resource)) return failed(resource);
      const vip = vipOf(resource);
      if (vip !== undefined) {
        const verdict = door.mayHold(group);
        if (verdict === "ask-again") return next(group, step, at);
        if (verdict === "refused") return;
        hold(vip);
      }
      ask(group, resource, "activate", () => {
        running.add(resource);
        door.dead.delete(resource);
        next(group, step, at + 1);
      });
    };
    begin(group, step, 0);
  }

  function giveUp(group: string, resource: string): void {
    stopThese(group, groups.get(group) ?? [], () => door.startFailed(group, resource));
  }

  function stopThese(group: string, resources: readonly string[], done: () => void): void {
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
    door.dead.delete(resource);
    const vip = vipOf(resource);
    if (vip !== undefined && isUp(door.kernel, vip)) door.kernel.addresses.dropNow(vip);
  }

  function hold(vip: VipAddress, longer?: Lease): void {
    door.kernel.addresses.holdNow(vip, door.leaseSeconds(longer));
  }

  const runs = (resource: string): boolean => {
    const vip = vipOf(resource);
    return vip === undefined ? running.has(resource) && !door.dead.has(resource) : isUp(door.kernel, vip);
  };

  function lookAt(group: string, round: number): void {
    next(
      group,
      () => {
        const findings = (groups.get(group) ?? []).map((resource) => {
          const state = runs(resource) ? ("runs" as const) : ("stopped" as const);
          return { resource, state, optional: resource.startsWith("ctsync") };
        });
        work.delete(group);
        door.found(group, round, findings);
      },
      0,
    );
  }

  function restart(group: string, round: number, down: readonly string[]): void {
    const resources = groups.get(group) ?? [];
    const first = resources.findIndex((one) => down.includes(one) && !isBuiltIn(one));
    const from = first === -1 ? resources.length : first;
    const inPlace = resources.slice(0, from).filter((one) => down.includes(one));
    const again = resources.slice(from);
    const failed = (resource: string) => door.restarted(group, round, resource);
    const done = () => door.restarted(group, round, undefined);
    startThese(
      group,
      inPlace,
      () => stopThese(group, again, () => startThese(group, again, done, failed)),
      failed,
    );
  }

  const vipsOf = (group: string) => (groups.get(group) ?? []).filter((one) => vipOf(one) !== undefined);

  return {
    start,
    stop: (group) => stopThese(group, groups.get(group) ?? [], () => door.stopped(group)),
    ask: lookAt,
    restart,
    dropVips(keys) {
      for (const key of keys) for (const resource of vipsOf(key)) off(resource);
    },
    renew(keys, longer) {
      for (const key of keys)
        for (const resource of vipsOf(key)) if (running.has(resource)) hold(vipOf(resource)!, longer);
    },
  };
}

/** Starting it twice does no harm. */
const isBuiltIn = (resource: string): boolean => /^(IPaddr2|ldirectord|ctsync)\b/.test(resource);

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

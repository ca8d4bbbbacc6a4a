/**
 * IPaddr, IPaddr2, IPv6addr and the bare IP address: a VIP of this director.
 *
 * The VIP is added with a lifetime that the kernel enforces (the lease) and renewed before each heartbeat. It is
 * announced in the same turn in which it comes up, and again on the schedule of the original agents. A VIP that is on
 * the loopback as /32 (a real server that is a director, too) is taken off there first and put back at the end.
 */
import type { Fact, Severity } from "@systole/bus";
import { errorCode, type HeldAddress, type Kernel, type VipAddress } from "@systole/kernel";
import { type Clock, type Millis, milliseconds, plus, seconds } from "@systole/machine";
import { familyOf } from "@systole/wire";
import { findInterface, freeLabel } from "./find-interface.js";
import { type IpSpec, parseIpSpec } from "./ip-spec.js";
import { problemOf, type Resource, ResourceError, type ResourceSpec } from "./resource.js";

export interface IpAddressDependencies {
  readonly clock: Clock;
  readonly kernel: Pick<Kernel, "addresses" | "links" | "announcer">;
  /** Whole seconds that a VIP lives unless renewed; undefined when the lease is off. */
  readonly leaseSeconds: () => number | undefined;
  /** Asked right before a VIP is added, and before each announcement: may we still, at this very moment? */
  readonly mayHold: () => boolean;
  readonly publish: (severity: Severity, fact: Fact) => void;
  /** Something went wrong that the next renewal or announcement may put right. */
  readonly warn: (problem: string) => void;
}

/** How often and how far apart the neighbours are told: as `send_arp` of the original agents. */
interface Schedule {
  readonly times: number;
  readonly interval: Millis;
}
const SCHEDULES: Readonly<Record<string, Schedule>> = {
  IPaddr: { times: 10, interval: milliseconds(500) },
  IPaddr2: { times: 5, interval: milliseconds(200) },
  IPv6addr: { times: 5, interval: milliseconds(200) },
};

const LIMITS = { status: seconds(5), start: seconds(5), stop: seconds(5) };

export function ipAddress(spec: ResourceSpec, dependencies: IpAddressDependencies): Resource {
  const { clock, kernel, leaseSeconds, mayHold, publish, warn } = dependencies;
  const { addresses, links, announcer } = kernel;
  const wanted = parseIpSpec(spec.args.join("::")); // the "::" of an IPv6 address separates arguments, too
  const schedule = SCHEDULES[spec.script] ?? SCHEDULES.IPaddr2!;
  let vip: VipAddress | undefined;
  let onLoopback: HeldAddress | undefined;
  let silence = () => {};
  let renewalProblem: string | undefined;

  async function start(): Promise<readonly string[]> {
    const present = await addresses.list();
    const place = placeOf(spec, wanted, present);
    onLoopback = present.find(isOnLoopback) ?? onLoopback;
    if (onLoopback !== undefined) await dropIfThere(onLoopback);
    await links.up(place.device);
    if (!mayHold())
      throw new ResourceError("void-word", `${wanted.address}: we were silent too long to take it`);
    vip = place;
    const held = addresses.hold(place, leaseSeconds());
    announce();
    try {
      await held;
    } catch (error) {
      vip = undefined;
      silence();
      throw error;
    }
    publish("notice", { kind: "vip.up", address: place.address, device: place.device, reason: "started" });
    return [];
  }

  async function stop(): Promise<void> {
    const place = vip ?? (await addresses.list()).find(isVip);
    vip = undefined;
    silence();
    if (place !== undefined) await dropIfThere(place);
    if (onLoopback !== undefined) await addresses.hold(onLoopback, undefined);
    onLoopback = undefined;
    if (place !== undefined)
      publish("notice", {
        kind: "vip.down",
        address: place.address,
        device: place.device,
        reason: "stopped",
      });
  }

  const isVip = (held: HeldAddress): boolean => held.address === wanted.address && held.device !== "lo";
  const isOnLoopback = (held: HeldAddress): boolean =>
    held.address === wanted.address && held.device === "lo" && held.prefixLength === 32;

  async function dropIfThere(place: VipAddress): Promise<void> {
    try {
      await addresses.drop(place);
    } catch (error) {
      if (errorCode(error) !== "EADDRNOTAVAIL") throw error;
    }
  }

  function renew(): void {
    if (vip === undefined || leaseSeconds() === undefined) return;
    addresses.hold(vip, leaseSeconds()).then(
      () => {
        renewalProblem = undefined;
      },
      (error: unknown) => {
        const problem = `${wanted.address} cannot be renewed: ${problemOf(error)}`;
        if (problem !== renewalProblem) warn(problem);
        renewalProblem = problem;
      },
    );
  }

  function withdraw(): void {
    silence();
    if (vip === undefined) return;
    const place = vip;
    vip = undefined;
    dropIfThere(place).then(
      () =>
        publish("warning", {
          kind: "vip.down",
          address: place.address,
          device: place.device,
          reason: "stalled",
        }),
      (error: unknown) => warn(`${wanted.address} cannot be dropped: ${problemOf(error)}`),
    );
  }

  /** Now, and then as often as the schedule says; a stop ends it. */
  function announce(): void {
    silence();
    let callOff = () => {};
    silence = () => callOff();
    const again = (left: number) => {
      // After a stall the timer comes before the packets that tell us of it: another may have the VIP by now.
      if (vip === undefined || !mayHold()) return;
      announcer.announce(vip.address, vip.device).catch((error: unknown) => {
        warn(`${wanted.address} cannot be announced: ${problemOf(error)}`);
      });
      if (left > 1) callOff = clock.at(plus(clock.now(), schedule.interval), () => again(left - 1));
    };
    again(schedule.times);
  }

  return {
    spec,
    limits: LIMITS,
    idempotent: true,
    async status() {
      return (await addresses.list()).some(isVip);
    },
    start,
    stop,
    renew,
    withdraw,
    announce,
  };
}

/** Where the VIP goes; where it is already, for an address that outlived a restart of ours. */
function placeOf(spec: ResourceSpec, wanted: IpSpec, present: readonly HeldAddress[]): VipAddress {
  const place = findInterface(wanted, present);
  const there = present.find(
    ({ address, device, prefixLength }) =>
      address === place.address && device === place.device && prefixLength === place.prefixLength,
  );
  if (there?.label !== undefined) return { ...place, label: there.label };
  const alias = spec.script === "IPaddr" && place.label === undefined && familyOf(place.address) === "inet";
  const label = alias ? freeLabel(place.device, present) : place.label;
  return label === undefined ? place : { ...place, label };
}

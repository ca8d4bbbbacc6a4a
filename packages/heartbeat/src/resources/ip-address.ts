/**
 * IPaddr, IPaddr2, IPv6addr and the bare IP address: a VIP of this director.
 *
 * The VIP lives as long as its lease (vip-lease.ts), which is renewed right after each heartbeat. It is
 * announced in the same turn in which it comes up, and again on the schedule of the original agents. A VIP that is on
 * the loopback as /32 (a real server that is a director, too) is taken off there first and put back at the end.
 */
import type { Fact, Severity } from "@systole/bus";
import { errorCode, type HeldAddress, type Kernel, type VipAddress } from "@systole/kernel";
import { type Clock, type Instant, type Millis, milliseconds, plus, seconds } from "@systole/machine";
import { familyOf } from "@systole/wire";
import { findInterface, freeLabel } from "./find-interface.js";
import { type IpSpec, parseIpSpec } from "./ip-spec.js";
import { problemOf, type Resource, ResourceError, type ResourceSpec } from "./resource.js";
import type { VipLease } from "./vip-lease.js";

export interface IpAddressDependencies {
  readonly clock: Clock;
  readonly kernel: Pick<Kernel, "addresses" | "links" | "announcer">;
  readonly lease: VipLease;
  /** Asked right before a VIP is added, and before each further announcement: may we still, at this very moment? */
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
const DEFAULT_SCHEDULE: Schedule = { times: 5, interval: milliseconds(200) };
const SCHEDULES: Readonly<Record<string, Schedule>> = { IPaddr: { times: 10, interval: milliseconds(500) } };

const LIMITS = { status: seconds(5), start: seconds(5), stop: seconds(5) };

/** @throws ResourceError `bad-argument` if the arguments are no address. */
export const ipAddress = (spec: ResourceSpec, dependencies: IpAddressDependencies): Resource =>
  new IpAddressResource(spec, dependencies);

class IpAddressResource implements Resource {
  readonly spec: ResourceSpec;
  readonly limits = LIMITS;
  readonly idempotent = true;
  readonly #world: IpAddressDependencies;
  readonly #wanted: IpSpec;
  /** Where it is up by our will. */
  #vip: VipAddress | undefined;
  /** When its own lifetime was last renewed. */
  #heldAt: Instant | undefined;
  /** Where it was on the loopback before. */
  #onLoopback: HeldAddress | undefined;
  #silence = () => {};
  #renewalProblem: string | undefined;

  constructor(spec: ResourceSpec, dependencies: IpAddressDependencies) {
    this.spec = spec;
    this.#world = dependencies;
    this.#wanted = parseIpSpec(spec.args.join("::")); // the "::" of an IPv6 address separates arguments, too
  }

  async status(): Promise<boolean> {
    return (await this.#world.kernel.addresses.list()).some(this.#isVip);
  }

  async start(): Promise<readonly string[]> {
    const { clock, kernel, mayHold, lease } = this.#world;
    const { addresses, links } = kernel;
    const { address } = this.#wanted;
    const present = await addresses.list();
    const place = placeOf(this.spec, this.#wanted, present);
    this.#onLoopback = present.find(this.#isOnLoopback) ?? this.#onLoopback;
    if (this.#onLoopback !== undefined) await this.#dropIfThere(this.#onLoopback);
    await links.up(place.device);
    if (!mayHold()) throw new ResourceError("void-word", `${address}: we were silent too long to take it`);
    this.#vip = place;
    this.#heldAt = clock.now();
    lease.grant(address);
    const held = addresses.hold(place, lease.addressSeconds());
    this.announce();
    try {
      await held;
    } catch (error) {
      this.#vip = undefined;
      this.#silence();
      throw error;
    }
    this.#publish("notice", "vip.up", place, "started");
    return [];
  }

  async stop(): Promise<void> {
    const { addresses } = this.#world.kernel;
    const place = this.#vip ?? (await addresses.list()).find(this.#isVip);
    this.#vip = undefined;
    this.#silence();
    if (place !== undefined) await this.#dropIfThere(place);
    this.#world.lease.release(this.#wanted.address);
    if (this.#onLoopback !== undefined) await addresses.hold(this.#onLoopback, undefined);
    this.#onLoopback = undefined;
    if (place !== undefined) this.#publish("notice", "vip.down", place, "stopped");
  }

  renew(): void {
    const { clock, kernel, lease, warn } = this.#world;
    const lifetime = lease.addressSeconds();
    if (this.#vip === undefined || lifetime === undefined) return;
    lease.grant(this.#vip.address);
    if (this.#heldAt !== undefined && !lease.isDue(this.#heldAt)) return;
    this.#heldAt = clock.now();
    kernel.addresses.hold(this.#vip, lifetime).then(
      () => {
        this.#renewalProblem = undefined;
      },
      (error: unknown) => {
        const problem = `${this.#wanted.address} cannot be renewed: ${problemOf(error)}`;
        if (problem !== this.#renewalProblem) warn(problem);
        this.#renewalProblem = problem;
      },
    );
  }

  withdraw(): void {
    this.#silence();
    const place = this.#vip;
    this.#vip = undefined;
    if (place === undefined) return;
    this.#world.lease.silence(place.address);
    this.#dropIfThere(place).then(
      () => this.#publish("warning", "vip.down", place, "stalled"),
      (error: unknown) => this.#world.warn(`${place.address} cannot be dropped: ${problemOf(error)}`),
    );
  }

  /** Now, and then as often as the schedule says; a stop ends it. */
  announce(): void {
    const { clock, kernel, mayHold, warn } = this.#world;
    const { times, interval } = SCHEDULES[this.spec.script] ?? DEFAULT_SCHEDULE;
    this.#silence();
    let callOff = () => {};
    this.#silence = () => callOff();
    const again = (left: number) => {
      // After a stall the timer comes before the packets that tell us of it: another may have the VIP by now.
      if (this.#vip === undefined || (left < times && !mayHold())) return;
      const { address, device } = this.#vip;
      kernel.announcer.announce(address, device).catch((error: unknown) => {
        warn(`${address} cannot be announced: ${problemOf(error)}`);
      });
      if (left > 1) callOff = clock.at(plus(clock.now(), interval), () => again(left - 1));
    };
    again(times);
  }

  readonly #isVip = (held: HeldAddress): boolean =>
    held.address === this.#wanted.address && held.device !== "lo";

  readonly #isOnLoopback = (held: HeldAddress): boolean =>
    held.address === this.#wanted.address && held.device === "lo" && held.prefixLength === 32;

  async #dropIfThere(place: VipAddress): Promise<void> {
    try {
      await this.#world.kernel.addresses.drop(place);
    } catch (error) {
      if (errorCode(error) !== "EADDRNOTAVAIL") throw error;
    }
  }

  #publish(
    severity: Severity,
    kind: "vip.up" | "vip.down",
    { address, device }: VipAddress,
    reason: string,
  ): void {
    this.#world.publish(severity, { kind, address, device, reason });
  }
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

/**
 * A kernel in memory, for unit tests and for the simulation in virtual time.
 *
 * Everything happens within the call: the promises are there for the interface only, and each part has the same work
 * as a plain function (`holdNow`, `applyNow`, ...). It refuses what the real kernel refuses, with the same errno.
 */
import type { Balancer } from "./balancer.js";
import type { FakeAct, FakeClock, FakeContext } from "./fake/act.js";
import { type FakeAddresses, fakeAddresses } from "./fake/addresses.js";
import { type FakeAnnouncer, fakeAnnouncer } from "./fake/announcer.js";
import { type FakeBalancer, fakeBalancer } from "./fake/balancer.js";
import { type FakeConntrack, fakeConntrack } from "./fake/conntrack.js";
import { type FakeLeaseGuard, fakeLeaseGuard } from "./fake/lease-guard.js";
import { type FakeLinks, fakeLinks } from "./fake/links.js";
import type { Kernel } from "./kernel.js";

export type { FakeAct, FakeClock } from "./fake/act.js";
export type { FakeAddresses } from "./fake/addresses.js";
export type { FakeAnnouncer } from "./fake/announcer.js";
export type { FakeBalancer } from "./fake/balancer.js";
export type { FakeConntrack } from "./fake/conntrack.js";
export type { FakeLeaseGuard } from "./fake/lease-guard.js";
export type { FakeLinks } from "./fake/links.js";

export interface FakeKernel extends Kernel {
  readonly addresses: FakeAddresses;
  readonly links: FakeLinks;
  readonly announcer: FakeAnnouncer;
  readonly leaseGuard: FakeLeaseGuard;
  readonly balancer: FakeBalancer;
  readonly conntrack: FakeConntrack;
}

export interface FakeKernelOptions {
  /** For lifetimes; without one, time stands still and no address expires. `Clock` of `@systole/machine` fits. */
  readonly clock?: FakeClock;
  /** Names of the interfaces besides `lo`; `eth0` if not given. */
  readonly links?: readonly string[];
  readonly dataPlane?: Balancer["kind"];
  /** Hears of every act that was carried out, in order. */
  readonly trace?: (act: FakeAct) => void;
  /** Asked before every act: an errno name refuses it. */
  readonly refuse?: (act: FakeAct) => string | undefined;
}

/** A kernel that has just booted: interfaces, but no address, no table, no flow. */
export function fakeKernel(options: FakeKernelOptions = {}): FakeKernel {
  const context: FakeContext = {
    clock: options.clock ?? stoppedClock,
    trace: options.trace ?? (() => undefined),
    refuse: options.refuse ?? (() => undefined),
  };
  const links = fakeLinks(context);
  for (const name of ["lo", ...(options.links ?? ["eth0"])]) links.add(name);
  return {
    links,
    addresses: fakeAddresses(context, links),
    announcer: fakeAnnouncer(context, links),
    leaseGuard: fakeLeaseGuard(context),
    balancer: fakeBalancer(context, options.dataPlane ?? "ip_vs"),
    conntrack: fakeConntrack(context),
    async close() {},
  };
}

const stoppedClock: FakeClock = { now: () => 0, at: () => () => undefined };

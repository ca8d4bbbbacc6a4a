/**
 * VIPs in memory, with the kernel's lifetime: an address that is not renewed goes by itself.
 *
 * Not played: secondaries that go with their primary, and IPv6 addresses that go with their link.
 */
import { familyOf } from "@systole/wire";
import type { AddressChange, Addresses, HeldAddress, VipAddress } from "../addresses.js";
import { type FakeContext, listeners, perform } from "./act.js";
import type { FakeLinks } from "./links.js";

export interface FakeAddresses extends Addresses {
  /** `hold`, at once. @throws KernelError */
  holdNow(vip: VipAddress, lifetimeSeconds: number | undefined): void;
  /** `drop`, at once. @throws KernelError */
  dropNow(vip: VipAddress): void;
  /** `list`, at once. */
  listNow(): readonly HeldAddress[];
}

interface Entry {
  readonly vip: VipAddress;
  /** When the kernel removes it; undefined for never. */
  readonly until: number | undefined;
}

export function fakeAddresses(context: FakeContext, links: FakeLinks): FakeAddresses {
  const { clock } = context;
  const entries = new Map<string, Entry>();
  const { add: watch, tell } = listeners<[AddressChange]>();
  let disarm: (() => void) | undefined;

  const held = ({ vip, until }: Entry): HeldAddress => ({
    ...vip,
    family: familyOf(vip.address),
    validSeconds: until === undefined ? undefined : Math.max(0, Math.ceil((until - clock.now()) / 1000)),
  });

  links.watch((link, gone) => {
    if (!gone) return;
    for (const [key, entry] of entries) if (entry.vip.device === link.name) remove(key, entry);
  });

  function remove(key: string, entry: Entry): void {
    entries.delete(key);
    tell({ kind: "removed", address: held(entry) });
  }

  /** Removes what is over; safe to call at any moment. */
  function expire(): void {
    for (const [key, entry] of entries) {
      if (entry.until === undefined || entry.until > clock.now()) continue;
      remove(key, entry);
      context.trace({ type: "expired", vip: entry.vip });
    }
  }

  function arm(): void {
    disarm?.();
    disarm = undefined;
    const ends = [...entries.values()].flatMap(({ until }) => (until === undefined ? [] : [until]));
    if (ends.length > 0)
      disarm = clock.at(Math.min(...ends), () => {
        expire();
        arm();
      });
  }

  function holdNow(vip: VipAddress, lifetimeSeconds: number | undefined): void {
    expire();
    perform(context, { type: "hold", vip, lifetimeSeconds }, `hold ${describeVip(vip)}`, () => {
      const problem = vipProblem(vip, lifetimeSeconds, links);
      if (problem !== undefined) return problem;
      const key = vipKey(vip);
      const fresh = !entries.has(key);
      const until = lifetimeSeconds === undefined ? undefined : clock.now() + lifetimeSeconds * 1000;
      const entry = { vip: ownLabelOnly(vip), until };
      entries.set(key, entry);
      if (fresh) tell({ kind: "added", address: held(entry) });
      return undefined;
    });
    arm();
  }

  function dropNow(vip: VipAddress): void {
    expire();
    perform(context, { type: "drop", vip }, `drop ${describeVip(vip)}`, () => {
      if (links.find(vip.device) === undefined) return "ENODEV";
      const entry = entries.get(vipKey(vip));
      if (entry === undefined) return "EADDRNOTAVAIL";
      remove(vipKey(vip), entry);
      return undefined;
    });
    arm();
  }

  function listNow(): readonly HeldAddress[] {
    expire();
    return [...entries.values()].map(held);
  }

  return {
    holdNow,
    dropNow,
    listNow,
    watch,
    async hold(vip, lifetimeSeconds) {
      holdNow(vip, lifetimeSeconds);
    },
    async drop(vip) {
      dropNow(vip);
    },
    async list() {
      return listNow();
    },
  };
}

/** For errors: `192.0.2.10/24 on eth0`. */
export const describeVip = ({ address, prefixLength, device }: VipAddress): string =>
  `${address}/${prefixLength} on ${device}`;

const vipKey = ({ address, prefixLength, device }: VipAddress): string =>
  `${address}/${prefixLength} ${device}`;

/** The kernel names an IPv4 address without a label after its interface: that is no label. */
function ownLabelOnly(vip: VipAddress): VipAddress {
  if (vip.label === undefined || (vip.label !== vip.device && familyOf(vip.address) === "inet")) return vip;
  const { label: _, ...rest } = vip;
  return rest;
}

function vipProblem(
  vip: VipAddress,
  lifetimeSeconds: number | undefined,
  links: FakeLinks,
): string | undefined {
  const most = familyOf(vip.address) === "inet" ? 32 : 128;
  if (vip.prefixLength < 0 || vip.prefixLength > most) return "EINVAL";
  // Fractions of a second are for the simulation, where they stand for the lease guard.
  if (lifetimeSeconds !== undefined && lifetimeSeconds <= 0) return "EINVAL";
  if ((vip.label ?? "").length > 15) return "ERANGE";
  return links.find(vip.device) === undefined ? "ENODEV" : undefined;
}

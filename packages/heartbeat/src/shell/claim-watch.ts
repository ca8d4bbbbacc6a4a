/**
 * Watches on the networks of this director who else claims the VIPs of haresources, for core/claimed.ts.
 *
 * IPv4 only. Without the right to packet sockets it goes without, and says so once.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Network } from "@systole/kernel";
import { type Clock, type Instant, plus, seconds } from "@systole/machine";
import { type Ipv4Address, isIpv4, type MacAddress, parseMac } from "@systole/wire";
import type { CoreEvent } from "../core/event.js";
import { findInterface } from "../resources/find-interface.js";
import { type IpSpec, parseIpSpec } from "../resources/ip-spec.js";
import { problemOf } from "../resources/resource.js";
import type { RunnerGroup } from "../resources/runner.js";

export interface ClaimWatchDependencies {
  readonly clock: Clock;
  readonly kernel: Pick<Network, "vipClaims" | "addresses">;
  readonly feed: (event: CoreEvent) => void;
  readonly warn: (problem: string) => void;
}

export interface ClaimWatch {
  /** Of these groups from now on. */
  use(groups: readonly RunnerGroup[]): void;
  /** Asks who has the VIPs of these groups. */
  ask(keys: readonly string[]): Promise<void>;
}

/** More claims in a second than any network of good will has: the rest is not looked at. */
const MOST_A_SECOND = 50;
const SECOND = seconds(1);
const MOST_MACS = 32;

export function createClaimWatch({ clock, kernel, feed, warn }: ClaimWatchDependencies): ClaimWatch {
  let watched: ReadonlyMap<Ipv4Address, { readonly group: string; readonly spec: IpSpec }> = new Map();
  let since: Instant | undefined;
  let many = 0;

  function isOneTooMany(): boolean {
    const now = clock.now();
    if (since === undefined || now >= plus(since, SECOND)) {
      since = now;
      many = 0;
    }
    many += 1;
    return many > MOST_A_SECOND;
  }

  function claimed(vip: Ipv4Address, mac: MacAddress): void {
    const group = watched.get(vip)?.group;
    if (group !== undefined && !isOneTooMany()) feed({ type: "vip-claimed", group, vip, mac });
  }

  return {
    use(groups) {
      watched = new Map(groups.flatMap(vipsOf));
      try {
        kernel.vipClaims.watch([...watched.keys()], claimed);
      } catch (error) {
        warn(`nobody watches who else claims our VIPs: ${problemOf(error)}`);
      }
    },
    async ask(keys) {
      const present = await kernel.addresses.list();
      for (const [vip, { group, spec }] of watched) {
        if (!keys.includes(group)) continue;
        try {
          await kernel.vipClaims.ask(vip, findInterface(spec, present).device);
        } catch {
          // its interface may be down: then nobody is heard, and the claim ends
        }
      }
    },
  };
}

function vipsOf({ key, resources }: RunnerGroup) {
  return resources
    .filter(({ script }) => script === "IPaddr" || script === "IPaddr2")
    .map(({ args }) => parseIpSpec(args.join("::")))
    .flatMap((spec) => (isIpv4(spec.address) ? [[spec.address, { group: key, spec }] as const] : []));
}

/** MAC addresses of this machine's interfaces, each once; the loopback has none. */
export function ownMacs(folder = "/sys/class/net"): readonly MacAddress[] {
  const macs = new Set<MacAddress>();
  for (const name of namesIn(folder)) {
    try {
      const mac = parseMac(readFileSync(`${folder}/${name}/address`, "latin1").trim());
      if (mac !== undefined && mac !== parseMac("00:00:00:00:00:00")) macs.add(mac);
    } catch {
      // it went away, or has no such address
    }
  }
  return [...macs].slice(0, MOST_MACS);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a machine without /sys
  }
}

/**
 * The LAN on which the VIPs are: whoever brings one up or announces it claims it, and all others that are plugged in
 * and watch claims (`macs` in their settings) hear that. Nothing is lost on it; a story unplugs a host.
 */
import type { CoreAction } from "@systole/heartbeat";
import { vipOf } from "./group-runner.js";
import type { Host } from "./host.js";
import type { World } from "./world.js";

export interface ServiceLan {
  /** A VIP came up on this host. */
  came(host: string, address: string): void;
  /** What the host's core had done: an announcement, or a question. */
  acted(host: string, action: CoreAction): void;
}

const DELAY_MS = 0.5;

export function createServiceLan(world: World, hosts: readonly Host[]): ServiceLan {
  const named = (name: string) => hosts.find((host) => host.name === name);
  const vipsOf = ({ settings }: Host, keys: readonly string[]) =>
    settings.groups
      .filter(({ key }) => keys.includes(key))
      .flatMap(({ resources }) => resources.flatMap((resource) => vipOf(resource)?.address ?? []));

  function claim(from: Host | undefined, address: string, to: readonly Host[]): void {
    const mac = from?.settings.macs?.[0];
    if (from === undefined || mac === undefined || !from.isPlugged) return;
    const group = from.settings.groups.find(({ key }) =>
      vipsOf(from, [key]).some((vip) => vip === address),
    )?.key;
    if (group === undefined) return;
    for (const host of to) {
      if (host === from || !host.isPlugged) continue;
      world.at(world.now() + DELAY_MS, () => host.feed({ type: "vip-claimed", group, vip: address, mac }));
    }
  }

  return {
    came: (name, address) => claim(named(name), address, hosts),
    acted(name, action) {
      const host = named(name);
      if (host === undefined) return;
      if (action.type === "announce") {
        for (const vip of vipsOf(host, action.groups)) if (host.hasVip(vip)) claim(host, vip, hosts);
      } else if (action.type === "ask-for-vips" && host.isPlugged) {
        for (const vip of vipsOf(host, action.groups))
          for (const other of hosts) if (other.hasVip(vip)) claim(other, vip, [host]);
      }
    },
  };
}

/** The MAC address of the n-th host. */
export const macOf = (index: number): string => `02:00:00:00:00:0${index + 1}`;

/** From a medium of ha.cf to one that is open. */
import type { Kernel } from "@systole/kernel";
import type { MediumConfig, UdpMediumConfig } from "../config/ha-cf.js";
import { broadcastPlan } from "./broadcast.js";
import type { Medium } from "./medium.js";
import { multicastPlan } from "./multicast.js";
import { openSerialMedium } from "./serial.js";
import { openUdpMedium, type SocketPlan, type UdpMediumDependencies } from "./udp-medium.js";
import { unicastPlan } from "./unicast.js";

export interface MediumDependencies extends Omit<UdpMediumDependencies, "links"> {
  readonly kernel: Pick<Kernel, "links" | "addresses">;
}

/** Never fails: a medium that cannot be opened says so and goes on trying. */
export function openMedium(
  config: MediumConfig,
  { kernel, ...dependencies }: MediumDependencies,
): Promise<Medium> {
  if (config.kind === "serial") return Promise.resolve(openSerialMedium(config, dependencies));
  return openUdp(config, { kernel, ...dependencies });
}

function openUdp(config: UdpMediumConfig, { kernel, ...dependencies }: MediumDependencies): Promise<Medium> {
  const { links, addresses } = kernel;
  return openUdpMedium(config.device, describeMedium(config), planOf, { ...dependencies, links });

  function planOf(): Promise<SocketPlan> {
    switch (config.kind) {
      case "bcast":
        return broadcastPlan(config, addresses);
      case "ucast":
      case "ucast6":
        return unicastPlan(config);
      case "mcast":
      case "mcast6":
        return multicastPlan(config, links);
    }
  }
}

/** As in ha.cf, without what is the same for all. */
export function describeMedium(config: MediumConfig): string {
  switch (config.kind) {
    case "serial":
    case "bcast":
      return `${config.kind} ${config.device}`;
    case "ucast":
    case "ucast6":
      return `${config.kind} ${config.device} ${config.peer}`;
    case "mcast":
    case "mcast6":
      return `${config.kind} ${config.device} ${config.group}`;
  }
}

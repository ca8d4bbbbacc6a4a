/** The lease guard is put into the kernel when a configuration needs it; where that fails, it goes without. */
import type { Kernel } from "@systole/kernel";
import { problemOf } from "../resources/resource.js";
import { type Configuration, readConfiguration } from "./configuration.js";
import { paths } from "./paths.js";

export interface LeaseArming {
  readonly node: string;
  readonly guard: Kernel["leaseGuard"];
  readonly warn: (line: string) => void;
}

/** @returns the configuration that this kernel can keep. */
export async function armLease(
  configuration: Configuration,
  { node, guard, warn }: LeaseArming,
): Promise<Configuration> {
  if (!isGuarded(configuration)) return configuration;
  try {
    await guard.arm();
    return configuration;
  } catch (error) {
    warn(`no lease guard, a frozen node keeps its VIPs: ${problemOf(error)}`);
    return readConfiguration(paths, node, "may-vanish", false).value ?? configuration;
  }
}

export const isGuarded = ({ settings }: Configuration): boolean => settings.lease?.kind === "guard";

/** What this data plane and this version do otherwise than asked: said once at load, by name. */

import type { Logger } from "@systole/daemon";
import type { Balancer } from "@systole/kernel";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";

export function adviseOnConfiguration(
  { director, globals }: LdirectordConfig,
  balancer: Balancer,
  log: Logger,
): void {
  for (const { key, virtual, reals } of director.services) {
    for (const { asked, instead } of balancer.limitations(virtual, reals)) {
      log.warn(
        { event: "data-plane.limitation", service: key },
        `${key}: ${balancer.kind} has no ${asked}: ${instead}`,
      );
    }
  }
  if (globals.fork) log.info({ event: "config.not-used" }, "fork: checks are concurrent in one process");
}

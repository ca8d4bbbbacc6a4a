/** Weight 0 or removal, and back: what the table shall say about one real server. */
import type { RealServer } from "@systole/kernel";
import type { RealConfig, ServiceConfig } from "./configured.js";
import type { RealWish } from "./plan.js";

/**
 * Up: as configured. Down: weight 0 in a quiescent service, else out of the table.
 *
 * @param establishing the service is being set up: a quiesced real server is added, too. Later a missing one was taken
 * out by somebody, and comes back at weight 0 only with `readdquiescent=yes`.
 */
export function realWish(
  service: ServiceConfig,
  real: RealConfig,
  up: boolean,
  establishing: boolean,
): RealWish {
  if (up) return { kind: "present", real: entry(real), thresholds: true, ifMissing: "add" };
  if (!service.quiescent) return { kind: "absent", endpoint: real.endpoint };
  return {
    kind: "present",
    real: { ...entry(real), weight: 0, upperThreshold: 0, lowerThreshold: 0 },
    thresholds: false,
    ifMissing: establishing || service.readdQuiescent ? "add" : "leave",
  };
}

function entry({ endpoint, forwarding, weight, upperThreshold, lowerThreshold }: RealConfig): RealServer {
  return { endpoint, forwarding, weight, upperThreshold, lowerThreshold };
}

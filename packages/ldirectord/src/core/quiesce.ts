/** Weight 0 or removal, and back: what the table shall say about one real server. */
import type { RealServer } from "@systole/kernel";
import type { RealConfig, ServiceConfig } from "./configured.js";
import { isInMaintenance, type Override } from "./override.js";
import type { RealWish } from "./plan.js";

export interface WishContext {
  /**
   * The service is being set up: a quiesced real server is added, too. Later a missing one was taken out by somebody,
   * and comes back at weight 0 only with `readdquiescent=yes`.
   */
  readonly establishing: boolean;
  readonly override: Override | undefined;
}

/**
 * Up: as configured, or as an operator asked. Down: weight 0 in a quiescent service, else out of the table.
 *
 * A drained one stays in the table at weight 0 in either case: removal would end what goes on.
 */
export function realWish(
  service: ServiceConfig,
  real: RealConfig,
  up: boolean,
  { establishing, override }: WishContext,
): RealWish {
  if (up && !isInMaintenance(override)) {
    const order = override?.order;
    const weight = order?.kind === "drain" ? 0 : order?.kind === "weight" ? order.weight : real.weight;
    return { kind: "present", real: { ...entry(real), weight }, thresholds: true, ifMissing: "add" };
  }
  if (!service.quiescent) return { kind: "absent", endpoint: real.endpoint };
  return {
    kind: "present",
    real: { ...entry(real), weight: 0, upperThreshold: 0, lowerThreshold: 0 },
    thresholds: false,
    ifMissing: establishing || service.readdQuiescent ? "add" : "leave",
  };
}

function entry(real: RealConfig): RealServer {
  const { endpoint, forwarding, weight, upperThreshold, lowerThreshold, tunnel } = real;
  const wrapped = tunnel === undefined ? {} : { tunnel };
  return { endpoint, forwarding, weight, upperThreshold, lowerThreshold, ...wrapped };
}

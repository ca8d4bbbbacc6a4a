/** The fallback server: in exactly when no real server is up. Never checked, never quiesced, weight 1. */
import { formatEndpoint } from "@systole/wire";
import type { FallbackConfig, ServiceConfig } from "./configured.js";
import type { RealWish } from "./plan.js";

/** Whether `fallback` is also one of the real servers: then the two share one entry of the table. */
export const isAlsoReal = (service: ServiceConfig, fallback: FallbackConfig): boolean =>
  service.reals.some((real) => formatEndpoint(real.endpoint) === formatEndpoint(fallback.endpoint));

/**
 * What the table shall say about the fallback server; undefined: nothing.
 *
 * Where it is also a real server, its wish wins while it is used, and the real server's when it is not.
 */
export function fallbackWish(service: ServiceConfig, used: boolean): RealWish | undefined {
  const { fallback } = service;
  if (fallback === undefined) return undefined;
  const { endpoint, forwarding } = fallback;
  if (!used) return isAlsoReal(service, fallback) ? undefined : { kind: "absent", endpoint };
  const real = { endpoint, forwarding, weight: 1, upperThreshold: 0, lowerThreshold: 0 };
  return { kind: "present", real, thresholds: true, ifMissing: "add" };
}

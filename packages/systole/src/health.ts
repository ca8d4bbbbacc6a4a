/** One word for what was seen, and its exit code, as monitoring plug-ins have them. */
import type { DirectorStatus, RealStatus, ServiceStatus } from "./director-status.js";
import type { DirectorAnswer } from "./directors.js";

export const HEALTH_EXIT = { ok: 0, degraded: 1, critical: 2, unknown: 3 } as const;
export type Health = keyof typeof HEALTH_EXIT;

/** A real server gets new connections: it is up and nobody took it out by hand. */
export const serves = ({ state, operator }: RealStatus): boolean =>
  state === "up" && (operator === undefined || (operator.state === "weight" && operator.weight !== 0));

/**
 * A service without a real server that serves is critical, with or without its fallback. One that lost a real server
 * against anybody's wish is degraded; what an operator took out is as it should be.
 */
export function serviceHealth({ reals }: ServiceStatus): Health {
  if (reals.length > 0 && !reals.some(serves)) return "critical";
  return reals.some((real) => real.state === "down" && real.operator?.state !== "maint") ? "degraded" : "ok";
}

export function directorHealth({ services, refused, newerConfigRefused }: DirectorStatus): Health {
  const healths = services.map(serviceHealth);
  if (refused.length > 0 || newerConfigRefused) healths.push("degraded");
  return worst(healths);
}

export const overallHealth = (answers: readonly DirectorAnswer[]): Health =>
  answers.length === 0
    ? "unknown"
    : worst(answers.map((each) => (each.kind === "silent" ? "unknown" : directorHealth(each.status))));

function worst(healths: readonly Health[]): Health {
  const order: readonly Health[] = ["critical", "unknown", "degraded"];
  return order.find((health) => healths.includes(health)) ?? "ok";
}

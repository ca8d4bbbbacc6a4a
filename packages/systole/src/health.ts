/** One word for what was seen, and its exit code, as monitoring plug-ins have them. */
import type { ClusterAnswer } from "./cluster.js";
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

/**
 * What nobody has although the cluster is settled is critical, and so is a start that waits because the keys differ; a
 * dead node or ping node is lost redundancy, and a resource that is down is part of a service.
 */
export function clusterHealth(answer: ClusterAnswer): Health {
  if (answer.kind === "silent") return "unknown";
  const { life, groups, nodes, pings } = answer.status;
  const settled = life === "operational" || nodes.some(({ otherKey }) => otherKey === "waits");
  if (settled && groups.some(({ owner }) => owner === undefined)) return "critical";
  if (groups.some(({ down = [] }) => down.length > 0)) return "degraded";
  const lost = [...nodes, ...pings].some(({ state }) => state === "dead");
  return lost || nodes.some(({ otherKey }) => otherKey !== undefined) ? "degraded" : "ok";
}

/** @param cluster undefined where no heartbeat runs */
export function overallHealth(answers: readonly DirectorAnswer[], cluster?: ClusterAnswer): Health {
  if (answers.length === 0 && cluster === undefined) return "unknown";
  const directors = answers.map((each) => (each.kind === "silent" ? "unknown" : directorHealth(each.status)));
  return worst([...directors, ...(cluster === undefined ? [] : [clusterHealth(cluster)])]);
}

function worst(healths: readonly Health[]): Health {
  const order: readonly Health[] = ["critical", "unknown", "degraded"];
  return order.find((health) => healths.includes(health)) ?? "ok";
}

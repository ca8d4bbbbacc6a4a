/** What monitoring found of the resources of a group, and what of it is news to an administrator. */

export interface Finding {
  readonly resource: string;
  readonly state: "runs" | "stopped" | "unknown";
  /** Why its state is not known. */
  readonly problem?: string;
  /** The group serves without it: that it is down is told, and no more. */
  readonly optional?: boolean;
}

/** What follows from a resource that is down. */
export type Consequence = "told" | "restarts" | "moves" | "stays";

export type News =
  | { readonly type: "tell-unknown"; readonly resource: string; readonly problem: string }
  | {
      readonly type: "tell-down";
      readonly resource: string;
      readonly reason: string;
      readonly consequence: Consequence;
    }
  /** `again`: it runs; else nobody asks any more. */
  | { readonly type: "tell-up"; readonly resource: string; readonly again: boolean };

/** The third time in succession a status that cannot be had counts as down: a busy machine is no broken one. */
const MOST_UNKNOWN = 3;

/** How often in succession the status of each resource could not be had. */
export const countUnknown = (
  before: ReadonlyMap<string, number>,
  findings: readonly Finding[],
): ReadonlyMap<string, number> =>
  new Map(
    findings
      .filter(({ state }) => state === "unknown")
      .map(({ resource }) => [resource, (before.get(resource) ?? 0) + 1]),
  );

export const isDown = ({ state, resource }: Finding, unknown: ReadonlyMap<string, number>): boolean =>
  state === "stopped" || (unknown.get(resource) ?? 0) >= MOST_UNKNOWN;

export interface Found {
  readonly findings: readonly Finding[];
  readonly unknown: ReadonlyMap<string, number>;
  /** What was down before, and what was told to follow from it. */
  readonly down: ReadonlyMap<string, Consequence>;
  readonly consequence: Consequence;
}

/** Each thing once: that a status is missing, what is down and what follows, what runs again. */
export function news({ findings, unknown, down: before, consequence }: Found): {
  readonly down: ReadonlyMap<string, Consequence>;
  readonly told: readonly News[];
} {
  const told: News[] = [];
  const down = new Map(before);
  for (const { resource, problem = "" } of findings)
    if (unknown.get(resource) === 1) told.push({ type: "tell-unknown", resource, problem });
  for (const resource of before.keys()) {
    const now = findings.find((finding) => finding.resource === resource)?.state;
    if (now !== undefined && now !== "runs") continue;
    down.delete(resource);
    told.push({ type: "tell-up", resource, again: now === "runs" });
  }
  for (const finding of findings.filter((one) => isDown(one, unknown))) {
    const { resource, optional, problem: reason = "it does not run" } = finding;
    const follows = optional === true ? "told" : consequence;
    if (down.get(resource) === follows) continue;
    down.set(resource, follows);
    told.push({ type: "tell-down", resource, reason, consequence: follows });
  }
  return { down, told };
}

/** `ldirectord --plan`: what the file would change, asked of the running daemon, or judged here if none runs. */
import { ControlError, controlClient, controlPath } from "@systole/daemon";
import { type Balancer, openKernel } from "@systole/kernel";
import type { Clock, Instant } from "@systole/machine";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import type { DirectorConfig } from "../core/configured.js";
import { newDirector } from "../core/director.js";
import type { DirectorState } from "../core/director-state.js";
import { type PlanText, planText } from "../core/plan-text.js";
import { preview } from "../core/preview.js";
import type { Instance } from "./instance.js";
import { overridesPath, readOverrides } from "./overrides-file.js";

export interface PlanAnswer extends PlanText {
  readonly schemaVersion: 1;
  /** `running`: the daemon's own knowledge of its real servers stands behind it; `stopped`: what a start would do. */
  readonly daemon: "running" | "stopped";
  /** The changes themselves, in order. */
  readonly changes: readonly object[];
}

export async function planFor(
  state: DirectorState,
  config: DirectorConfig,
  balancer: Balancer,
  now: () => Instant,
  daemon: PlanAnswer["daemon"],
): Promise<PlanAnswer> {
  const table = await balancer.read();
  const planned = preview(state, config, table, now());
  return {
    schemaVersion: 1,
    daemon,
    ...planText(planned, table),
    changes: planned.map(({ change }) => change),
  };
}

const ANSWER_LIMIT_MS = 15_000;

/** @throws Error if there is no data plane, or a daemon runs and does not answer. */
export async function askForPlan(
  { daemon }: Instance,
  { director }: LdirectordConfig,
  clock: Clock,
): Promise<PlanAnswer> {
  const client = controlClient(controlPath(daemon), { limitMs: ANSWER_LIMIT_MS });
  try {
    return (await client.call("plan")) as PlanAnswer; // the daemon's `planFor`, of this version
  } catch (error) {
    if (!(error instanceof ControlError) || error.code !== "unreachable") throw error;
  }
  const kernel = await openKernel();
  try {
    const { overrides } = readOverrides(overridesPath(daemon), { now: clock.now(), wallMs: Date.now() });
    const state = newDirector("active", overrides);
    return await planFor(state, director, kernel.balancer, () => clock.now(), "stopped");
  } finally {
    await kernel.close();
  }
}

/**
 * What a configuration would change, without changing it: the machine itself, asked with a copy of its state.
 *
 * Start, reload and `--plan` are the same steps (configure, look, adopt), so that they cannot disagree.
 */
import type { BalancerTable } from "@systole/kernel";
import type { Instant } from "@systole/machine";
import { configure } from "./configure.js";
import type { DirectorConfig } from "./configured.js";
import type { DirectorState, Planned } from "./director-state.js";
import { adopt, look } from "./table-phase.js";

/** The first batch of changes of this configuration, in the order in which they would be made. */
export function preview(
  state: DirectorState,
  config: DirectorConfig,
  table: BalancerTable,
  now: Instant,
): readonly Planned[] {
  const resting: DirectorState = {
    ...state,
    table: { ...state.table, phase: { kind: "idle" } },
    waiting: [],
    nextDrift: undefined,
  };
  const looking = look(configure(resting, config, now).state, now);
  const { phase } = adopt(looking.state, table, now).state.table;
  return phase.kind === "applying" ? phase.planned : [];
}

/** Where the table is not as the director left it: what somebody else changed, and what a repair would do about it. */
export function drift(state: DirectorState, table: BalancerTable, now: Instant): readonly Planned[] {
  if (state.role === "standby") return [];
  return preview(state, state.config, table, now);
}

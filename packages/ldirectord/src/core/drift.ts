/** When the table is to be looked at again without a reason of our own. */
import { type Instant, plus } from "@systole/machine";
import type { DirectorState } from "./director-state.js";

export function driftAfter({ config }: DirectorState, now: Instant): Instant | undefined {
  const { every } = config.reconcile;
  return every === undefined ? undefined : plus(now, every);
}

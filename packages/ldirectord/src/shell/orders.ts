/** The orders of operators between the director and the disk. */
import type { Logger } from "@systole/daemon";
import type { Overrides } from "../core/override.js";
import { type Moment, readOverrides, writeOverrides } from "./overrides-file.js";

export interface Orders {
  /** What was kept by the process before. */
  kept(): Overrides;
  keep(overrides: Overrides): void;
  /** Why the last order could not be kept; undefined if it was. */
  problem(): string | undefined;
}

export function createOrders(path: string, log: Logger, moment: () => Moment): Orders {
  let failed: string | undefined;
  return {
    kept() {
      const { overrides, problem } = readOverrides(path, moment());
      if (problem !== undefined) log.error({ event: "orders.unreadable" }, `${path}: ${problem}`);
      return overrides;
    },
    keep(overrides) {
      try {
        writeOverrides(path, overrides);
        failed = undefined;
      } catch (error) {
        failed = `${path}: ${error instanceof Error ? error.message : String(error)}`;
        log.error({ event: "orders.not-kept" }, `the order holds until the next restart only: ${failed}`);
      }
    },
    problem: () => failed,
  };
}

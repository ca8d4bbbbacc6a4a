/** Warnings of checks that passed, such as a certificate that ends soon, and why this machine cannot check: bounded. */
import type { Logger } from "@systole/daemon";
import { type Clock, type Instant, type Millis, plus, seconds } from "@systole/machine";
import type { CheckResult } from "../core/configured.js";

export interface CheckWarnings {
  checked(check: string, result: CheckResult): void;
  /** This machine could not even ask. */
  cannotCheck(problem: string): void;
}

const DAY = seconds(86_400);
const MINUTE = seconds(60);
const MOST_KEPT = 10_000;

/** @param nameOf what log lines call the real servers of a check */
export function createCheckWarnings(
  log: Logger,
  clock: Clock,
  nameOf: (check: string) => string,
): CheckWarnings {
  const told = new Map<string, Instant>();

  function seldom(what: string, pause: Millis): boolean {
    const before = told.get(what);
    if (before !== undefined && plus(before, pause) > clock.now()) return false;
    if (told.size >= MOST_KEPT) told.clear();
    told.set(what, clock.now());
    return true;
  }

  return {
    checked(check, result) {
      if (!result.up || result.warning === undefined || !seldom(`${check} ${result.warning}`, DAY)) return;
      log.warn(
        { event: "check.warning", check: nameOf(check), warning: result.warning },
        `${nameOf(check)}: ${result.warning}`,
      );
    },
    cannotCheck(problem) {
      if (seldom("cannot check", MINUTE))
        log.error(
          { event: "check.impossible", problem },
          `cannot check: ${problem}; verdicts stay as they are`,
        );
    },
  };
}

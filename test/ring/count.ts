/** How many tests passed: read from what a step reports. */
import type { Counting } from "./steps.js";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Count = { passed: 0, failed: 0, skipped: 0 };

export function sum(one: Count, other: Count): Count {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

/** The last line of everything: `12 passed, 0 failed`, and `, 1 skipped` if there is one. */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * A step that failed without naming a test (a file that does not load, a runner that died) has failed once, and so has
 * one that ran no test at all: a green nothing is the worst result.
 *
 * @param report what the step wrote: its JSON for `vitest`, its output for `node-test`.
 */
export function count(counting: Counting, status: number, report: string): Count {
  if (counting === "one") return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  const read = counting === "vitest" ? vitestCount(report) : nodeTestCount(report);
  const silent = read.failed === 0 && (status !== 0 || read.passed + read.skipped === 0);
  return silent ? { ...read, failed: 1 } : read;
}

function vitestCount(json: string): Count {
  try {
    const report: unknown = JSON.parse(json);
    const number = (key: string) => {
      const value = typeof report === "object" && report !== null ? Reflect.get(report, key) : 0;
      return typeof value === "number" ? value : 0;
    };
    return {
      passed: number("numPassedTests"),
      failed: number("numFailedTests"),
      skipped: number("numPendingTests") + number("numTodoTests"),
    };
  } catch {
    return none; // it died before it wrote its report
  }
}

/** The end of node:test's `spec` report: `ℹ pass 3`, `ℹ fail 0`, `ℹ cancelled 0`, ... */
function nodeTestCount(output: string): Count {
  const number = (word: string) => {
    const matches = [...output.matchAll(new RegExp(`^(?:ℹ|#) ${word} (\\d+)$`, "gm"))];
    return matches.reduce((total, match) => total + Number(match[1]), 0);
  };
  return {
    passed: number("pass"),
    failed: number("fail") + number("cancelled"),
    skipped: number("skipped") + number("todo"),
  };
}

/** Keeps a failure that repeats from filling the log: the first ten are told, then every thousandth. */

const TOLD = 10;
const EACH = 1000;

export interface FailureCount {
  /** Counts one more; returns the line to log, or undefined if it is not to be told. */
  failed(problem: string): string | undefined;
  /** It works again: returns the line to log if the failure was told, and counts anew. */
  worked(): string | undefined;
}

export function failureCount(what: string): FailureCount {
  let failures = 0;
  return {
    failed(problem) {
      failures += 1;
      if (failures < TOLD) return `${what}: ${problem}`;
      if (failures === TOLD)
        return `${what}: ${problem} (the 10th time; from now on every ${EACH}th is told)`;
      return failures % EACH === 0 ? `${what}: ${problem} (${failures} times)` : undefined;
    },
    worked() {
      if (failures === 0) return undefined;
      const line = `${what}: works again after ${failures} failures`;
      failures = 0;
      return line;
    },
  };
}

/** Waiting for the world: asks again and again, up to a limit, and says what it waited for. */
import { setTimeout as pause } from "node:timers/promises";

export interface UntilOptions {
  /** Default 30 s: only what fails waits for so long. Inside the emulated guest everything is slower: see `LAB_SLOWNESS`. */
  readonly limitMs?: number;
  /** Default 20 ms. */
  readonly everyMs?: number;
}

/** How many times slower than usual this machine is; the guest's runner sets it, and limits grow by it. */
export const slowness = Number(process.env.LAB_SLOWNESS ?? "1");

/**
 * Resolves with the first answer of `question` that is neither undefined nor false.
 *
 * @throws Error `waited 30000 ms for WHAT` when the limit is over; an error of `question` passes through.
 */
export async function until<Answer>(
  what: string,
  question: () => Answer | Promise<Answer>,
  { limitMs = 30_000, everyMs = 20 }: UntilOptions = {},
): Promise<Exclude<Answer, undefined | false>> {
  const limit = limitMs * slowness;
  const start = performance.now();
  for (;;) {
    const answer = await question();
    // Proof of the cast: undefined and false were just excluded.
    if (answer !== undefined && answer !== false) return answer as Exclude<Answer, undefined | false>;
    if (performance.now() - start >= limit) throw new Error(`waited ${limit} ms for ${what}`);
    await pause(everyMs);
  }
}

/** Nothing to ask, only time to let pass, such as one deadtime in which nothing may happen. */
export function elapse(ms: number): Promise<void> {
  return pause(ms);
}

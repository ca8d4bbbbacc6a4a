/**
 * Random schedules of faults: how many, and what must hold in each. SYSTOLE_SCHEDULES says how many (5,000 when it is not
 * set); they are spread over the files schedules-*.test.ts, so that two cores share them.
 */
import { formatEntry, play, type Reach, type Schedule, schedules } from "@systole/sim";
import fc from "fast-check";
import { describe, test } from "vitest";

const COUNT = Number(process.env.SYSTOLE_SCHEDULES ?? 5000);
/** The same schedules in every run, unless SYSTOLE_SEED is another number or `random`, as in `npm run nightly`. */
const SEED = process.env.SYSTOLE_SEED ?? "20261120";
const seed = SEED === "random" ? {} : { seed: Number(SEED) };

export interface Kind {
  readonly name: string;
  readonly reach: Reach;
  /** Which part of all schedules is of this kind. */
  readonly share: number;
}

/** Says which invariant broke, the schedule for failed-schedules.json, and its trace. */
function mustHold(schedule: Schedule): void {
  const { violation, simulation } = play(schedule);
  if (violation === undefined) return;
  const trace = simulation.trace.entries.map(formatEntry).join("\n");
  throw new Error(`${violation}\n${JSON.stringify(schedule)}\n${trace}`);
}

export function testSchedules(kinds: readonly Kind[]): void {
  describe("any schedule of crashes, kills, freezes, stops, commands and disturbed media", () => {
    test.each([...kinds])(
      "$name: one owner, in order, no sequence twice, and in the end exactly one owner",
      ({ reach, share }) => {
        fc.assert(fc.property(schedules(reach), mustHold), { numRuns: Math.ceil(COUNT * share), ...seed });
      },
      20 * COUNT + 60_000,
    );
  });
}

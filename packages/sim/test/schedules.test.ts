/**
 * Random schedules of faults. How many is SYSTOLE_SCHEDULES (5,000 when it is not set); a schedule that failed goes
 * into failed-schedules.json and is played in every run from then on.
 */
import { readFileSync } from "node:fs";
import { formatEntry, play, type Reach, type Schedule, schedules } from "@systole/sim";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const COUNT = Number(process.env.SYSTOLE_SCHEDULES ?? 5000);

/** What fast-check prints when a schedule fails: the schedule for failed-schedules.json, and its trace. */
function mustHold(schedule: Schedule): void {
  const { violation, simulation } = play(schedule);
  if (violation === undefined) return;
  const trace = simulation.trace.entries.map(formatEntry).join("\n");
  throw new Error(`${violation}\n${JSON.stringify(schedule)}\n${trace}`);
}

describe("any schedule of crashes, kills, freezes, stops, commands and disturbed media", () => {
  test.each<{ name: string; reach: Reach; share: number }>([
    { name: "one medium is never disturbed", reach: { healthyMedia: 1, media: 2 }, share: 0.5 },
    { name: "every medium may be disturbed", reach: { healthyMedia: 0, media: 2 }, share: 0.3 },
    {
      name: "heartbeats overtake one another all the time",
      reach: { healthyMedia: 1, media: 2, shuffled: true },
      share: 0.1,
    },
    {
      name: "with ldirectord and failing real servers",
      reach: { healthyMedia: 1, media: 2, directors: true },
      share: 0.1,
    },
  ])(
    "$name: one owner, in order, no sequence twice, and in the end exactly one owner",
    ({ reach, share }) => {
      fc.assert(fc.property(schedules(reach), mustHold), { numRuns: Math.ceil(COUNT * share) });
    },
    20 * COUNT + 60_000,
  );
});

// The file is ours: its shape is that of Schedule.
const failed = JSON.parse(readFileSync(new URL("failed-schedules.json", import.meta.url), "utf8")) as {
  found: string;
  schedule: Schedule;
}[];

test.each(failed)("a schedule that failed once: $found", ({ schedule }) => {
  expect(play(schedule).violation).toBeUndefined();
});

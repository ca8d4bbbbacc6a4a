/** A schedule that failed once goes into failed-schedules.json and is played in every run from then on. */
import { readFileSync } from "node:fs";
import { play, type Schedule } from "@systole/sim";
import { expect, test } from "vitest";

// The file is ours: its shape is that of Schedule.
const failed = JSON.parse(readFileSync(new URL("failed-schedules.json", import.meta.url), "utf8")) as {
  found: string;
  schedule: Schedule;
}[];

test.each(failed)("a schedule that failed once: $found", ({ schedule }) => {
  expect(play(schedule).violation).toBeUndefined();
});

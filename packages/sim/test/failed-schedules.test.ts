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

/** Found and not mended yet: each must still fail, and moves to the list above when it does not. */
const open: typeof failed = [
  {
    found:
      "after a cut of all media, a process frozen between deciding and sending renews a VIP that had ended",
    schedule: {
      ...{
        seed: 196060240,
        clockRates: [1, 1],
        autoFailback: "on",
        directors: false,
        secondStartsAfterMs: 0,
      },
      faults: [
        ...[1, 0].map((medium) => ({
          atMs: 19491,
          fault: {
            ...{ kind: "disturb" as const, medium, node: 0, direction: "both" as const, cut: true },
            ...{ loss: 0, jitterMs: 0, duplicate: 0, forMs: 4000 },
          },
        })),
        { atMs: 22549, fault: { kind: "freeze" as const, node: 1, forMs: 4017, actions: 2 } },
      ],
    },
  },
];

test.each(open)("still open: $found", ({ schedule }) => {
  expect(play(schedule).violation).toBeDefined();
});

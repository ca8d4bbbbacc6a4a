#!/usr/bin/env node
/**
 * Plays one schedule and prints what an onlooker saw.
 *
 *   node packages/sim/dist/replay.js '{"seed":0,...}'      a schedule as a failing test printed it
 *   node packages/sim/dist/replay.js --story FILE           a story
 */
import { readFileSync } from "node:fs";
import type { Schedule } from "./faults.js";
import { play } from "./play.js";
import { formatStory, parseStory, playStory } from "./story.js";
import { formatEntry } from "./trace.js";

const [first, second] = process.argv.slice(2);

function replay(): string | undefined {
  if (first === "--story" && second !== undefined) {
    const { played, violation } = playStory(parseStory(readFileSync(second, "utf8")));
    process.stdout.write(formatStory(played));
    return violation;
  }
  const schedule: Schedule = JSON.parse(first ?? ""); // printed by a test of ours
  const { violation, simulation } = play(schedule);
  for (const entry of simulation.trace.entries) process.stdout.write(`${formatEntry(entry)}\n`);
  return violation;
}

if (first === undefined) {
  process.stderr.write("usage: replay 'SCHEDULE AS JSON' | replay --story FILE\n");
  process.exitCode = 2;
} else {
  const violation = replay();
  process.stdout.write(violation === undefined ? "every invariant held\n" : `VIOLATION ${violation}\n`);
  process.exitCode = violation === undefined ? 0 : 1;
}

/** Our core in dialogue with the recorded nodes of heartbeat 3.0.6 (vector 01, which is complete). */
import { expect, test } from "vitest";
import { playAgainst, type Recording } from "./against-recording.js";

const alone = ["stonith n_stnth", "starting", "start", "resource all 1"];
const joined = ["reqnodes", "repnodes", "resource all 1"];
const failedBack = [
  "ask foreign me",
  "stop",
  "resource local 0",
  "ask foreign done",
  "resource local 1",
  "resource local 1",
];
const allTaken = ["ask all other", "start", "resource all 1", "ask all done", "resource all 1"];

const asSecond = { scenario: "01", local: "hbn2", autoFailback: "on" } as const;

test.each<{ name: string; recording: Recording; said: string[] }>([
  {
    name: "cold start, and we prefer nothing: the other takes its group after its 10 s",
    recording: { ...asSecond, fromMs: 385, untilMs: 14_000 },
    said: ["reqnodes", "repnodes", "starting", "resource none 0", "resource none 0", "resource local 1"],
  },
  {
    name: "cold start, and the group prefers us: nobody is stable for 10 s, then we take it",
    recording: { ...asSecond, local: "hbn1", fromMs: 0, untilMs: 11_900 },
    said: [
      "reqnodes",
      "repnodes",
      "starting",
      "resource none 0",
      "resource none 0",
      "start",
      "resource local 1",
    ],
  },
  {
    name: "the other dies: we take its group after its deadtime",
    recording: { ...asSecond, fromMs: 385, untilMs: 30_000 },
    said: [
      ...["reqnodes", "repnodes", "starting", "resource none 0", "resource none 0", "resource local 1"],
      ...["stonith n_stnth", "start", "resource all 1"],
    ],
  },
  {
    name: "the preferred node comes back: it gets its group in the words of 3.0.6",
    recording: { ...asSecond, fromMs: 45_000, untilMs: 64_000 },
    said: [...alone, ...joined, ...failedBack],
  },
  {
    name: "hb_standby all on the other: we take everything",
    recording: { ...asSecond, fromMs: 45_000, untilMs: 67_000 },
    said: [...alone, ...joined, ...failedBack, ...allTaken],
  },
  {
    name: "hb_takeover local on the other: we offer what is foreign to us; it shuts down: we take it at once",
    recording: { ...asSecond, fromMs: 45_000, untilMs: 79_000 },
    said: [
      ...[...alone, ...joined, ...failedBack, ...allTaken, ...failedBack],
      ...["start", "resource all 1", "stonith unneeded"],
    ],
  },
  {
    name: "legacy: we come to one that has our group, ask for it, and take it when it says that it let go",
    recording: { scenario: "04", local: "hbn1", autoFailback: "legacy", fromMs: 7400, untilMs: 10_000 },
    said: ["reqnodes", "ip-request IPaddr2::10.66.0.50/24/eth0", "start"],
  },
  {
    name: "legacy: we have its group, it comes and asks; it says goodbye: ours again, at once",
    recording: { scenario: "04", local: "hbn2", autoFailback: "legacy", fromMs: 190, untilMs: 20_000 },
    said: [
      ...["stonith n_stnth", "start", "reqnodes", "repnodes", "stop", "ip-request-resp yes OK"],
      ...["start", "stonith unneeded"],
    ],
  },
])("$name", ({ recording, said }) => {
  expect(playAgainst(recording)).toEqual(said);
});

/** A frozen or killed daemon on the owner, whose kernel lives on: does the owner go on answering beside the new one? */
import { answeredTwice, watchAnswers } from "../../lab/probe.js";
import { elapse } from "../../lab/until.js";
import type { Bench } from "./bench.js";
import { VIP } from "./contender.js";

export type DaemonFault = "freeze" | "kill";
export const DAEMON_FAULTS: readonly DaemonFault[] = ["freeze", "kill"];

/** Milliseconds, around the lease (690) and the deadtime (1000) of the shipped ha.cf, on both sides of each. */
const LENGTHS = [300, 600, 650, 680, 700, 720, 800, 950, 990, 1000, 1010, 1050, 1100, 1200, 1500, 2500];

export interface Doubles {
  /** How long it was frozen, or dead before it was started again. */
  readonly lengthMs: number;
  /** Questions answered by two. */
  readonly doubles: number;
  readonly twoOwnersMs: number;
  readonly asked: number;
  /** The longest time between two questions. */
  readonly blinkMs: number;
}

/** Watched until all is over that the fault and the daemon's return can lead to; leaves the cluster well. */
export async function playDaemonFault(bench: Bench, fault: DaemonFault, run: number): Promise<Doubles> {
  const { contender } = bench;
  const owner = await bench.ownerOf(contender.settleMs);
  const lengthMs = LENGTHS[run % LENGTHS.length]!; // the remainder is one of its indices
  const onlooker = await watchAnswers(bench.onlooker, VIP);
  await elapse(100);
  bench.signal(owner, fault === "freeze" ? "SIGSTOP" : "SIGKILL");
  await elapse(lengthMs);
  if (fault === "freeze") bench.signal(owner, "SIGCONT");
  else await contender.start(owner);
  await elapse(contender.times.deadtimeMs + 1000);
  const saw = await onlooker.stop();
  // The new life of the originals knows nothing of what the old one had.
  if (bench.directors.every((node) => node.holds(VIP))) await bench.dropVip(owner);
  await bench.well(contender.startMs);
  const twice = answeredTwice(saw).map(([when]) => when);
  return {
    lengthMs,
    doubles: twice.length,
    twoOwnersMs: twice.length === 0 ? 0 : Math.max(...twice) - Math.min(...twice) + 10,
    asked: saw.asked.length,
    blinkMs: Math.max(...saw.asked.map((at, index) => at - (saw.asked[index - 1] ?? at))),
  };
}

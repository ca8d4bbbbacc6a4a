/**
 * What clients see of an address, whatever the directors think: does it answer, who answers, who announces it.
 *
 * Moments are milliseconds of the machine's monotonic clock, `monotonicMs`.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { LabNode } from "./node.js";

export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** A client that asks every millisecond. */
export interface ClientSaw {
  /** When each question was asked. */
  readonly asked: readonly number[];
  /** Which question was answered, and when. */
  readonly answered: readonly (readonly [question: number, atMs: number])[];
}

/** An onlooker who asks every ten milliseconds who has the address. */
export interface OnlookerSaw {
  readonly asked: readonly number[];
  readonly answers: readonly (readonly [question: number, mac: string, atMs: number])[];
  readonly announcements: readonly (readonly [mac: string, atMs: number])[];
  /**
   * Who said, when, to the whole network that a node is dead or that it is the owner itself: heartbeat's `stonith`, the same
   * of ours, an advertisement of VRRP. Nobody says so before the decision.
   */
  readonly verdicts: readonly (readonly [mac: string, atMs: number])[];
}

export interface Probe<Saw> {
  stop(): Promise<Saw>;
}

/** The node must stay switched on meanwhile. */
export const probeFrom = (client: LabNode, target: string): Promise<Probe<ClientSaw>> =>
  begin("probe-client.mjs", client, target);

export const watchAnswers = (onlooker: LabNode, target: string): Promise<Probe<OnlookerSaw>> =>
  begin("probe-onlooker.mjs", onlooker, target);

/** By the path of the checkout: a bench runs as one bundle, somewhere else. */
async function begin<Saw>(file: string, { pid }: LabNode, target: string): Promise<Probe<Saw>> {
  const workerData = { netns: `/proc/${pid}/ns/net`, pid, target, device: "pub" };
  const worker = new Worker(`${process.cwd()}/test/lab/${file}`, { workerData });
  await once(worker, "message");
  return {
    async stop() {
      const answer = once(worker, "message");
      worker.postMessage("stop");
      const [saw] = await answer;
      return saw as Saw; // the worker in `file` answers with exactly this
    },
  };
}

/**
 * The outage of a client: the longest time between two questions that were answered, of those asked since then, if one
 * between them was not. A time in which a starved client did not ask is none.
 */
export function longestOutageMs({ asked, answered }: ClientSaw, sinceMs: number): number {
  const served = new Set(answered.map(([question]) => question));
  let longest = 0;
  let before = sinceMs;
  let missed = false;
  for (const [question, at] of asked.entries()) {
    if (at < sinceMs) continue;
    if (!served.has(question)) missed = true;
    if (!served.has(question) && question < asked.length - 1) continue;
    if (missed) longest = Math.max(longest, at - before);
    before = at;
    missed = false;
  }
  return longest;
}

/** Questions that more than one machine answered: milliseconds of the clock, and who. */
export function answeredTwice({ asked, answers }: OnlookerSaw): readonly (readonly [number, string])[] {
  const who = new Map<number, Set<string>>();
  for (const [question, mac] of answers) who.set(question, (who.get(question) ?? new Set()).add(mac));
  return [...who]
    .filter(([, macs]) => macs.size > 1)
    .map(([question, macs]) => [asked[question] ?? 0, [...macs].join(" and ")] as const);
}

/** The MAC addresses that answered, one after another: a single one if the address did not move. */
export function ownersIn({ answers }: OnlookerSaw): readonly string[] {
  return answers.flatMap(([, mac], index) => (answers[index - 1]?.[1] === mac ? [] : [mac]));
}

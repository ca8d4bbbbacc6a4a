/** What a contender does on the farm: starts, finds deaths, reloads, stops. Milliseconds unless said otherwise. */
import { existsSync, readFileSync } from "node:fs";
import { alive } from "../../lab/cluster.js";
import { signalTo } from "../../lab/process.js";
import { elapse, until } from "../../lab/until.js";
import type { Farm } from "./farm.js";
import { type Cost, costOf, family } from "./processes.js";

const STEADY_MS = 10_000;
/** Long enough for ours and keepalived; the original takes as long as its start does, two thirds of an hour at 5,000. */
const RELOAD_MS = 15_000;
export const STOP_LIMIT_S = 60;
/** The original waits for one black hole after the other: of 5,000 real servers a tenth is 500 s in each pass. */
const START_LIMIT_MS = 7_200_000;
const VERDICT_LIMIT_MS = 3_600_000;

/** Changes of weights as a contender's table saw them. */
interface Change {
  readonly atMs: number;
  readonly real: string;
  readonly weight: number;
}

function changesIn(path: string, from = 0): readonly Change[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .slice(from)
    .map((line) => {
      const [at = "", real = "", weight = ""] = line.split(" ");
      return { atMs: Number(at) / 1000, real, weight: Number(weight) };
    });
}

export const wallMs = () => performance.timeOrigin + performance.now();

interface Deaths {
  readonly took: readonly number[];
  readonly back: readonly number[];
}

export class Trial {
  readonly #farm: Farm;
  readonly #path: string;
  readonly #pid: number;
  readonly #asked: readonly string[];

  /** @param asked the real servers that answer */
  constructor(farm: Farm, path: string, pid: number, asked: readonly string[]) {
    this.#farm = farm;
    this.#path = path;
    this.#pid = pid;
    this.#asked = asked;
  }

  /** All of them have weight; the moment of the last. */
  async started(): Promise<number> {
    const up = new Set<string>();
    let read = 0;
    let last = 0;
    const all = () => {
      const news = changesIn(this.#path, read);
      read += news.length;
      for (const { atMs, real, weight } of news) {
        if (weight > 0) up.add(real);
        else up.delete(real);
        last = atMs;
      }
      return this.#asked.every((real) => up.has(real));
    };
    await until("every healthy real server to have weight", all, { limitMs: START_LIMIT_MS, everyMs: 100 });
    return last;
  }

  async steady(): Promise<{
    readonly checksPerS: number;
    readonly cpuPerThousand: number;
    readonly cost: Cost;
  }> {
    const [from, answered, began] = [costOf(this.#pid), this.#farm.answered(), wallMs()];
    await elapse(STEADY_MS);
    const cost = costOf(this.#pid);
    const checks = this.#farm.answered() - answered;
    const seconds = (wallMs() - began) / 1000;
    return {
      checksPerS: checks / seconds,
      cpuPerThousand: ((cost.cpuSeconds - from.cpuSeconds) / checks) * 1000,
      cost,
    };
  }

  /** Milliseconds until weight 0, and from then on until weight. */
  async deaths(what: "refuse" | "silent", victims: readonly string[]): Promise<Deaths> {
    const took = await this.#each(
      victims,
      (real) => this.#farm.make(what, [real]),
      (weight) => weight === 0,
    );
    const back = await this.#each(
      victims,
      (real) => this.#farm.heal([real]),
      (weight) => weight > 0,
    );
    return { took, back };
  }

  /** One after the other, at no particular moment of their interval; milliseconds until each has such a weight. */
  async #each(
    reals: readonly string[],
    act: (real: string) => Promise<void>,
    wanted: (weight: number) => boolean,
  ): Promise<readonly number[]> {
    const from = changesIn(this.#path).length;
    const began = new Map<string, number>();
    for (const real of reals) {
      await elapse(230);
      began.set(real, wallMs());
      await act(real);
    }
    const seen = (real: string) =>
      changesIn(this.#path, from).find((change) => change.real === real && wanted(change.weight));
    await until("the weights of all of them", () => reals.every((real) => seen(real) !== undefined), {
      limitMs: VERDICT_LIMIT_MS,
    });
    return reals.map((real) => seen(real)!.atMs - began.get(real)!); // just waited for
  }

  /** SIGHUP, with a file that did not change: for how long nobody at all was asked, and how long any one was not. */
  async reload(): Promise<{ readonly nobodyMs: number; readonly oneMs: number }> {
    this.#farm.forgetGaps();
    signalTo(this.#pid, "SIGHUP");
    await elapse(RELOAD_MS);
    return { nobodyMs: this.#farm.longestWithout(), oneMs: this.#farm.longestWithout(this.#asked) };
  }

  /** Seconds from SIGTERM to the end; infinite when that takes too long. */
  async stop(): Promise<number> {
    const began = wallMs();
    signalTo(this.#pid, "SIGTERM");
    while (alive(this.#pid)) {
      if (wallMs() - began > STOP_LIMIT_S * 1000) return Number.POSITIVE_INFINITY;
      await elapse(5);
    }
    return (wallMs() - began) / 1000;
  }

  /** The whole contender is stopped for 2 s: how many healthy real servers it takes out for it. */
  async stopped(): Promise<number> {
    const from = changesIn(this.#path).length;
    const all = family(this.#pid);
    for (const pid of all) signalTo(pid, "SIGSTOP");
    await elapse(2000);
    for (const pid of all) signalTo(pid, "SIGCONT");
    await elapse(4000);
    return changesIn(this.#path, from).filter(({ weight }) => weight === 0).length;
  }
}

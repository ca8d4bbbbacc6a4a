/**
 * What do checks cost, and how soon is a dead real server out? ldirectord beside keepalived and the original on the
 * same farm: N real servers, HTTP every second, limit one second; without and with 10 % of them black-holed.
 *
 * checks.ts [N] [ours|keepalived|ldirectord]... [--whole|--holes] [--warm SECONDS]: default 100 and all three, without and
 * with black holes. This machine's kernel need not have ip_vs: each puts its table into a stand-in, which tells when a
 * weight became 0 (test/bench/farm).
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { alive, type Cluster, makeCluster } from "../lab/cluster.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { type Contender, keepalived, original, ours } from "./farm/contenders.js";
import { type Farm, makeFarm } from "./farm/farm.js";
import { type Cost, costOf, family } from "./farm/processes.js";

const DEATHS = 12;
/** Before the steady measure: at a hundred checks a second, V8 compiles for half a minute what it runs often. */
const warmUpMs = (words: readonly string[]): number =>
  words.includes("--warm") ? Number(words[words.indexOf("--warm") + 1]) * 1000 : 30_000;
const STEADY_MS = 10_000;
/** Inside of the checkout, which roots of peers see at the same path. */
const CHANGES = join(process.cwd(), ".cache/bench/changes");

function compile(source: string, options: readonly string[] = []): string {
  const out = join(process.cwd(), ".cache/bench", source.replace(/\.c$/, ".bin"));
  mkdirSync(join(process.cwd(), ".cache/bench"), { recursive: true });
  execFileSync("cc", ["-O2", ...options, "-o", out, join("test/bench/farm", source)], { stdio: "inherit" });
  return out;
}

/** In a process of its own: we are a bundle ourselves, and esbuild cannot be part of one. */
function bundled(source: string): string {
  const program = `import { bundle } from "./test/setup/bundle.mjs"; console.log((await bundle("bench", ["${source}"]))[0]);`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }).trim();
}

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

const wallMs = () => performance.timeOrigin + performance.now();

interface Row {
  readonly contender: string;
  readonly startS: number;
  /** Until the last of them had weight. */
  readonly startCpuS: number;
  readonly checksPerS: number;
  readonly cpuPerThousand: number;
  readonly cost: Cost;
  readonly refused: readonly number[];
  readonly silent: readonly number[];
  /** From the end of a refusal to weight. */
  readonly back: readonly number[];
  readonly falseVerdicts: number;
  /** From SIGTERM to the end of the process. */
  readonly stopS: number;
}

interface Deaths {
  readonly took: readonly number[];
  readonly back: readonly number[];
}

class Trial {
  readonly #farm: Farm;
  readonly #path: string;
  readonly #pid: number;

  constructor(farm: Farm, path: string, pid: number) {
    this.#farm = farm;
    this.#path = path;
    this.#pid = pid;
  }

  /** All of them have weight; the moment of the last. */
  async started(reals: readonly string[]): Promise<number> {
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
      return reals.every((real) => up.has(real));
    };
    await until("every healthy real server to have weight", all, { limitMs: 600_000, everyMs: 100 });
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

  /** Does it to one after the other, at no particular moment of their interval; milliseconds until each has such a weight. */
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
      limitMs: 240_000,
    });
    return reals.map((real) => seen(real)!.atMs - began.get(real)!); // just waited for
  }

  /** Seconds from SIGTERM to the end. */
  async stop(): Promise<number> {
    const began = wallMs();
    signalTo(this.#pid, "SIGTERM");
    await until("its end", () => !alive(this.#pid), { limitMs: 60_000, everyMs: 5 });
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

async function measure(
  contender: Contender,
  count: number,
  holes: number,
  farmProgram: string,
): Promise<Row> {
  const cluster: Cluster = await makeCluster({
    topology: ultraMonkey({ directors: 1, reals: 1, heartbeats: 0 }),
  });
  try {
    const director = cluster.node("director1");
    const farm = await makeFarm(cluster.node("real1"), director, count, farmProgram);
    const healthy = farm.reals.filter((_, index) => index % 10 !== 9 || holes === 0);
    await farm.make(
      "silent",
      farm.reals.filter((_, index) => index % 10 === 9 && holes > 0),
    );
    const began = wallMs();
    writeFileSync(CHANGES, "");
    const pid = await contender.start(director, farm.reals, CHANGES);
    const trial = new Trial(farm, CHANGES, pid);
    const startS = ((await trial.started(healthy)) - began) / 1000;
    const startCpuS = costOf(pid).cpuSeconds;
    await elapse(warmUpMs(words));
    const victims = Array.from(
      { length: DEATHS },
      (_, index) => healthy[Math.floor((index * healthy.length) / DEATHS)]!,
    );
    const steady = await trial.steady();
    const refused = await trial.deaths("refuse", victims);
    const silent = await trial.deaths("silent", victims);
    const falseVerdicts = await trial.stopped();
    const stopS = await trial.stop();
    return {
      ...{ contender: contender.name, startS, startCpuS, ...steady, falseVerdicts, stopS },
      ...{ refused: refused.took, back: refused.back, silent: silent.took },
    };
  } finally {
    await cluster.close();
  }
}

const median = (times: readonly number[]) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
const spread = (times: readonly number[]) =>
  `${(median(times) / 1000).toFixed(2)} (${(Math.max(...times) / 1000).toFixed(2)})`;

function printRow(row: Row): void {
  const cells = [
    row.contender,
    `${row.startS.toFixed(1)} / ${row.startCpuS.toFixed(1)}`,
    row.checksPerS.toFixed(0),
    row.cpuPerThousand.toFixed(3),
    `${row.cost.rssMb.toFixed(0)} / ${row.cost.pssMb.toFixed(0)}`,
    spread(row.refused),
    spread(row.silent),
    spread(row.back),
    String(row.falseVerdicts),
    row.stopS.toFixed(2),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

const words = process.argv.slice(2);
const count = Number(words.find((word, index) => /^\d+$/.test(word) && words[index - 1] !== "--warm") ?? 100);
const farmProgram = compile("farm.c");
const contenders = {
  ours: () => ours(bundled("test/bench/farm/ours.ts")),
  keepalived: () => keepalived(compile("ipvs-stand-in.c", ["-shared", "-fPIC"])),
  ldirectord: () => original(compile("ipvsadm-stand-in.c")),
} as const;
const wanted = Object.entries(contenders).filter(
  ([name]) => words.includes(name) || !words.some((word) => word in contenders),
);
const rows: Row[] = [];
for (const holes of words.includes("--holes") ? [10] : words.includes("--whole") ? [0] : [0, 10]) {
  process.stdout.write(
    `\n${count} real servers, ${holes} % black holes; load of the machine ${loadavg()[0]!.toFixed(1)}\n` +
      "| | start s / CPU s | checks/s | CPU s per 1000 | RSS / PSS MB | refused: s to weight 0, median (max) | silent | back | false after 2 s stop | stop s |\n" +
      "|---|---|---|---|---|---|---|---|---|---|\n",
  );
  for (const [, make] of wanted) {
    const row = await measure(make(), count, holes, farmProgram);
    printRow(row);
    rows.push(row);
  }
}
writeFileSync(".cache/bench/checks.json", JSON.stringify(rows, undefined, 2));

/**
 * What do checks cost, and how soon is a dead real server out? ldirectord beside keepalived and the original on the
 * same farm: N real servers, HTTP every second, limit one second; without and with 10 % of them black-holed.
 *
 * checks.ts [N] [ours|keepalived|ldirectord]... [--whole|--holes] [--warm SECONDS]: default 100 and all three, without and
 * with black holes. This machine's kernel need not have ip_vs: each puts its table into a stand-in, which tells when a
 * weight became 0 (test/bench/farm).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";
import { type Contender, keepalived, original, ours } from "./farm/contenders.js";
import { makeFarm } from "./farm/farm.js";
import { type Cost, costOf } from "./farm/processes.js";
import { STOP_LIMIT_S, Trial, wallMs } from "./farm/trial.js";

const DEATHS = 12;
/** Before the steady measure: at a hundred checks a second, V8 compiles for half a minute what it runs often. */
const WARM_UP_S = "30";
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
  /** For how long nobody was asked, and one of them was not, around a reload. */
  readonly reload: { readonly nobodyMs: number; readonly oneMs: number };
  readonly falseVerdicts: number;
  /** From SIGTERM to the end of the process; infinite if it did not end. */
  readonly stopS: number;
}

async function measure(
  contender: Contender,
  count: number,
  holes: number,
  warmUpMs: number,
  farmProgram: string,
): Promise<Row> {
  const tell = (what: string) => process.stderr.write(`checks: ${contender.name}: ${what}\n`);
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
    tell("starts");
    const pid = await contender.start(director, farm.reals, CHANGES);
    const trial = new Trial(farm, CHANGES, pid, healthy);
    const startS = ((await trial.started()) - began) / 1000;
    const startCpuS = costOf(pid).cpuSeconds;
    tell(`has started after ${startS.toFixed(1)} s; steady`);
    await elapse(warmUpMs);
    const victims = Array.from(
      { length: DEATHS },
      (_, index) => healthy[Math.floor((index * healthy.length) / DEATHS)]!,
    );
    const steady = await trial.steady();
    tell(`${steady.checksPerS.toFixed(0)} checks/s, ${steady.cpuPerThousand.toFixed(3)} CPU s per 1000`);
    tell(`${DEATHS} refuse, and are back`);
    const refused = await trial.deaths("refuse", victims);
    tell(`${DEATHS} are silent, and are back`);
    const silent = await trial.deaths("silent", victims);
    tell("is stopped for 2 s, reloads, ends");
    const falseVerdicts = await trial.stopped();
    const reload = await trial.reload();
    const stopS = await trial.stop();
    return {
      ...{ contender: contender.name, startS, startCpuS, ...steady, reload, falseVerdicts, stopS },
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
    `${(row.reload.nobodyMs / 1000).toFixed(2)} / ${(row.reload.oneMs / 1000).toFixed(2)}`,
    String(row.falseVerdicts),
    Number.isFinite(row.stopS) ? row.stopS.toFixed(2) : `over ${STOP_LIMIT_S}`,
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

const contenders = {
  ours: () => ours(bundled("test/bench/farm/ours.ts")),
  keepalived: () => keepalived(compile("ipvs-stand-in.c", ["-shared", "-fPIC"])),
  ldirectord: () => original(compile("ipvsadm-stand-in.c")),
} as const;

interface Wanted {
  readonly count: number;
  readonly contenders: readonly (keyof typeof contenders)[];
  readonly holes: readonly number[];
  readonly warmUpMs: number;
}

/** @throws Error what is wrong with a word */
function fromWords(args: readonly string[]): Wanted {
  const flag = { type: "boolean" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { whole: flag, holes: flag, warm: { type: "string", default: WARM_UP_S } },
  });
  const isContender = (word: string): word is keyof typeof contenders => Object.hasOwn(contenders, word);
  const isCount = (word: string) => /^[1-9]\d*$/.test(word);
  const strange = [
    ...positionals.filter((word) => !isContender(word) && !isCount(word)),
    ...positionals.filter(isCount).slice(1),
    ...(/^\d+$/.test(values.warm) ? [] : [values.warm]),
  ];
  if (strange.length > 0) throw new Error(`not understood: ${strange.join(" ")}`);
  const named = positionals.filter(isContender);
  return {
    count: Number(positionals.find(isCount) ?? 100),
    contenders: named.length > 0 ? named : Object.keys(contenders).filter(isContender),
    holes: values.holes === values.whole ? [0, 10] : [values.holes ? 10 : 0],
    warmUpMs: Number(values.warm) * 1000,
  };
}

function wantedOrUsage(): Wanted {
  try {
    return fromWords(process.argv.slice(2));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: checks: ${problem}; see npm run bench -- checks --help\n`);
    process.exit(64);
  }
}

const { count, contenders: named, holes: shares, warmUpMs } = wantedOrUsage();
const farmProgram = compile("farm.c");
const rows: Row[] = [];
for (const holes of shares) {
  process.stdout.write(
    `\n${count} real servers, ${holes} % black holes; load of the machine ${loadavg()[0]!.toFixed(1)}\n` +
      "| | start s / CPU s | checks/s | CPU s per 1000 | RSS / PSS MB | refused: s to weight 0, median (max) | silent | back | reload: s without a check of anybody / of one | false after 2 s stop | stop s |\n" +
      "|---|---|---|---|---|---|---|---|---|---|---|\n",
  );
  for (const name of named) {
    const row = await measure(contenders[name](), count, holes, warmUpMs, farmProgram);
    printRow(row);
    rows.push(row);
  }
}
writeFileSync(".cache/bench/checks.json", JSON.stringify(rows, undefined, 2));

/**
 * ring.ts all|fast [--strict]: runs the steps in their order, each with its ring, its time and its counts. Neighbours that
 * only read the sources run two at a time; a soak runs beside what follows it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eachLine } from "../lab/process.js";
import { type Count, count, none, sum, summary } from "./count.js";
import { failures } from "./failures.js";
import { type Step, steps } from "./steps.js";

const [which = "all", ...flags] = process.argv.slice(2);
const strict = flags.includes("--strict");
const folder = ".cache/ring";
const PROGRESS_EVERY_MS = 10_000;
const OUTPUT_SHOWN_LINES = 150;

/** Steps that run: a soak beside another. Who interrupts this program ends them all. */
const running = new Set<ChildProcess>();
const interrupted = () => {
  for (const child of running) child.kill("SIGTERM");
  process.exit(130);
};
process.once("SIGINT", interrupted).once("SIGTERM", interrupted);

mkdirSync(folder, { recursive: true });
const began = performance.now();
let total = none;
const bad: string[] = [];
const badTests: string[] = [];
const chosen = steps.filter((step) => which !== "fast" || step.fast);
const soaks: Promise<void>[] = [];
while (chosen.length > 0) {
  if (chosen[0]?.beside === true) {
    soaks.push(lane(chosen.splice(0, 1)));
    continue;
  }
  const alone = chosen.findIndex((step) => !step.readsOnly);
  const together = chosen.splice(0, alone === -1 ? chosen.length : Math.max(1, alone));
  await Promise.all([lane(together), lane(together)]);
}
await Promise.all(soaks);
if (which === "fast") console.log("not run: namespaces, guest (npm test runs them)");
for (const line of badTests) console.log(`failed: ${line}`);
if (bad.length > 0) console.log(`failed: ${bad.join(", ")}; whole output in ${folder}/`);
console.log(`${((performance.now() - began) / 1000).toFixed(0)} s in all`);
console.log(summary(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/** Plays steps of a list that another lane may be taking from, too, until there are none left. */
async function lane(waiting: Step[]): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const reason = step.impossible?.();
    const result = reason === undefined ? await play(step) : skip(step, reason);
    if (result.failed > 0) bad.push(step.name);
    total = sum(total, result);
  }
}

function skip(step: Step, reason: string): Count {
  console.log(`!!!!!!  ${step.ring}: ${step.name} CANNOT RUN HERE: ${reason}`);
  return strict ? { ...none, failed: 1 } : { ...none, skipped: 1 };
}

async function play(step: Step): Promise<Count> {
  const slug = step.name.replaceAll(" ", "-");
  const json = join(folder, `${slug}.json`);
  rmSync(json, { force: true });
  const report =
    step.counting === "vitest" ? ["--reporter=default", "--reporter=json", `--outputFile.json=${json}`] : [];
  console.log(`${step.ring.padEnd(7)} ${step.name} ...`);
  const start = performance.now();
  const { status, lines } = await execute(step, [...step.command, ...report]);
  writeFileSync(join(folder, `${slug}.log`), `${lines.join("\n")}\n`);
  const written = step.counting === "vitest" ? readOr(json, "") : lines.join("\n");
  const counted = count(step.counting, status, written);
  badTests.push(...failures(step.counting, written).map((line) => `${step.name}: ${line}`));
  const result = strict ? { ...counted, failed: counted.failed + counted.skipped, skipped: 0 } : counted;
  if (result.failed > 0) console.log(lines.slice(-OUTPUT_SHOWN_LINES).join("\n"));
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  console.log(`${step.ring.padEnd(7)} ${step.name.padEnd(24)} ${seconds} s  ${summary(result)}`);
  return result;
}

/** Runs a command to its end; says every ten seconds that it still does, and what it said last. */
function execute(step: Step, command: readonly string[]): Promise<{ status: number; lines: string[] }> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1" },
    });
    const lines: string[] = [];
    const start = performance.now();
    const progress = setInterval(() => {
      const last = lines.findLast((line) => line.trim() !== "") ?? "";
      console.log(
        `        ${step.name}: ${Math.round((performance.now() - start) / 1000)} s ... ${last.trim().slice(0, 90)}`,
      );
    }, PROGRESS_EVERY_MS);
    const limit = setTimeout(() => {
      lines.push(`ring: time limit of ${step.limitMinutes} minutes is over`);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 5000).unref();
    }, step.limitMinutes * 60_000);
    running.add(child);
    eachLine(child.stdout, (line) => lines.push(line));
    eachLine(child.stderr, (line) => lines.push(line));
    const end = (status: number) => {
      clearInterval(progress);
      clearTimeout(limit);
      running.delete(child);
      resolve({ status, lines });
    };
    child.on("error", (error) => {
      lines.push(`ring: ${command[0]}: ${error.message}`);
      end(127);
    });
    child.on("close", (code) => end(code ?? 128));
  });
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

/**
 * A program as a transient unit of the service manager: its child, not ours.
 *
 * So it has nothing of heartbeat's sandbox, limits and scheduling, and what it leaves running is no process of
 * heartbeat's service: a restart of heartbeat does not touch it. `systemd-run` speaks with the manager on its private
 * socket; no bus is needed. The unit has no default dependencies: else none could start while the machine shuts down,
 * and resources could not be stopped then.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { type Clock, milliseconds, seconds } from "@systole/machine";
import { readFifo } from "@systole/sys";
import { outputOf, type ProgramCall, type ProgramResult, runProgram } from "./child-process.js";
import { problemOf } from "./resource.js";
import { pause, withLimit } from "./time-limit.js";

export interface UnitDependencies {
  readonly clock: Clock;
  /** A line that the program printed. */
  readonly printed: (line: string) => void;
  /** A folder of ours: what the program reads and writes has a name there for a moment. */
  readonly pipes: string;
}

export interface UnitCall extends ProgramCall {
  /** Unique; letters, digits and `-` only. */
  readonly name: string;
  readonly what: string;
  readonly quiet?: boolean;
}

/** The manager did not start it, with what was said. */
export interface Refusal {
  readonly refused: string;
}

/** What the manager is asked beside is answered at once, or it is not well. */
const ANSWER_LIMIT = seconds(20);
/** `systemd-run` could not reach the manager, or the manager would not. */
const REFUSED = /^Failed to (?!wait for)/;
/** It does not know how the program ended: the manager was started anew. */
const LOST = /^Failed to wait for/;
const LOOK_EVERY = milliseconds(500);
/** As wait(2) tells of a child. */
const CLD_EXITED = "1";

/** @throws what `signal` says; only then has the unit been ended early. */
export async function runUnit(
  call: UnitCall,
  signal: AbortSignal,
  dependencies: UnitDependencies,
): Promise<ProgramResult | Refusal> {
  const files = filesOf(call, dependencies.pipes);
  try {
    mkdirSync(dependencies.pipes, { recursive: true, mode: 0o700 });
    if (files.in !== undefined) writeFileSync(files.in, call.input ?? "", { mode: 0o600 });
    await ask("mkfifo", ["-m", "600", files.out, files.err], call, dependencies);
    return await runInUnit(call, files, signal, dependencies);
  } catch (error) {
    signal.throwIfAborted();
    return { refused: problemOf(error) };
  } finally {
    for (const file of Object.values(files)) if (file !== undefined) rmSync(file, { force: true });
  }
}

async function runInUnit(
  call: UnitCall,
  files: UnitFiles,
  signal: AbortSignal,
  dependencies: UnitDependencies,
): Promise<ProgramResult | Refusal> {
  const { clock, printed } = dependencies;
  signal.throwIfAborted(); // it tells nobody who comes later
  const [out, err] = [outputOf(printed), outputOf(printed)];
  const hearAll = (path: string, take: (chunk: string) => void) =>
    readFifo(path, (bytes) => take(Buffer.from(bytes).toString("latin1")));
  const pipes = [hearAll(files.out, out.take), hearAll(files.err, err.take)];
  let said = "";
  const hear = (line: string) => {
    said = line;
  };
  const { status } = await runProgram(demand(call, files), signal, { clock, printed: hear });
  if (signal.aborted) await killUnit(call, dependencies);
  const how = status === 0 || signal.aborted ? { status } : await howItEnded(call, said, dependencies);
  for (const pipe of pipes) pipe.end();
  err.end();
  const output = out.end();
  signal.throwIfAborted();
  return "refused" in how ? how : { ...how, output };
}

/** All of its processes, and what is left of the unit. */
async function killUnit(call: UnitCall, dependencies: UnitDependencies): Promise<void> {
  try {
    await ask("systemctl", ["kill", "--signal=KILL", call.name], call, dependencies);
    await ask("systemctl", ["stop", call.name], call, dependencies);
    await ask("systemctl", ["reset-failed", call.name], call, dependencies);
  } catch (error) {
    dependencies.printed(problemOf(error));
  }
}

interface UnitFiles {
  readonly in: string | undefined;
  readonly out: string;
  readonly err: string;
}

const filesOf = ({ name, input }: UnitCall, folder: string): UnitFiles => ({
  in: input === undefined ? undefined : join(folder, `${name}.in`),
  out: join(folder, `${name}.out`),
  err: join(folder, `${name}.err`),
});

/** A short question to a program of the system. @returns what it printed. @throws Error if it fails. */
export async function ask(
  program: string,
  args: readonly string[],
  { environment }: Pick<ProgramCall, "environment">,
  { clock }: Pick<UnitDependencies, "clock">,
): Promise<string> {
  const said: string[] = [];
  const { status, output } = await withLimit(clock, ANSWER_LIMIT, program, (limit) =>
    runProgram({ program, args, environment }, limit, { clock, printed: (line) => said.push(line) }),
  );
  if (status !== 0) throw new Error(`${program} ${args[0]}: exit status ${status}: ${said.join(" ")}`);
  return output;
}

/** `oneshot`: systemd-run returns when the program has ended. `process`: what it leaves behind goes on. */
function demand(call: UnitCall, files: UnitFiles): ProgramCall {
  return unitDemand(call, "oneshot", [
    "KillMode=process",
    ...(call.quiet === true ? ["LogLevelMax=notice"] : []),
    ...(files.in === undefined ? [] : [`StandardInput=file:${files.in}`]),
    ...[`StandardOutput=file:${files.out}`, `StandardError=file:${files.err}`],
  ]);
}

/** The call of `systemd-run`. @param properties as systemd.exec(5) and others name them. */
export function unitDemand(
  call: UnitCall,
  type: "oneshot" | "exec",
  properties: readonly string[],
): ProgramCall {
  const { name, what, program, args, environment } = call;
  const all = ["DefaultDependencies=no", ...properties].map((property) => `--property=${property}`);
  const variables = Object.entries(environment).map(([variable, value]) => `--setenv=${variable}=${value}`);
  return {
    program: "systemd-run",
    args: [
      ...[
        "--quiet",
        "--no-ask-password",
        `--service-type=${type}`,
        `--unit=${name}`,
        `--description=${what}`,
      ],
      ...all,
      ...variables,
      // A lone dollar sign would be a variable to the manager.
      ...["--", program, ...args.map((word) => word.replaceAll("$", "$$$$"))],
    ],
    environment,
  };
}

/**
 * systemd-run failed: how the manager saw the program end, which forgets it then.
 *
 * @param said what systemd-run said last: where the manager was started anew meanwhile, nothing about the program.
 */
async function howItEnded(
  call: UnitCall,
  said: string,
  dependencies: UnitDependencies,
): Promise<Pick<ProgramResult, "status" | "signal"> | Refusal> {
  if (REFUSED.test(said)) return { refused: said };
  try {
    let told = await propertiesOf(call, dependencies);
    while (told.get("ActiveState") === "activating") {
      await pause(dependencies.clock, LOOK_EVERY);
      told = await propertiesOf(call, dependencies);
    }
    if (told.get("LoadState") === "not-found") return LOST.test(said) ? { status: 0 } : { refused: said };
    await ask("systemctl", ["reset-failed", call.name], call, dependencies);
    const status = Number(told.get("ExecMainStatus"));
    if (told.get("ExecMainCode") === CLD_EXITED) return { status };
    const [signal = "no signal"] =
      Object.entries(constants.signals).find(([, number]) => number === status) ?? [];
    return { status: 128, signal };
  } catch (error) {
    dependencies.printed(problemOf(error));
    return { status: 128 }; // it ran, and failed: not to be tried again
  }
}

async function propertiesOf(call: UnitCall, dependencies: UnitDependencies) {
  const names = "LoadState,ActiveState,ExecMainCode,ExecMainStatus";
  const told = await ask("systemctl", ["show", "-p", names, call.name], call, dependencies);
  return new Map(told.split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
}

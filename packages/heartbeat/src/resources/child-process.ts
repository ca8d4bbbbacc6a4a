/** Runs a program until it ends or its time is over, with what it prints. */
import { spawn } from "node:child_process";
import { type Clock, milliseconds, plus } from "@systole/machine";
import { ResourceError } from "./resource.js";

export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProgramResult {
  /** 128: ended by a signal. */
  readonly status: number;
  /** What it wrote to stdout. */
  readonly output: string;
}

export interface ChildDependencies {
  readonly clock: Clock;
  /** A line that it printed, for the debug log. */
  readonly printed: (line: string) => void;
}

/** Of what a program prints, this much is looked at and logged. */
const MOST_OUTPUT = 64 * 1024;
/** How long after its end a program's output is still read. */
const OUTPUT_GRACE = milliseconds(100);

/** @throws ResourceError `script-missing` if it cannot be run. */
export function runProgram(
  { program, args, environment }: ProgramCall,
  signal: AbortSignal,
  { clock, printed }: ChildDependencies,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted(); // it tells nobody who comes later
    // A group of its own, so that ending it ends its children.
    const child = spawn(program, args, {
      env: { ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const end = () => endGroup(child.pid);
    let output = "";
    const collect = (chunk: string) => {
      output = (output + chunk).slice(0, MOST_OUTPUT);
    };
    child.stdout.setEncoding("latin1").on("data", collect);
    child.stderr.setEncoding("latin1").on("data", (chunk: string) => {
      for (const line of chunk.slice(0, MOST_OUTPUT).split("\n")) if (line !== "") printed(line);
    });
    signal.addEventListener("abort", end, { once: true });
    child.once("error", (cause) => {
      signal.removeEventListener("abort", end);
      reject(new ResourceError("script-missing", `${program} cannot be run: ${cause.message}`, cause));
    });
    child.once("exit", (code) => {
      signal.removeEventListener("abort", end);
      const status = code ?? 128;
      const done = () => {
        callOff();
        child.stdout.destroy();
        child.stderr.destroy();
        for (const line of output.split("\n")) if (line !== "") printed(line);
        resolve({ status, output });
      };
      // A daemon that the program left behind may hold its output open for ever.
      const callOff = clock.at(plus(clock.now(), OUTPUT_GRACE), done);
      child.once("close", done);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}

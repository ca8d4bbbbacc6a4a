/** Runs a program until it ends or its time is over, with what it prints. */
import { spawn } from "node:child_process";
import { type Clock, milliseconds, plus } from "@systole/machine";
import { ResourceError } from "./resource.js";

export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What it finds on its standard input; nothing unless given. */
  readonly input?: string;
}

export interface ProgramResult {
  /** 128: ended by a signal. */
  readonly status: number;
  /** The name of that signal. */
  readonly signal?: string;
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
  { program, args, environment, input }: ProgramCall,
  signal: AbortSignal,
  { clock, printed }: ChildDependencies,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted(); // it tells nobody who comes later
    // A group of its own, so that ending it ends its children.
    const options = { env: { ...environment }, detached: true };
    const child =
      input === undefined
        ? spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
        : spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin?.on("error", () => {}); // it ended before it read everything: its exit status says why
    child.stdin?.end(input);
    const end = () => endGroup(child.pid);
    const [out, err] = [outputOf(printed), outputOf(printed)];
    child.stdout.setEncoding("latin1").on("data", out.take);
    child.stderr.setEncoding("latin1").on("data", err.take);
    signal.addEventListener("abort", end, { once: true });
    child.once("error", (cause) => {
      signal.removeEventListener("abort", end);
      reject(new ResourceError("script-missing", `${program} cannot be run: ${cause.message}`, cause));
    });
    child.once("exit", (code, killedBy) => {
      signal.removeEventListener("abort", end);
      const status = code ?? 128;
      const done = () => {
        callOff();
        child.stdout.destroy();
        child.stderr.destroy();
        err.end();
        resolve({ status, output: out.end(), ...(killedBy !== null && { signal: killedBy }) });
      };
      // A daemon that the program left behind may hold its output open for ever.
      const callOff = clock.at(plus(clock.now(), OUTPUT_GRACE), done);
      child.once("close", done);
    });
  });
}

/** What a program prints, as far as it is looked at, and line by line as it comes. */
export function outputOf(printed: (line: string) => void): {
  readonly take: (chunk: string) => void;
  /** Prints a last line that has no end. @returns all. */
  readonly end: () => string;
} {
  let [all, rest] = ["", ""];
  return {
    take(chunk) {
      const room = chunk.slice(0, MOST_OUTPUT - all.length);
      all += room;
      const lines = (rest + room).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") printed(line);
    },
    end() {
      if (rest !== "") printed(rest);
      return all;
    },
  };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended meanwhile
  }
}

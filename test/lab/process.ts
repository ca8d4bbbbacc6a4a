/** Child processes of the laboratory: run to the end, or run beside us with their output line by line. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { slowness, until } from "./until.js";

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** SIGKILL after so long; default 60 s, longer by `LAB_SLOWNESS`. */
  readonly timeoutMs?: number;
  /** An exit code that is not 0 is an error, unless this is false. */
  readonly check?: boolean;
}

export interface Outcome {
  /** 128 + signal if a signal ended it, as in the shell. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** More output than this of one command is cut. */
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

/** Runs a command to its end. @throws Error with its output if it fails (see `check`) or cannot start. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { input = "", env, timeoutMs = 60_000 * slowness, check = true } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.stdin.on("error", () => {}); // it ended without reading: its exit code says more
    child.stdin.end(input);
    child.on("error", (error) => reject(new Error(`lab: ${command.join(" ")}: ${error.message}`)));
    child.on("close", (code, signal) => {
      const outcome = { status: code ?? 128 + signalNumber(signal), stdout: stdout(), stderr: stderr() };
      if (outcome.status === 0 || !check) resolve(outcome);
      else reject(new Error(failure(command, outcome, timeoutMs)));
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  let size = 0;
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    size += chunk.length;
    if (size <= OUTPUT_LIMIT_BYTES) chunks.push(chunk);
  });
  return () => chunks.join("");
}

function failure(command: readonly string[], outcome: Outcome, timeoutMs: number): string {
  const how = outcome.status === 137 ? `killed (time limit ${timeoutMs} ms?)` : `exit code ${outcome.status}`;
  const said = `${outcome.stderr}${outcome.stdout}`.trim().slice(-2000);
  return `lab: ${command.join(" ")}: ${how}${said === "" ? "" : `\n${said}`}`;
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGTERM: 15,
};
const signalNumber = (signal: NodeJS.Signals | null) => SIGNALS[signal ?? ""] ?? 0;

/** A process that runs beside the test. */
export interface Running {
  /** As this machine numbers it, not the node. */
  readonly pid: number;
  /** Every line it wrote so far to stdout and stderr, in order of arrival; the newest 10,000. */
  readonly lines: readonly string[];
  /** Settles when it has ended: its exit code, or 128 + signal. */
  readonly exited: Promise<number>;
  readonly ended: boolean;
  send(signal: NodeJS.Signals): void;
  write(text: string): void;
  /** Somebody else stopped and continued (or killed) it: continue its wrapper, too. */
  wake(): void;
  /** SIGTERM, and SIGKILL if that does not help within the limit. */
  stop(limitMs?: number): Promise<number>;
}

export interface SpawnedOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

const LINES_KEPT = 10_000;

/**
 * Starts a command. `depth` says how many wrappers (such as nsenter, which forks) stand before the real process,
 * so that signals reach the latter.
 */
export async function start(
  command: readonly string[],
  options: SpawnedOptions & { readonly depth?: number } = {},
): Promise<Running> {
  const spawnOptions: SpawnOptions = {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  };
  const child = spawn(command[0]!, command.slice(1), spawnOptions);
  const lines: string[] = [];
  let ended = false;
  const keep = (line: string) => {
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    options.onLine?.(line);
  };
  const exited = new Promise<number>((resolve) => {
    const end = (status: number) => {
      ended = true;
      resolve(status);
    };
    child.on("error", (error) => {
      keep(`lab: ${command.join(" ")}: ${error.message}`);
      end(127);
    });
    child.on("close", (code, signal) => end(code ?? 128 + signalNumber(signal)));
  });
  eachLine(child.stdout!, keep);
  eachLine(child.stderr!, keep);
  child.stdin!.on("error", () => {});
  const pid = await innerPid(child, options.depth ?? 0, () => ended);
  // nsenter stops itself when what it runs is stopped, and stays so: it could never collect the exit code.
  const wake = () => {
    if (!ended && child.pid !== undefined && child.pid !== pid) signalTo(child.pid, "SIGCONT");
  };
  const running: Running = {
    pid,
    lines,
    exited,
    get ended() {
      return ended;
    },
    send(signal) {
      if (ended) return;
      signalTo(pid, signal);
      if (signal === "SIGCONT") wake();
    },
    wake,
    write(text) {
      child.stdin!.write(text);
    },
    async stop(limitMs = 10_000) {
      running.send("SIGTERM");
      const timer = setTimeout(() => running.send("SIGKILL"), limitMs);
      const status = await exited;
      clearTimeout(timer);
      return status;
    },
  };
  return running;
}

/** Sends a signal; a process that has gone already is fine. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Calls back with each whole line, and with what is left at the end. */
export function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(part);
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

/** The first child of a process, once it is there; undefined while there is none. */
export function childOf(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return first === undefined || first === "" ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

async function innerPid(child: ChildProcess, depth: number, ended: () => boolean): Promise<number> {
  let pid = child.pid ?? 0;
  for (let level = 0; level < depth; level++) {
    const outer = pid;
    await until("the process to start", () => ended() || childOf(outer) !== undefined, { everyMs: 2 });
    pid = childOf(outer) ?? outer;
  }
  return pid;
}

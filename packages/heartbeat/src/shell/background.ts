/** The `heartbeat` command beside the daemon itself: start in the background, stop, status, reload. */
import { spawn } from "node:child_process";
import { ControlError, controlClient, controlPath, isAlive, nodeName, readPidfile } from "@systole/daemon";
import { type Clock, milliseconds, seconds } from "@systole/machine";
import { pause } from "../resources/time-limit.js";
import { readConfiguration } from "./configuration.js";
import { dumpConfiguration } from "./dump.js";
import { EXIT_CONFIGURATION } from "./foreground.js";
import { NODE_OPTIONS } from "./node-options.js";
import { paths } from "./paths.js";

export interface Terminal {
  readonly clock: Clock;
  out(line: string): void;
  error(line: string): void;
}

const START_LIMIT = seconds(30);
const POLL = milliseconds(100);

/** The pid of the running heartbeat. */
export function runningPid(): number | undefined {
  const pid = readPidfile(paths.pid);
  return pid !== undefined && isAlive(pid) ? pid : undefined;
}

/** Complains on stderr about every mistake in the three files; false if there is an error. Else `dump` prints them. */
export function validate(
  { out, error }: Terminal,
  interfaces: Parameters<typeof readConfiguration>[2] = "must-exist",
  dump = false,
): boolean {
  const { value, rendered } = readConfiguration(paths, nodeName(), interfaces);
  for (const text of rendered) error(text);
  if (value !== undefined && dump) out(dumpConfiguration(value, nodeName()));
  if (value === undefined) error("ERROR: Configuration error, heartbeat not started.");
  return value !== undefined;
}

/**
 * Starts the daemon in the background and waits until it answers.
 *
 * @param program this program's file; `args` are passed on to it.
 */
export async function startBackground(
  program: string,
  args: readonly string[],
  terminal: Terminal,
  dump = false,
): Promise<number> {
  const running = runningPid();
  if (!validate(terminal, running === undefined ? "must-exist" : "may-vanish", dump))
    return EXIT_CONFIGURATION;
  if (running !== undefined) {
    terminal.error(`info: heartbeat: already running [pid ${running}].`);
    return 0;
  }
  const child = spawn(process.execPath, [...NODE_OPTIONS, program, "-f", ...args], {
    detached: true,
    stdio: "ignore",
    env: { ...process.env, SYSTOLE_DETACHED: "1" },
  });
  let exitCode: number | undefined;
  child.once("exit", (code) => {
    exitCode = code ?? 1;
  });
  child.once("error", (error) => terminal.error(`ERROR: ${error.message}`));
  for (let waited = 0; waited < START_LIMIT; waited += POLL) {
    if (exitCode !== undefined) {
      terminal.error(`ERROR: heartbeat ended at once with exit code ${exitCode}; its log says why`);
      return exitCode;
    }
    if ((await answeringPid(terminal.clock)) === child.pid) {
      child.unref();
      return 0;
    }
    await pause(terminal.clock, POLL);
  }
  terminal.error(`ERROR: heartbeat [pid ${child.pid}] did not answer within ${START_LIMIT / 1000} s`);
  return 1;
}

async function answeringPid(clock: Clock): Promise<number | undefined> {
  try {
    const answer = await controlClient(controlPath("heartbeat"), { clock, limitMs: 1000 }).call("ping");
    return typeof answer === "object" && answer !== null && "pid" in answer ? Number(answer.pid) : undefined;
  } catch (error) {
    if (error instanceof ControlError) return undefined; // not yet
    throw error;
  }
}

/** SIGTERM, then waits until it is gone, however long its resources take. */
export async function stop({ clock, error }: Terminal): Promise<number> {
  const pid = runningPid();
  if (pid === undefined) {
    error("INFO: Heartbeat already stopped.");
    return 0;
  }
  process.kill(pid, "SIGTERM");
  while (isAlive(pid)) await pause(clock, POLL);
  return 0;
}

export function status({ out }: Terminal): number {
  const pid = runningPid();
  if (pid !== undefined) {
    const node = nodeName();
    out(`heartbeat OK [pid ${pid} et al] is running on ${node} [${node}]...`);
    return 0;
  }
  out("heartbeat is stopped. No process");
  return readPidfile(paths.pid) === undefined ? 3 : 1;
}

/** A running daemon is only told of files that are right. */
export async function reloadRunning(
  program: string,
  args: readonly string[],
  terminal: Terminal,
  dump = false,
): Promise<number> {
  const pid = runningPid();
  if (pid === undefined) return startBackground(program, args, terminal, dump);
  if (!validate(terminal, "may-vanish", dump)) return EXIT_CONFIGURATION;
  process.kill(pid, "SIGHUP");
  return 0;
}

/** The original replaces its own process when ha.cf has changed. Nobody but itself calls it so. */
export function refuseReExec({ error }: Terminal): number {
  const pid = runningPid();
  error(
    pid === undefined ? "ERROR: heartbeat is not running." : `ERROR: Heartbeat already running [pid ${pid}].`,
  );
  return pid === undefined ? EXIT_CONFIGURATION : 1;
}

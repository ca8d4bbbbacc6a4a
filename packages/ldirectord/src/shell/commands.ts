/** start, stop, restart, reload, status: what they print and their exit codes are the original's. */
import { appendFileSync } from "node:fs";
import { type Clock, seconds } from "@systole/machine";
import type { LdirectordConfig } from "../config/ldirectord-cf.js";
import * as lines from "../log-lines.js";
import type { CommandLine } from "./command-line.js";
import { readConfiguration } from "./configuration.js";
import type { Instance } from "./instance.js";
import type { RunOther } from "./other-instances.js";
import type { PlanAnswer } from "./planning.js";
import { DAEMON_MARK, findRunning, startDaemon, waitUntilGone } from "./process.js";

export const EXIT = { done: 0, notRunning: 1, configuration: 2, stopped: 3, usage: 255 } as const;

/** Those of the tools that people know plans from. */
const PLAN_EXIT = { nothing: 0, error: 1, changes: 2 } as const;

export interface Terminal {
  out(line: string): void;
  error(line: string): void;
}

export interface CommandParts {
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly instance: Instance;
  readonly command: Extract<CommandLine, { kind: "run" }>;
  /** Asks the instances of `execute`, whose words are ours. */
  readonly others: RunOther;
  /** The configuration of an ldirectord that runs in this one's place. */
  readonly inUse: () => Promise<string | undefined>;
  /** What the file would change; asks the running daemon if there is one. */
  readonly plan: (config: LdirectordConfig) => Promise<PlanAnswer>;
  /** Becomes the daemon; does not come back. */
  readonly become: (config: LdirectordConfig) => Promise<never>;
}

const DEFAULT_LOG = "/var/log/ldirectord.log";
const START_LIMIT = seconds(15);
const STOP_LIMIT = seconds(10);
const RESTART_LIMIT = seconds(60);

/** @returns the exit code */
export async function runCommand(parts: CommandParts): Promise<number> {
  const { terminal, instance, command } = parts;
  const { action } = command;
  const { config, complaints } = await readConfiguration(instance.path);
  for (const text of complaints) terminal.error(text);
  if (action === "configtest") return config === undefined ? EXIT.configuration : EXIT.done;
  if (action === "plan") return config === undefined ? PLAN_EXIT.error : await plan(parts, config);
  const log = logTo(config?.globals.logFile ?? DEFAULT_LOG, instance.name);
  if (config === undefined && action !== "stop") {
    log(lines.exiting(EXIT.configuration, "config_error: Configuration Error"));
    return EXIT.configuration;
  }
  if (process.env[DAEMON_MARK] === undefined)
    log(lines.invoked(process.argv[1] ?? "ldirectord", command.words));
  switch (action) {
    case "start":
      return await start(parts, config!, log); // undefined only for stop, see above
    case "stop":
      return stop(parts);
    case "restart":
      return await restart(parts, config!, log);
    case "try-restart":
      return findRunning(instance).kind === "running" ? await restart(parts, config!, log) : EXIT.done;
    case "reload":
    case "force-reload":
      return reload(parts, log);
    case "status":
      return await status(parts, config?.globals.execute ?? [], log);
  }
}

async function start(
  { instance, command, become, clock, terminal, inUse }: CommandParts,
  config: LdirectordConfig,
  log: (line: string) => void,
): Promise<number> {
  const here = process.env[DAEMON_MARK] !== undefined;
  const running = findRunning(instance);
  if (running.kind === "running" && running.pid !== process.pid) return EXIT.done;
  const other = await inUse();
  if (other === instance.path) {
    log(lines.startedAlready(other));
    return EXIT.done;
  }
  if (other !== undefined) {
    terminal.error(
      `ldirectord: the one for ${other} has the same control socket: give ${instance.path} another name`,
    );
    return EXIT.notRunning;
  }
  const { debug, foreground, standby } = command.options;
  if (here || debug || foreground || config.globals.supervised) return await become(config);
  const words = [
    ...(standby ? ["--standby"] : []),
    ...(command.config === undefined ? [] : [instance.path]),
    "start",
  ];
  const problem = await startDaemon(words, START_LIMIT, clock);
  if (problem === undefined) return EXIT.done;
  terminal.error(`ldirectord: ${problem}`);
  return EXIT.notRunning;
}

async function plan(
  { terminal, command, plan: ask }: CommandParts,
  config: LdirectordConfig,
): Promise<number> {
  try {
    const answer = await ask(config);
    if (command.options.json) terminal.out(JSON.stringify(answer, undefined, 2));
    else for (const line of answer.lines) terminal.out(line);
    return answer.changes.length === 0 ? PLAN_EXIT.nothing : PLAN_EXIT.changes;
  } catch (error) {
    terminal.error(`ldirectord: ${error instanceof Error ? error.message : String(error)}`);
    return PLAN_EXIT.error;
  }
}

async function stop({ instance, clock }: CommandParts): Promise<number> {
  const running = findRunning(instance);
  if (running.kind === "running") {
    process.kill(running.pid, "SIGTERM");
    await waitUntilGone(running.pid, STOP_LIMIT, clock);
  }
  return EXIT.done;
}

async function restart(
  parts: CommandParts,
  config: LdirectordConfig,
  log: (line: string) => void,
): Promise<number> {
  const { instance, clock } = parts;
  const running = findRunning(instance);
  if (running.kind === "running") {
    process.kill(running.pid, "SIGTERM");
    if (!(await waitUntilGone(running.pid, RESTART_LIMIT, clock))) process.kill(running.pid, "SIGKILL");
    await waitUntilGone(running.pid, STOP_LIMIT, clock);
  }
  return await start(parts, config, log);
}

function reload({ instance, command: { action } }: CommandParts, log: (line: string) => void): number {
  const running = findRunning(instance);
  if (running.kind === "running") {
    process.kill(running.pid, "SIGHUP");
    return EXIT.done;
  }
  log(lines.stopped(instance.path));
  log(lines.exiting(EXIT.notRunning, `Exiting from ldirectord ${action}`));
  return EXIT.notRunning;
}

async function status(
  { instance, terminal, others }: CommandParts,
  execute: readonly string[],
  log: (line: string) => void,
): Promise<number> {
  const ended = (code: number): number => {
    log(lines.exiting(code, "Exiting from ldirectord status"));
    return code;
  };
  const running = findRunning(instance);
  if (running.kind === "running") {
    const line = lines.running(instance.path, running.pid);
    terminal.out(line);
    log(line);
    for (const name of execute) await others(name, "status");
    return ended(EXIT.done);
  }
  if (running.stale) {
    const line = lines.stale(instance.pidFile, instance.path);
    terminal.error(line);
    log(line);
  }
  terminal.out(lines.stopped(instance.path));
  return ended(running.stale ? EXIT.notRunning : EXIT.stopped);
}

/** Commands write into the same file as the daemon; one that cannot be written is no reason to fail. */
export const logTo =
  (logFile: string, name: string) =>
  (line: string): void => {
    if (!logFile.startsWith("/")) return;
    try {
      appendFileSync(logFile, `${lines.fileLine(Date.now(), name, process.pid, line)}\n`);
    } catch {
      // the daemon itself complains about its log
    }
  };

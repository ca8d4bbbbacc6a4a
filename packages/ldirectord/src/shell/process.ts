/** The daemon as a process, seen by the one who starts and stops it. */
import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { isAlive, readPidfile } from "@systole/daemon";
import { type Clock, type Millis, milliseconds, plus } from "@systole/machine";
import type { Instance } from "./instance.js";

export type Running =
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "stopped"; readonly stale: boolean };

/** Running if the pid file names a process that is an ldirectord with this configuration, ours or the original. */
export function findRunning({ pidFile, name }: Pick<Instance, "pidFile" | "name">): Running {
  const pid = readPidfile(pidFile);
  if (pid === undefined) return { kind: "stopped", stale: false };
  return isAlive(pid) && isInterpreter(pid) && isDaemon(commandLine(pid), name)
    ? { kind: "running", pid }
    : { kind: "stopped", stale: true };
}

/**
 * Whether words are those of a daemon of this name: the program, options, perhaps the configuration, the action. A pid
 * is used again after a crash: by an editor that has `ldirectord.cf` open, or by the daemon of another configuration.
 */
export function isDaemon(words: readonly string[], name: string): boolean {
  const program = words.findIndex((word) => basename(word).startsWith("ldirectord"));
  const own = program === -1 ? [] : words.slice(program + 1).filter((word) => !word.startsWith("-"));
  const [config, ...rest] = own.length === 1 ? [undefined, own[0]] : own;
  if (!STARTS.has(rest[0] ?? "")) return false;
  return (config === undefined ? "ldirectord" : basename(config)) === name;
}

const STARTS: ReadonlySet<string> = new Set(["start", "restart", "try-restart"]);

function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

/** What runs either program; true if we may not look. */
function isInterpreter(pid: number): boolean {
  try {
    return /^(?:node|perl|systole-node)/.test(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    return true;
  }
}

/** Waits until the process is gone; false if it is still there at the limit. */
export async function waitUntilGone(pid: number, limit: Millis, clock: Clock): Promise<boolean> {
  const until = plus(clock.now(), limit);
  while (isAlive(pid) && !isZombie(pid)) {
    if (clock.now() >= until) return false;
    await new Promise<void>((wake) => clock.at(plus(clock.now(), milliseconds(50)), wake));
  }
  return true;
}

/** A process that ended and that nobody has waited for yet. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return true;
  }
}

/** Set in the environment of the process that shall become the daemon. */
export const DAEMON_MARK = "SYSTOLE_LDIRECTORD_DAEMON";

export type Message = { readonly ready: true } | { readonly failed: string };

/**
 * Starts this program again as a daemon of its own session; its command line reads as the one that was given.
 *
 * @returns a problem, or undefined once it is ready. A daemon that takes longer goes on by itself.
 */
export function startDaemon(
  words: readonly string[],
  limit: Millis,
  clock: Clock,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...words], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...process.env, [DAEMON_MARK]: "1" },
  });
  return new Promise((answer) => {
    const finish = (problem: string | undefined) => {
      callOff();
      child.removeAllListeners();
      if (child.connected) child.disconnect();
      child.unref();
      answer(problem);
    };
    const callOff = clock.at(plus(clock.now(), limit), () => finish(undefined));
    child.once("message", (message: Message) => finish("failed" in message ? message.failed : undefined));
    child.once("error", (error) => finish(error.message));
    child.once("exit", (code, signal) =>
      finish(`the daemon ended at once: ${signal ?? `exit code ${code}`}`),
    );
  });
}

/** In the daemon: tells the one who started it. */
export function tellStarter(message: Message): void {
  if (process.send === undefined || !process.connected) return;
  process.send(message, () => {
    if (process.connected) process.disconnect();
  });
}

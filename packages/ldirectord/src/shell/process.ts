/** The daemon as a process, seen by the one who starts and stops it. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { isAlive, readPidfile } from "@systole/daemon";
import { type Clock, type Millis, milliseconds, plus } from "@systole/machine";

export type Running =
  | { readonly kind: "running"; readonly pid: number }
  | { readonly kind: "stopped"; readonly stale: boolean };

/** Running if the pid file names a process that has `ldirectord` on its command line. */
export function findRunning(pidFile: string): Running {
  const pid = readPidfile(pidFile);
  if (pid === undefined) return { kind: "stopped", stale: false };
  return isAlive(pid) && commandLine(pid).includes("ldirectord")
    ? { kind: "running", pid }
    : { kind: "stopped", stale: true };
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
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

/** Starts a program of `respawn` as its user, and finds those that a heartbeat that was killed has left behind. */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ClientProgram } from "../config/ha-cf.types.js";
import { accountOf } from "./account-ids.js";
import type { ProgramEnd, RunningProgram } from "./client-programs.js";

/** Started with a group of its own, so that its children end with it. */
export function startProgram(
  { user, path, args }: ClientProgram,
  environment: Readonly<Record<string, string>>,
): RunningProgram {
  const account = accountOf(user);
  if (account === undefined) return { pid: undefined, ended: Promise.resolve(cannotStart), signal: () => {} };
  const { uid, gid, home } = account;
  const ownUser = process.getuid?.() === uid; // setgroups(2) is root's
  const child = spawn(path, [...args], {
    ...(ownUser ? {} : { uid, gid }),
    cwd: "/",
    env: { ...environment, HOME: home, USER: user },
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once("error", () => resolve(cannotStart));
    child.once("exit", (status, signal) =>
      resolve({ status: status ?? undefined, signal: signal ?? undefined }),
    );
  });
  return { pid: child.pid, ended, signal: (name) => endGroup(child.pid, name) };
}

const cannotStart: ProgramEnd = { status: 127, signal: undefined };

function endGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended meanwhile
  }
}

/** Remembers programs across a crash of heartbeat: units, and number and start time of processes, as /proc has them. */
export function rememberPrograms(path: string, programs: readonly RunningProgram[]): void {
  const lines = programs.flatMap(({ pid, unit }) => {
    if (unit !== undefined) return [`unit ${unit}\n`];
    const born = pid === undefined ? undefined : bornAt(pid);
    return born === undefined ? [] : [`${pid} ${born}\n`];
  });
  if (lines.length === 0) rmSync(path, { force: true });
  else writeFileSync(path, lines.join(""), { mode: 0o600 });
}

/** Ends what is still the same process as then. Answers with their numbers, and with units, which others end. */
export function endRemembered(path: string): {
  readonly pids: readonly number[];
  readonly units: readonly string[];
} {
  const [ended, units]: [number[], string[]] = [[], []];
  for (const line of textOf(path).split("\n")) {
    if (line.startsWith("unit ")) units.push(line.slice(5));
    const [pid, born] = line.split(" ").map(Number);
    if (pid === undefined || !(pid > 1) || bornAt(pid) !== born) continue;
    endGroup(pid, "SIGTERM");
    ended.push(pid);
  }
  rmSync(path, { force: true });
  return { pids: ended, units };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // nothing was left
  }
}

/** In clock ticks since the machine's boot: field 22 of proc_pid_stat(5), counted behind the name in parentheses. */
function bornAt(pid: number): number | undefined {
  const rest = textOf(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ");
  return rest?.[19] === undefined ? undefined : Number(rest[19]);
}

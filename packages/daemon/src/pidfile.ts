/** Pid files as the originals wrote them, for scripts that read them. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** heartbeat: right aligned in 10 columns; the others: plain. */
export type PidStyle = "plain" | "aligned";

/** The whole file appears at once; a reader never sees half of it. */
export function writePidfile(path: string, pid: number, style: PidStyle = "plain"): void {
  const text = style === "aligned" ? String(pid).padStart(10) : String(pid);
  const temporary = `${path}.${pid}`;
  writeFileSync(temporary, `${text}\n`, { mode: 0o644 });
  renameSync(temporary, path);
}

/** The pid in the file; undefined if there is no file or no number in it. */
export function readPidfile(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** The process of this pid exists, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Removes the file if it is still ours. */
export function removePidfile(path: string, pid: number): void {
  if (readPidfile(path) === pid) rmSync(path, { force: true });
}

/** The real program notifierd, and what it says. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

export interface Running {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly exited: Promise<number | null>;
  readonly stderr: () => string;
}

/** @param run runtime directory, and where its notifier.ini is */
export function startNotifierd(program: string, run: string): Running {
  const child = spawn(process.execPath, [program, "-c", join(run, "notifier.ini")], {
    env: { ...process.env, JOURNAL_STREAM: "", SYSTOLE_RUN: run },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
      if (stderr.includes("notifierd started")) resolve();
    });
    void exited.then(() => reject(new Error(stderr)));
  });
  ready.catch(() => {}); // a child that is killed before it is ready; whoever waits for it hears of it
  return { child, ready, exited, stderr: () => stderr };
}

/**
 * LockFile: scripts look whether it is there. That no two daemons run is the control socket's business, so a file that
 * a dead process left behind is simply taken over.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";

/** Makes it. @returns how to remove it. @throws Error if the directory is not there or not ours to write. */
export function takeLockFile(path: string): () => void {
  const file = openSync(path, "w", 0o644);
  writeSync(file, `${process.pid}\n`);
  closeSync(file);
  return () => rmSync(path, { force: true });
}

/** One event as a file of the drop box: whole or not at all, also after a power failure. */
import { constants } from "node:fs";
import { lstat, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterEvent } from "@systole/bus";
import { DEFAULT_RUN, runRoot } from "./control-client.js";

/**
 * `/var/spool/systole/drop`; below the runtime directories if those are elsewhere (`SYSTOLE_RUN`). Where it is not
 * there, no notifierd was installed.
 */
export const dropDirectory = (root = runRoot()): string =>
  root === DEFAULT_RUN ? "/var/spool/systole/drop" : join(root, "drop");

export const safeName = (part: string): string => part.replaceAll(/[^A-Za-z0-9-]/g, "-");

/** Sorts by time, and by sequence within a millisecond. */
function fileName({ atMs, daemon, boot, sequence }: ClusterEvent): string {
  const time = String(Math.max(0, Math.floor(atMs))).padStart(14, "0");
  return `${time}.${safeName(daemon)}.${safeName(boot)}.${String(sequence).padStart(10, "0")}.json`;
}

/**
 * The file belongs to whom the box belongs to, so that notifierd can read what root's daemons leave there.
 *
 * @throws Error `ENOENT` if there is no box; others as the disk has them, or if strangers can write into the box
 */
export async function dropFile(directory: string, event: ClusterEvent): Promise<void> {
  const box = await lstat(directory);
  if (!box.isDirectory() || (box.mode & 0o022) !== 0)
    throw new Error("it is no directory, or others can write into it");
  const name = fileName(event);
  const temporary = join(directory, `tmp-${name}`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await rm(temporary, { force: true });
  const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (process.getuid?.() === 0 && box.uid !== 0) await file.chown(box.uid, box.gid);
    await file.writeFile(`${JSON.stringify(event)}\n`);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, name));
  const place = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  await place.sync().finally(() => place.close());
}

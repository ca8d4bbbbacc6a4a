/** /var/run/heartbeat/rsctmp: where scripts note what they did since this node came up. */
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes the folder, anybody may write and nobody remove what is not his, and empties it.
 *
 * @param kept groups run on from a former process: their scripts still need their notes.
 */
export function prepareRsctmp(path: string, kept: boolean): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  chmodSync(path, 0o1755);
  if (kept) return;
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
}

/**
 * /var/lib/heartbeat/hb_generation: which life of this node it is. Peers refuse a lower one, so it is on the disk
 * before the first packet that carries it.
 *
 * Format of the original: decimal, right aligned in 15 columns, and a newline.
 */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

const COLUMNS = 15;

/** The stored generation; undefined if there is no file or nothing usable in it. */
export async function readGeneration(path: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const digits = /^\s*(\d{1,15})\s*$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Resolves when the generation would survive a power failure. */
export function storeGeneration(path: string, generation: number): Promise<void> {
  return replaceFile(path, Buffer.from(`${String(generation).padStart(COLUMNS)}\n`, "latin1"));
}

/** Writes a whole new file and puts it in the old one's place: the old or the new one is there, never half of one. */
export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const draft = `${path}.new`;
  await flushed(draft, "w", content);
  await rename(draft, path);
  await flushed(folder, "r");
}

/** Opens, writes if there is something to write, and waits for the disk. */
async function flushed(path: string, flags: "w" | "r", content?: Uint8Array): Promise<void> {
  const handle = await open(path, flags, 0o644);
  try {
    if (content !== undefined) await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

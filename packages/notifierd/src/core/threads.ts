/**
 * Which letter told of a trouble first: a recovery answers it, and mail readers show one thread.
 *
 * Bounded: the oldest trouble is forgotten first; its recovery then starts a thread of its own.
 */
import type { Letter } from "../types.js";

export const THREAD_LIMIT = 1000;

/** Message-ID of the first letter by trouble. */
export type Threads = ReadonlyMap<string, string>;

/** The letter that one with these troubles should answer. */
export const answers = (
  threads: Threads,
  { opens, closes }: Pick<Letter, "opens" | "closes">,
): string | undefined => [...closes, ...opens].map((key) => threads.get(key)).find((id) => id !== undefined);

/** After a letter was written. A trouble that goes on stays with its first letter. */
export function remember(
  threads: Threads,
  { opens, closes, messageId }: Pick<Letter, "opens" | "closes" | "messageId">,
): Threads {
  const after = new Map(threads);
  for (const key of closes) after.delete(key);
  for (const key of opens) if (!after.has(key)) after.set(key, messageId);
  for (const key of [...after.keys()].slice(0, Math.max(0, after.size - THREAD_LIMIT))) after.delete(key);
  return after;
}

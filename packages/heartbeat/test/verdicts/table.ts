/** Tables of verdicts: what the original's start command answered to a file, and what ours must. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Verdict {
  readonly lines: string;
  /** Exit status of heartbeat 3.0.6; 0: it started. */
  readonly original: number;
  /** Ours: 0 or 6. */
  readonly ours: number;
}

/** Cases of one of the text files of this folder, in its order. */
export function verdicts(name: string): readonly Verdict[] {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const found: Verdict[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, original, ours, rest] = /^(\d+)(?:!(\d))?(?: +(.*))?$/.exec(line) ?? [];
    if (original === undefined) continue;
    const lines = (rest ?? "").replaceAll(";", "\n").replaceAll("\\t", "\t").replaceAll("\\r", "\r");
    found.push({ lines, original: Number(original), ours: Number(ours ?? original) });
  }
  return found;
}

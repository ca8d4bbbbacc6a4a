/**
 * Reads the audit trail that notifierd writes: one event of this node per line, each with the hash of the line before.
 *
 * What is no record of it is skipped: a crash may have torn a line.
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";

export const AUDIT_TRAIL = "/var/log/systole/audit.jsonl";

export interface AuditRecord {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly node: string;
  readonly daemon: string;
  readonly severity: string;
  readonly text: string;
  readonly fact: Readonly<Record<string, unknown>>;
  readonly previous: string;
}

/** Older ones first, as notifierd names them when it begins a new file. */
const FILES = [".5", ".4", ".3", ".2", ".1", ""];

/** All lines that are kept, the oldest first. @throws Error if there is no trail */
export function trailLines(path: string): readonly string[] {
  const texts = FILES.map((suffix) => textOf(`${path}${suffix}`));
  if (texts.every((text) => text === undefined))
    throw new Error(
      `${path} cannot be read: does notifierd run here, and are you root or in the group systole?`,
    );
  return texts.flatMap((text) => (text ?? "").split("\n").filter((line) => line !== ""));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export function readRecord(line: string): AuditRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is AuditRecord {
  if (typeof value !== "object" || value === null || !("fact" in value)) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const words = ["at", "node", "daemon", "severity", "text", "previous"].map((name) => fields.get(name));
  return (
    words.every((word) => typeof word === "string") && typeof value.fact === "object" && value.fact !== null
  );
}

export const records = (lines: readonly string[]): readonly AuditRecord[] =>
  lines.flatMap((line) => readRecord(line) ?? []);

/** Numbers of the lines whose predecessor is not the one they were written behind; the first line's is gone. */
export function brokenLinks(lines: readonly string[]): readonly number[] {
  const hash = (line: string) => createHash("sha256").update(line).digest("hex");
  let written: string | undefined;
  return lines.flatMap((line, index) => {
    const record = readRecord(line);
    const before = written;
    if (record === undefined) return []; // a torn line was never linked
    written = line;
    return before === undefined || record.previous === hash(before) ? [] : [index + 1];
  });
}

/** What is appended from now on; a file that begins anew is read from its beginning. */
export function trailTail(path: string): () => readonly string[] {
  let [at, inode, rest] = [...sizeOf(path), ""] as [number, number, string]; // three fields, as written
  return () => {
    const [size, now] = sizeOf(path);
    if (now !== inode || size < at) [at, inode, rest] = [0, now, ""];
    if (size === at) return [];
    const text = rest + read(path, at, size);
    at = size;
    const lines = text.split("\n");
    rest = lines.pop() ?? "";
    return lines.filter((line) => line !== "");
  };
}

function sizeOf(path: string): [size: number, inode: number] {
  try {
    const file = openSync(path, "r");
    const { size, ino } = fstatSync(file);
    closeSync(file);
    return [size, ino];
  } catch {
    return [0, 0];
  }
}

function read(path: string, from: number, to: number): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(to - from);
    const length = readSync(file, bytes, 0, bytes.length, from);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

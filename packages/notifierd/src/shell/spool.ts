/**
 * The spool: what has been taken survives a kill at any moment.
 *
 *     tmp/     being written; whatever a crash leaves here is removed at the next start
 *     new/     events that no letter tells of yet
 *     cur/     letters on their way
 *     done/    delivered to all, the last 200
 *     failed/  given up for somebody, the last 1,000; `notifier retry` takes them back
 *     cursors.json  the last event taken, by source
 *     life.json     when notifierd was last alive, and whether it said farewell
 *     quiet.json    what flaps and what is silenced, and what was not told of it
 *
 * Writing: tmp, fsync, rename, fsync of the directory; only then it is acknowledged. File names are ours alone: an
 * id that is not made of letters, digits, dots and hyphens is refused, and what is found under another name is left
 * alone.
 */
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Cursor } from "@systole/bus";
import type { QuietRecord } from "../core/quiet-record.js";
import { type ClusterEvent, eventId, type Letter } from "../types.js";
import { type LifeRecord, readCursors, readEvent, readLetter, readLife, readQuiet } from "./spool-format.js";

export type Folder = "cur" | "done" | "failed";

/** Files in `new` and `cur` together; beyond it events are refused and stay with their publishers. */
export const SPOOL_LIMIT = 10_000;
const KEPT: Readonly<Record<Folder, number>> = { cur: Number.POSITIVE_INFINITY, done: 200, failed: 1000 };
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,240}$/;

/** The spool could not take something: the disk is full, or its own limit is reached. */
export class SpoolError extends Error {
  readonly code: string;

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SpoolError";
    this.code = code;
  }
}

export interface Spool {
  /** @throws SpoolError */
  putEvent(event: ClusterEvent): void;
  /** Writes or replaces a letter in `cur`. @throws SpoolError */
  putLetter(letter: Letter): void;
  /** After the letter that tells of them is in `cur`. */
  removeEvents(ids: readonly string[]): void;
  /** Writes it to its last place and takes it out of `cur`. @throws SpoolError */
  settle(letter: Letter, into: "done" | "failed"): void;
  /** From `failed` back to `cur`. @throws SpoolError */
  revive(letter: Letter): void;
  events(): readonly ClusterEvent[];
  letters(folder: Folder): readonly Letter[];
  /** Of the letters in it, the oldest first; reads no letter. */
  ids(folder: Folder): readonly string[];
  cursors(): Readonly<Record<string, Cursor>>;
  /** @throws SpoolError */
  putCursors(cursors: Readonly<Record<string, Cursor>>): void;
  quiet(): QuietRecord | undefined;
  /** @throws SpoolError */
  putQuiet(record: QuietRecord): void;
  life(): LifeRecord | undefined;
  /** @throws SpoolError */
  putLife(record: LifeRecord): void;
  /** Files that could not be read: set aside as they are, for a person to look at. */
  readonly unreadable: readonly string[];
}

export function openSpool(root: string): Spool {
  const unreadable: string[] = [];
  try {
    for (const folder of ["tmp", "new", "cur", "done", "failed"]) {
      mkdirSync(join(root, folder), { recursive: true, mode: 0o700 });
    }
    for (const name of readdirSync(join(root, "tmp"))) rmSync(join(root, "tmp", name), { force: true });
  } catch (cause) {
    throw asSpoolError(`open spool ${root}`, cause);
  }
  let waiting = names("new").length + names("cur").length;

  function names(folder: string): readonly string[] {
    return readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".json") && NAME.test(name))
      .sort();
  }

  /** The whole file under its name, or nothing of it; `durable`: also after a power failure. */
  function write(folder: string, name: string, value: unknown, durable = true): void {
    const temporary = join(root, "tmp", name);
    try {
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
      const file = openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
      try {
        const bytes = Buffer.from(`${JSON.stringify(value)}\n`, "utf8");
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        if (durable) fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, join(root, folder, name));
      if (durable) syncDirectory(join(root, folder));
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw asSpoolError(`write ${folder}/${name}`, cause);
    }
  }

  function fileName(id: string): string {
    const name = `${id}.json`;
    if (!NAME.test(name)) throw new SpoolError(`"${id}" is no name for a file of the spool`, "bad-name");
    return name;
  }

  function read<Value>(folder: string, parse: (text: string) => Value | undefined): readonly Value[] {
    const values: Value[] = [];
    for (const name of names(folder)) {
      const path = join(root, folder, name);
      const value = readOrUndefined(path, parse);
      if (value === undefined) unreadable.push(path);
      else values.push(value);
    }
    return values;
  }

  function admit(): void {
    if (waiting >= SPOOL_LIMIT) throw new SpoolError(`${waiting} files wait in ${root}`, "spool-full");
  }

  function remove(folder: string, name: string): void {
    try {
      rmSync(join(root, folder, name));
      if (folder === "new" || folder === "cur") waiting -= 1;
    } catch {
      // gone already
    }
  }

  function trim(folder: "done" | "failed"): void {
    const all = names(folder);
    for (const name of all.slice(0, Math.max(0, all.length - KEPT[folder]))) remove(folder, name);
  }

  return {
    unreadable,
    putEvent(event) {
      admit();
      write("new", fileName(eventId(event)), event);
      waiting += 1;
    },
    putLetter(letter) {
      const name = fileName(letter.id);
      const isNew = !existsSync(join(root, "cur", name));
      write("cur", name, letter);
      if (isNew) waiting += 1;
    },
    removeEvents(ids) {
      for (const id of ids) remove("new", fileName(id));
    },
    settle(letter, into) {
      // What was delivered is history: if a power failure takes it back to cur, it is sent again under its Message-ID.
      write(into, fileName(letter.id), letter, into === "failed");
      remove("cur", fileName(letter.id));
      trim(into);
    },
    revive(letter) {
      write("cur", fileName(letter.id), letter);
      waiting += 1;
      remove("failed", fileName(letter.id));
    },
    events: () => read("new", readEvent),
    letters: (folder) => read(folder, readLetter),
    ids: (folder) => names(folder).map((name) => name.slice(0, -".json".length)),
    cursors: () => readOrUndefined(join(root, "cursors.json"), readCursors) ?? {},
    // After a power failure the publishers of this node are new ones, too: an old cursor means nothing to them.
    putCursors: (cursors) => write(".", "cursors.json", cursors, false),
    quiet: () => readOrUndefined(join(root, "quiet.json"), readQuiet),
    life: () => readOrUndefined(join(root, "life.json"), readLife),
    putLife: (record) => write(".", "life.json", record, false),
    putQuiet: (record) => write(".", "quiet.json", record, false),
  };
}

function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function readOrUndefined<Value>(path: string, parse: (text: string) => Value | undefined): Value | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return parse(readFileSync(file, "utf8"));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function asSpoolError(operation: string, cause: unknown): SpoolError {
  if (cause instanceof SpoolError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  const reason =
    code === "ENOSPC" || code === "EDQUOT" ? "no space left" : cause instanceof Error ? cause.message : "";
  return new SpoolError(`${operation}: ${reason} (${code})`, code, { cause });
}

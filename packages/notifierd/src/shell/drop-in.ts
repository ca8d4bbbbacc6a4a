/** What the other daemons left in the drop box while nobody listened: taken in order, then removed. */
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import type { Logger } from "@systole/daemon";
import { type Clock, plus, seconds } from "@systole/machine";
import * as lines from "../log-lines.js";
import type { ClusterEvent } from "../types.js";
import { readEvent } from "./spool-format.js";

/** What is left while we listen is only what crossed our coming: seldom, and never urgent. */
const LOOKED_EVERY = seconds(10);
/** Files of a turn: a full box does not keep us from answering. */
const TURN = 100;
/** A file that was begun so long ago is nobody's any more. */
const TORN_MS = 60_000;
const NAME = /^\d{14}\.[A-Za-z0-9.-]{1,200}\.json$/;

export interface DropInParts {
  readonly directory: string;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly log: Logger;
  /** Makes it safe; when it throws the file stays, and those behind it. Answers "old" if it is told nobody any more. */
  readonly take: (event: ClusterEvent) => "taken" | "old";
  /** So many were too old. */
  readonly onOld: (count: number) => void;
}

export interface DropIn {
  close(): void;
}

/** Reads all that is there before it returns, unless the spool refuses it; then looks again from time to time. */
export function openDropIn({ directory, clock, wallClock, log, take, onOld }: DropInParts): DropIn {
  let disarm = () => {};
  let complained = false;
  const ignored = new Set<string>();

  function names(): readonly string[] {
    try {
      return readdirSync(directory)
        .filter((name) => NAME.test(name) && !ignored.has(name))
        .sort();
    } catch {
      return []; // no box
    }
  }

  function turn(all: readonly string[]): void {
    const count = { taken: 0, old: 0 };
    for (const name of all) {
      const path = join(directory, name);
      const event = readEvent(textOf(path));
      if (event === undefined) {
        log.error({ event: "drop.unreadable", path }, lines.unreadable(path));
        ignored.add(name);
        continue;
      }
      count[take(event)] += 1;
      rmSync(path, { force: true });
    }
    if (count.taken > 0) log.info({ event: "drop.taken", ...count }, lines.dropTaken(count.taken));
    if (count.old > 0) onOld(count.old);
  }

  /** What a daemon was writing when it was killed. */
  function sweep(): void {
    try {
      for (const name of readdirSync(directory)) {
        const path = join(directory, name);
        if (name.startsWith("tmp-") && wallClock() - lstatSync(path).mtimeMs > TORN_MS) rmSync(path);
      }
    } catch {
      // gone already, or no box: nothing to sweep
    }
  }

  function look(limit: number): void {
    try {
      turn(names().slice(0, limit));
      complained = false;
    } catch (error) {
      if (!complained) log.error({ event: "drop.refused", error }, lines.dropRefused(error));
      complained = true;
    }
    disarm = clock.at(plus(clock.now(), LOOKED_EVERY), () => look(TURN));
  }

  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch {
    // not ours to make: a package makes it; without it events wait in the daemons' memory
  }
  sweep();
  look(Number.POSITIVE_INFINITY);
  return { close: () => disarm() };
}

/** Empty if it cannot be read; a link is not followed. */
function textOf(path: string): string {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}

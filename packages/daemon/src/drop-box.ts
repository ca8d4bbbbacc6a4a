/**
 * The drop box: where events wait on the disk while nobody who keeps them listens.
 *
 *   a keeper listens, says `taken` --it is gone--> written here, from the first event that was not taken
 *
 * notifierd reads the box when it starts, and looks into it from time to time: so nothing depends on its being up, and
 * an event outlives the daemon that published it. A daemon never waits for this disk. Bounded: over `FILE_LIMIT` files
 * of one daemon the rest stays in its event log; a full disk is complained of once and tried again.
 */
import { readdir } from "node:fs/promises";
import type { ClusterEvent, EventLog } from "@systole/bus";
import { type Clock, plus, seconds } from "@systole/machine";
import type { Logger } from "pino";
import { dropFile, safeName } from "./drop-file.js";

/** Of one daemon. */
const FILE_LIMIT = 1000;
const RETRY_AFTER = seconds(5);
/** How long a keeper has, when we stop, to say that it took our last words. */
const FAREWELL = seconds(1);

export interface DropBoxParts {
  readonly directory: string;
  readonly daemon: string;
  readonly boot: string;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Logger;
  /** Files of this daemon; `FILE_LIMIT` unless told otherwise. */
  readonly limit?: number;
}

/** A listener that keeps what it takes. */
export interface Keeper {
  /** All events up to this sequence are safe with it. */
  taken(sequence: number): void;
  gone(): void;
}

export interface DropBox {
  keeper(): Keeper;
  /** The daemon stops: what no keeper has taken by then is written. */
  stop(): Promise<void>;
}

export function openDropBox(parts: DropBoxParts): DropBox {
  const { directory, daemon, boot, events, clock, log, limit = FILE_LIMIT } = parts;
  let safe = 0; // the last sequence that is taken or written
  let keepers = 0;
  let stopping = false;
  let writing: Promise<void> | undefined;
  let files: number | undefined; // ours in the box, at most
  let complained = false;
  let disarm = () => {};
  let news = () => {}; // to whom waits for a keeper
  const missing = (): readonly ClusterEvent[] => events.since(boot, safe).events;
  const isKept = (): boolean => keepers > 0 && !stopping;
  events.watch(write);

  function write(): void {
    disarm();
    if (isKept()) return;
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
  }

  async function writeAll(): Promise<void> {
    await Promise.resolve(); // whoever published goes on first
    try {
      for (let next = missing()[0]; next !== undefined && !isKept(); next = missing()[0]) {
        if (files === undefined || files >= limit) files = await count();
        await dropFile(directory, next);
        files += 1;
        safe = Math.max(safe, next.sequence);
      }
      if (complained) log.info({ event: "drop.works" }, `${directory} takes events again`);
      complained = false;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return; // no box: the next event asks again
      if (!complained) log.error({ event: "drop.failed", error }, complaint(directory, error));
      complained = true;
      if (!stopping) disarm = clock.at(plus(clock.now(), RETRY_AFTER), write);
    }
  }

  /** @throws Error if there are too many */
  async function count(): Promise<number> {
    const found = (await readdir(directory)).filter((name) => name.includes(`.${safeName(daemon)}.`)).length;
    if (found >= limit) throw new Error(`${found} of ${daemon} wait there already; does notifierd run?`);
    return found;
  }

  /** Until the keepers have all, or are gone, or the time is over. */
  function takenOrLate(): Promise<void> {
    return new Promise((resolve) => {
      const callOff = clock.at(plus(clock.now(), FAREWELL), () => resolve());
      news = () => {
        if (keepers > 0 && missing().length > 0) return;
        callOff();
        resolve();
      };
      news();
    });
  }

  return {
    keeper() {
      let isHere = true;
      keepers += 1;
      return {
        taken(sequence) {
          safe = Math.max(safe, Math.min(sequence, events.since(boot, 0).last));
          news();
        },
        gone() {
          if (isHere) keepers -= 1;
          isHere = false;
          news();
          write();
        },
      };
    },
    async stop() {
      await takenOrLate();
      stopping = true;
      await writing;
      write();
      await writing;
    },
  };
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

function complaint(directory: string, error: unknown): string {
  const problem = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const reason = code === "ENOSPC" || code === "EDQUOT" ? `no space left (${code})` : problem;
  return `an event could not be left in ${directory} for notifierd: ${reason}`;
}

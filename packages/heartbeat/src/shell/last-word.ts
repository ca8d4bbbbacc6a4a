/**
 * When this node last sent a status, kept in the runtime directory for the process after us.
 *
 * A heartbeat that comes back inside its lease finds its VIPs still in the kernel and keeps them; one that comes later
 * must not. The moment is on the kernel's monotonic clock and counts only within one boot of the machine.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { type Millis, milliseconds } from "@systole/machine";

export interface LastWord {
  /** Groups that we held when it was sent. */
  readonly groups: readonly string[];
  /** How long ago it was sent. */
  readonly silence: Millis;
  /** It was a restart on purpose: the lease and the deadtime that hold from then on instead of the usual ones. */
  readonly handedOn?: HandedOn;
}

export interface HandedOn {
  readonly lease: Millis;
  readonly deadtime: Millis;
}

export interface LastWordFile {
  /** Called with each status sent. Overwrites in place; the file is in memory (tmpfs). */
  sent(groups: readonly string[], handedOn?: HandedOn): void;
  close(): void;
}

const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();

export function openLastWord(path: string): LastWordFile {
  const fd = openSync(path, "w", 0o600);
  const boot = bootId();
  return {
    sent(groups, handedOn) {
      const text = JSON.stringify({ boot, at: monotonicMs(), groups, ...(handedOn && { handedOn }) });
      const length = writeSync(fd, `${text}\n`, 0, "utf8");
      ftruncateSync(fd, length);
    },
    close: () => closeSync(fd),
  };
}

/** What the process before us left; undefined if there is nothing of this boot. */
export function readLastWord(path: string): LastWord | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined; // the first start since the machine booted
  }
  const word = parsed(text);
  if (word?.boot !== bootId()) return undefined;
  const { at, groups, handedOn } = word;
  return { groups, silence: milliseconds(monotonicMs() - at), ...(handedOn && { handedOn }) };
}

interface Written {
  readonly boot: string;
  readonly at: number;
  readonly groups: readonly string[];
  readonly handedOn?: HandedOn;
}

/** Undefined for what no process of ours has written to its end. */
function parsed(text: string): Written | undefined {
  try {
    const word: Partial<Written> = JSON.parse(text);
    const { boot, at, groups, handedOn } = word;
    if (typeof boot !== "string" || typeof at !== "number" || !Array.isArray(groups)) return undefined;
    return { boot, at, groups, ...(handedOn && { handedOn }) };
  } catch {
    return undefined;
  }
}

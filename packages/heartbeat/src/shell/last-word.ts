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
}

export interface LastWordFile {
  /** Called with each status sent. Overwrites in place; the file is in memory (tmpfs). */
  sent(groups: readonly string[]): void;
  close(): void;
}

const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();

export function openLastWord(path: string): LastWordFile {
  const fd = openSync(path, "w", 0o600);
  const boot = bootId();
  return {
    sent(groups) {
      const text = `${boot} ${monotonicMs().toFixed(3)} ${groups.join(" ")}\n`;
      const length = writeSync(fd, text, 0, "utf8");
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
  const [boot, at, ...groups] = text.trim().split(" ");
  const sentAt = Number(at);
  if (boot !== bootId() || !Number.isFinite(sentAt)) return undefined;
  return { groups, silence: milliseconds(monotonicMs() - sentAt) };
}

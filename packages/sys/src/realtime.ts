/** Real-time scheduling, and program text that stays in memory. */
import { readFileSync } from "node:fs";
import { MLOCK_ONFAULT, SCHED_RESET_ON_FORK, SCHED_RR } from "./constants.js";
import { checked } from "./errno.js";
import { native } from "./native.js";

/**
 * Gives this thread SCHED_RR; children are normal again (reset on fork). Call it on the main thread, in a process that
 * was started with `--single-threaded-gc`: else garbage collection waits for helper threads that are not real-time.
 *
 * @param priority 1 to 99
 * @throws SystemError `EPERM` without CAP_SYS_NICE.
 */
export function realtime(priority: number): void {
  checked("real-time scheduling", native().schedSetscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, priority));
}

export interface LockedText {
  readonly mappings: number;
  readonly bytes: number;
  /** Mappings that the kernel refused (RLIMIT_MEMLOCK without CAP_IPC_LOCK). */
  readonly refused: number;
}

/**
 * Locks the read-only mappings of program files as they fault in, so that a heartbeat never waits for a disk.
 *
 * Never the heap: V8 aborts on locked pages (docs/architecture.md, risk 1).
 */
export function lockProgramText(maps: string = readFileSync("/proc/self/maps", "latin1")): LockedText {
  let [mappings, bytes, refused] = [0, 0, 0];
  for (const { address, lengthBytes } of programText(maps)) {
    if (native().mlock2(address, lengthBytes, MLOCK_ONFAULT) < 0) refused++;
    else {
      mappings++;
      bytes += lengthBytes;
    }
  }
  return { mappings, bytes, refused };
}

/** The readable, not writable mappings of files in /proc/PID/maps. */
export function programText(maps: string): { address: number; lengthBytes: number }[] {
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) r-.. \S+ \S+ \d+ +\/.*$/gm)].map((match) => {
    const address = Number.parseInt(match[1]!, 16); // both groups are in every match
    return { address, lengthBytes: Number.parseInt(match[2]!, 16) - address };
  });
}

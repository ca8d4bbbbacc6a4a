/**
 * Did the last life of notifierd end in order, and what ended it if not? A stamp in the spool, renewed while it lives.
 *
 * Another kernel than before and no farewell: the power failed, or the kernel crashed. The same kernel and no farewell:
 * notifierd was killed, which is nobody else's trouble.
 */
import { readFileSync } from "node:fs";
import { type Clock, plus, seconds } from "@systole/machine";
import type { Fact, Severity } from "../types.js";
import type { Spool } from "./spool.js";

const RENEWED_EVERY = seconds(15);

export interface LifeParts {
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly spool: Pick<Spool, "life" | "putLife">;
  /** Names this life of the kernel. */
  readonly kernelBoot: string;
  readonly publish: (severity: Severity, fact: Fact) => void;
}

/** Tells what the last life died of, and begins this one. */
export function beginLife(parts: LifeParts): { end(): void } {
  const { clock, wallClock, spool, kernelBoot, publish } = parts;
  const last = spool.life();
  if (last !== undefined && !last.ended) {
    const awayMs = Math.max(0, wallClock() - last.seenMs);
    if (last.kernelBoot === kernelBoot) publish("info", { kind: "daemon.restarted", restarted: "notifierd" });
    else publish("warning", { kind: "node.returned", lastSeenMs: last.seenMs, awayMs });
  }
  let disarm = () => {};
  function stamp(ended: boolean): void {
    try {
      spool.putLife({ schemaVersion: 1, kernelBoot, seenMs: wallClock(), ended });
    } catch {
      // A full disk is told where events are refused; the next stamp comes in a moment.
    }
  }
  function live(): void {
    stamp(false);
    disarm = clock.at(plus(clock.now(), RENEWED_EVERY), live);
  }
  live();
  return {
    end() {
      disarm();
      stamp(true);
    },
  };
}

/** Of this machine; a kernel that does not tell is always the same one. */
export function kernelBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "unknown";
  }
}

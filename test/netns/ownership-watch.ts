/** Looks from outside, every 10 ms, which nodes have an address in their kernel. */
import type { LabNode } from "../lab/node.js";

const PERIOD_MS = 10;

export interface Observed {
  readonly samples: number;
  /** Moments at which more than one node had it: milliseconds since the watch began, and who. */
  readonly twoOwners: readonly string[];
  /** The longest time in which no node had it. */
  readonly longestGapMs: number;
  /** The longest time in which nobody looked: this machine was busy elsewhere. */
  readonly longestBlinkMs: number;
}

export interface OwnershipWatch {
  stop(): Observed;
}

export function watchOwnership(nodes: readonly LabNode[], address: string): OwnershipWatch {
  const began = performance.now();
  const twoOwners: string[] = [];
  let samples = 0;
  let looked = began;
  let ownerless: number | undefined;
  let longestGapMs = 0;
  let longestBlinkMs = 0;

  function look(): void {
    const now = performance.now();
    longestBlinkMs = Math.max(longestBlinkMs, now - looked);
    looked = now;
    samples += 1;
    const holders = nodes.filter((node) => node.holds(address));
    // The nodes were not asked at one instant: only who still has it when all others have been seen counts.
    if (holders.length > 1 && holders.every((node) => node.holds(address))) {
      twoOwners.push(`${Math.round(now - began)} ms: ${holders.map(({ name }) => name).join(" and ")}`);
    }
    if (holders.length > 0) ownerless = undefined;
    else {
      ownerless ??= now;
      longestGapMs = Math.max(longestGapMs, now - ownerless);
    }
  }

  const timer = setInterval(look, PERIOD_MS);
  return {
    stop() {
      clearInterval(timer);
      return {
        samples,
        twoOwners,
        longestGapMs: Math.round(longestGapMs),
        longestBlinkMs: Math.round(longestBlinkMs),
      };
    },
  };
}

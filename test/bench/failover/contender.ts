/** What takes part in the comparison: one program on two directors, told its times in its own words. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { LabNode } from "../../lab/node.js";

export const VIP = "10.0.1.200";

/** How often the owner gives a sign of life, and how long its silence is borne. Milliseconds. */
export interface Times {
  readonly keepaliveMs: number;
  readonly deadtimeMs: number;
}

/** Those of the shipped ha.cf, and two shorter pairs. */
export const TIMES: readonly Times[] = [
  { keepaliveMs: 20, deadtimeMs: 100 },
  { keepaliveMs: 50, deadtimeMs: 250 },
  { keepaliveMs: 200, deadtimeMs: 1000 },
];
export const SHIPPED = TIMES[2]!;

export const nameOf = ({ keepaliveMs, deadtimeMs }: Times): string => `${keepaliveMs}/${deadtimeMs}`;

export interface Contender {
  readonly name: string;
  readonly times: Times;
  /** How long its cold start may take. */
  readonly startMs: number;
  /** How long it may take until it is well again after a fault. */
  readonly settleMs: number;
  /** How many clusters of it share the runs: more of the one that takes longer to come back. */
  readonly clusters: number;
  /** How long a healed partition is watched. */
  readonly healMs: number;
  /** How long after a start or return it may look well and yet have longer deadtimes, or be about to start anew. */
  readonly calmMs: number;
  start(node: LabNode): Promise<void>;
  /** Where it writes its log, inside the node. */
  readonly log: string;
  /** A word that is in the command line of every process of it, and of no other on the node. */
  readonly mark: string;
  /** Both hear one another, nothing moves: a fault now is a fair one. */
  isWell(nodes: readonly LabNode[]): Promise<boolean>;
  /** Hands the VIP over on purpose. */
  move(from: LabNode): Promise<unknown>;
}

/** Process ids, as this machine numbers them, of everything that belongs to the contender on that node. */
export function processesOf(node: LabNode, { mark }: Pick<Contender, "mark">): readonly number[] {
  const space = readlinkSync(`/proc/${node.pid}/ns/pid`);
  return readdirSync("/proc").flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || readlinkSync(`/proc/${name}/ns/pid`) !== space) return [];
      return readFileSync(`/proc/${name}/cmdline`, "latin1").includes(mark) ? [Number(name)] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

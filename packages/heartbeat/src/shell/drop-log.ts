/** Log lines about datagrams that were dropped: the first few of each kind, then one a minute with their number. */
import { between, type Clock, type Instant, seconds } from "@systole/machine";
import type { Dropped } from "./receiver.js";

const TOLD_AT_ONCE = 5;
const PERIOD = seconds(60);

interface Kind {
  total: number;
  sinceTold: number;
  toldAt: Instant;
}

export interface DropLog {
  dropped(why: Dropped, problem: string, medium: string): void;
  /** How many were dropped, by reason. */
  totals(): Readonly<Record<string, number>>;
}

export function createDropLog(clock: Clock, warn: (line: string) => void): DropLog {
  const kinds = new Map<Dropped, Kind>();
  return {
    dropped(why: Dropped, problem: string, medium: string): void {
      const kind = kinds.get(why) ?? { total: 0, sinceTold: 0, toldAt: clock.now() };
      kinds.set(why, kind);
      kind.total += 1;
      kind.sinceTold += 1;
      if (kind.total > TOLD_AT_ONCE && between(kind.toldAt, clock.now()) < PERIOD) return;
      const times = kind.sinceTold > 1 ? ` (${kind.sinceTold} since the last such line)` : "";
      warn(`dropped a datagram on ${medium}: ${problem}${times}`);
      kind.sinceTold = 0;
      kind.toldAt = clock.now();
    },
    totals: (): Readonly<Record<string, number>> =>
      Object.fromEntries([...kinds].map(([why, { total }]) => [why, total])),
  };
}

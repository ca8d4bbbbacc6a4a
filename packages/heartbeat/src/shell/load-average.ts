/**
 * Text of /proc/loadavg, which every heartbeat carries. The kernel counts it anew every five seconds; we read it once a
 * second at most, for on the way to a takeover several messages leave in one turn.
 */
import { readFileSync } from "node:fs";
import { type Clock, type Instant, plus, seconds } from "@systole/machine";

const VALID = seconds(1);

export function createLoadAverage(clock: Pick<Clock, "now">, read = readLoad): () => string {
  let last: { readonly text: string; readonly until: Instant } | undefined;
  return () => {
    const now = clock.now();
    if (last === undefined || now >= last.until) last = { text: read(), until: plus(now, VALID) };
    return last.text;
  };
}

const readLoad = (): string => readFileSync("/proc/loadavg", "latin1").trim();

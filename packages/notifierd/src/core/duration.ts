/** Lengths of time for people: `340 ms`, `1.3 s`, `12 min`, `3.5 h`, `5.0 d`. */

const UNITS = [
  { from: 2 * 86_400_000, unit: 86_400_000, name: "d", digits: 1 },
  { from: 2 * 3_600_000, unit: 3_600_000, name: "h", digits: 1 },
  { from: 60_000, unit: 60_000, name: "min", digits: 0 },
  { from: 1000, unit: 1000, name: "s", digits: 1 },
];

/** @param ms milliseconds */
export function duration(ms: number): string {
  const found = UNITS.find(({ from }) => ms >= from);
  if (found === undefined) return `${Math.round(ms)} ms`;
  return `${(ms / found.unit).toFixed(found.digits)} ${found.name}`;
}

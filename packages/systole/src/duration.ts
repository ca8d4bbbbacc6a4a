/** A length of time as people write it: `90s`, `10m`, `2h`, `1d`, `1h30m`; a bare number is seconds. */
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds; undefined if it is none, or nothing. */
export function durationMs(text: string): number | undefined {
  if (/^\d+$/.test(text)) return positive(Number(text) * 1000);
  if (!/^(?:\d+[smhd])+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  return positive(parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0));
}

const positive = (ms: number): number | undefined => (ms > 0 && Number.isSafeInteger(ms) ? ms : undefined);

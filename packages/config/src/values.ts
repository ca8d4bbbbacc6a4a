/** Values as Linux-HA's files write them. Each reader answers undefined for what is not such a value. */

const UNIT_MS: Readonly<Record<string, number>> = { "": 1000, ms: 1, us: 0.001, usec: 0.001 };

/**
 * A length of time in milliseconds, rounded: `2` and `1.5` are seconds, `500ms`, `250us`, `250usec`; the unit may be
 * in capitals and stands directly behind the number. A sign is read, too, so that the caller can say "not negative".
 */
export function readDurationMs(text: string): number | undefined {
  const parts = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))([a-z]*)$/i.exec(text);
  const unit = parts === null ? undefined : UNIT_MS[parts[2]!.toLowerCase()];
  return parts === null || unit === undefined ? undefined : Math.round(Number(parts[1]) * unit);
}

const YES = new Set(["true", "on", "yes", "y", "1"]);
const NO = new Set(["false", "off", "no", "n", "0"]);

/** `true on yes y 1` or `false off no n 0`, in any case. */
export function readYesNo(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
}

/** A whole decimal number within bounds, both included. */
export function readWhole(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

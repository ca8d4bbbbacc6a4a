/** Monotonic moments and lengths. Wall-clock time never enters a core. */

declare const isInstant: unique symbol;
declare const isMillis: unique symbol;

/** A moment on the monotonic clock, in milliseconds since an origin that means nothing. */
export type Instant = number & { readonly [isInstant]: true };

/** A length of time in milliseconds, fractions allowed. */
export type Millis = number & { readonly [isMillis]: true };

/** Names a number of milliseconds since the origin as a moment: for clocks and tests. */
export const instant = (ms: number): Instant => ms as Instant; // the one place that makes an Instant from a number

/** A length of so many milliseconds. */
export const milliseconds = (ms: number): Millis => ms as Millis; // the one place that makes Millis from a number

/** A length of so many seconds. */
export const seconds = (s: number): Millis => milliseconds(s * 1000);

/** The moment `length` after `from`. */
export const plus = (from: Instant, length: Millis): Instant => instant(from + length);

/** How long `later` is after `earlier`; negative if it is before. */
export const between = (earlier: Instant, later: Instant): Millis => milliseconds(later - earlier);

/** The earliest of some moments; undefined if there is none. */
export function earliest(moments: Iterable<Instant | undefined>): Instant | undefined {
  let first: Instant | undefined;
  for (const moment of moments)
    if (moment !== undefined && (first === undefined || moment < first)) first = moment;
  return first;
}

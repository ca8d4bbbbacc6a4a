/** When a letter is tried again: 5 s, 15 s, 1, 5, 15, then every 30 minutes, each a fifth more or less. */
import { type Millis, milliseconds, seconds } from "@systole/machine";

const WAITS: readonly Millis[] = [5, 15, 60, 300, 900, 1800].map(seconds);

/**
 * @param failures how often it failed so far, at least 1
 * @param jitter a random number from 0 to 1
 */
export function retryWait(failures: number, jitter: number): Millis {
  const wait = WAITS[Math.min(failures, WAITS.length) - 1] ?? WAITS[0]!;
  return milliseconds(wait * (0.8 + 0.4 * jitter));
}

/** What an answer of an SMTP server means, RFC 5321 section 4.2.1: 4yz for now, 5yz for good. */
export function verdictOf(replyCode: number): "delivered" | "later" | "never" {
  if (replyCode >= 200 && replyCode < 300) return "delivered";
  return replyCode >= 500 && replyCode < 600 ? "never" : "later";
}

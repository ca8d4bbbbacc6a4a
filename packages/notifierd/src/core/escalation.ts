/** Who is told later, if nobody takes care of it: recipients that stand by, on the letter itself. */
import { earliest, type Instant, milliseconds, plus } from "@systole/machine";
import type { Delivery, Letter } from "../types.js";

const standsBy = ({ state, afterMs }: Delivery): boolean => state === "standby" && afterMs !== undefined;

const wokenAt = ({ afterMs = 0 }: Delivery, writtenAt: Instant): Instant =>
  plus(writtenAt, milliseconds(afterMs));

/** When the next one has to be told. */
export const nextEscalation = ({ deliveries }: Letter, writtenAt: Instant): Instant | undefined =>
  earliest(deliveries.filter(standsBy).map((one) => wokenAt(one, writtenAt)));

/** Those whose time has come wait for the letter from now on; undefined if there is none. */
export function escalated(letter: Letter, writtenAt: Instant, now: Instant): Letter | undefined {
  const isDue = (one: Delivery) => standsBy(one) && now >= wokenAt(one, writtenAt);
  if (!letter.deliveries.some(isDue)) return undefined;
  const deliveries = letter.deliveries.map((one) =>
    isDue(one) ? { ...one, state: "waiting" as const } : one,
  );
  return { ...letter, deliveries };
}

/** Nobody else has to be told; undefined if nobody stood by. */
export function spared(letter: Letter, why: string): Letter | undefined {
  if (!letter.deliveries.some(standsBy)) return undefined;
  const deliveries = letter.deliveries.map((one) =>
    standsBy(one) ? { ...one, state: "spared" as const, reply: why } : one,
  );
  return { ...letter, deliveries };
}

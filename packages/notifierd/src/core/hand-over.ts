/**
 * A hand-over between two directors that live is one letter: who gave leaves its half to who took.
 *
 *   giver   letter written, nobody told yet --its half--> taker
 *           --"taken"--> spared: the other tells it       --nothing in time--> sent, with its own half
 *   taker   its letter waits a little for the half (digest.ts); the half is in the spool before it says "taken"
 *
 * So nothing is lost, whoever dies when: if in doubt there is a letter from each. Only what is a notice at most is
 * left to the other, and only if that one tells all whom we would tell.
 */
import { atLeast, type Channel, type ClusterEvent, channelOf, type Letter } from "../types.js";
import type { Incident } from "./digest.js";
import { addressees, type LetterOptions } from "./letter.js";

/** Who would get a letter, and how. */
export type Addressee = readonly [channel: Channel, address: string];

/** What the giver says to the taker. */
export interface Half {
  readonly type: "half";
  /** Ids of the letters that wait for the answer, and how long they do. */
  readonly letters: readonly string[];
  readonly waitMs: number;
  readonly to: readonly Addressee[];
  /** In the order they came. */
  readonly events: readonly ClusterEvent[];
  /** The giver's letter would have answered this one: a failback ends the trouble that the giver told of. */
  readonly answers?: string;
  /** The giver's wall clock. */
  readonly saidAtMs: number;
}

/** What the taker says to the giver: these letters need not be sent. */
export interface Taken {
  readonly type: "taken";
  readonly letters: readonly string[];
}

/** Whom an incident of ours can be left to; undefined: we tell it. */
export function takerOf({ events, notes }: Incident, letters: readonly Letter[]): string | undefined {
  const facts = events.map(({ fact }) => fact);
  const takers = new Set(facts.flatMap((fact) => (fact.kind === "release.finished" ? [fact.to] : [])));
  const [taker] = takers;
  if (taker === undefined || takers.size > 1) return undefined;
  if (facts.some(({ kind }) => kind === "takeover.finished") || notes.length > 0) return undefined;
  return letters.length > 0 && letters.every(canWait) ? taker : undefined;
}

const canWait = ({ severity, opens, deliveries }: Letter): boolean =>
  !atLeast(severity, "warning") && opens.length === 0 && deliveries.every(({ state }) => state === "waiting");

/** Nobody is told before `waitMs` are over; a letter that is spared until then is told to nobody. */
export const waiting = (letter: Letter, waitMs: number): Letter => ({
  ...letter,
  deliveries: letter.deliveries.map((one) => ({ ...one, state: "standby", afterMs: waitMs })),
});

export const addresseesOf = (letters: readonly Letter[]): readonly Addressee[] =>
  letters.flatMap((letter) =>
    letter.deliveries.map(({ address }): Addressee => [channelOf(letter), address]),
  );

/** We would tell everybody whom the giver would tell. */
export const tellsAll = ({ to, events }: Half, options: LetterOptions): boolean =>
  to.every(([channel, address]) => addressees(events, channel, options).get(address) === 0);

/**
 * So many mails an hour to one address; what is more is held back and comes as one letter.
 *
 *   under the ceiling --letter--> sent
 *   at the ceiling    --letter--> held --`digestWait` after the first--> one letter tells of all that are held
 */
import { earliest, type Instant, type Millis, milliseconds, plus, type Step } from "@systole/machine";

export interface CeilingLimits {
  /** Mails an hour; 0: as many as there are. */
  readonly perHour: number;
  readonly digestWait: Millis;
}

const HOUR = milliseconds(3_600_000);
export const DIGEST_WAIT = milliseconds(600_000);

interface Account {
  /** Of the last hour. */
  readonly sent: readonly Instant[];
  /** Ids of letters, the oldest first. */
  readonly held: readonly string[];
  readonly digestAt: Instant | undefined;
}

/** By address. */
export type Ceiling = ReadonlyMap<string, Account>;

export const NOTHING_SENT: Ceiling = new Map();
const FRESH: Account = { sent: [], held: [], digestAt: undefined };

const within = (sent: readonly Instant[], now: Instant): readonly Instant[] =>
  sent.filter((at) => at > plus(now, milliseconds(-HOUR)));

/** A letter wants to go to this address. True if it has to wait for the digest. */
export function isFull(ceiling: Ceiling, address: string, now: Instant, { perHour }: CeilingLimits): boolean {
  const account = ceiling.get(address);
  if (account === undefined || perHour === 0) return false;
  return account.held.length > 0 || within(account.sent, now).length >= perHour;
}

/** @param at when it was sent; before a restart perhaps */
export function sent(ceiling: Ceiling, address: string, at: Instant): Ceiling {
  const account = ceiling.get(address) ?? FRESH;
  return new Map(ceiling).set(address, { ...account, sent: [...within(account.sent, at), at] });
}

export function held(
  ceiling: Ceiling,
  address: string,
  id: string,
  now: Instant,
  { digestWait }: CeilingLimits,
): Ceiling {
  const account = ceiling.get(address) ?? FRESH;
  const digestAt = account.digestAt ?? plus(now, digestWait);
  return new Map(ceiling).set(address, { ...account, held: [...account.held, id], digestAt });
}

export const nextDigest = (ceiling: Ceiling): Instant | undefined =>
  earliest([...ceiling.values()].map(({ digestAt }) => digestAt));

/** One letter to `address` about these letters. */
export interface Digested {
  readonly address: string;
  readonly letters: readonly string[];
}

/** @param all do not wait: the daemon is asked to send what it has */
export function digests(ceiling: Ceiling, now: Instant, all = false): Step<Ceiling, Digested> {
  const state = new Map(ceiling);
  const actions: Digested[] = [];
  for (const [address, account] of ceiling) {
    const { held: letters, digestAt } = account;
    if (digestAt === undefined || (!all && now < digestAt)) continue;
    state.set(address, { ...account, held: [], digestAt: undefined });
    actions.push({ address, letters });
  }
  return { state, actions };
}

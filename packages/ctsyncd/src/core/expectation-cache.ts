/**
 * Expectations, our own kernel's or a peer's: flows that a helper foretells. They are few and short-lived, so they are
 * kept as values.
 *
 * Ids begin at FIRST_EXPECTATION, so that flows and expectations can wait in one queue.
 */
import type { Expectation } from "../wire/expectation.js";
import { EXP_DEL, EXP_NEW, EXP_UPD } from "../wire/message.js";

export const FIRST_EXPECTATION = 0x4000_0000;

interface Entry {
  readonly id: number;
  readonly key: string;
  expectation: Expectation;
  /** EXP_NEW, EXP_UPD or EXP_DEL. */
  type: number;
  changedAt: number;
  createdAt: number;
  /** As the last dump, or the last bulk, found it. */
  mark: number;
}

export class ExpectationCache {
  readonly counters = { created: 0, createFailed: 0, updated: 0, destroyed: 0, destroyUnknown: 0 };
  readonly #limit: number;
  readonly #byKey = new Map<string, Entry>();
  readonly #byId = new Map<number, Entry>();
  #next = FIRST_EXPECTATION;
  #mark = 0;
  /** Keys of those that ended since the last mark: a dump that began before must not bring them back. */
  readonly #ended = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Living ones. */
  get size(): number {
    let size = 0;
    for (const { type } of this.#byId.values()) if (type !== EXP_DEL) size += 1;
    return size;
  }

  /** Takes a new or changed one in. @returns its id, or undefined if there is no room. */
  put(expectation: Expectation, second: number): number | undefined {
    const key = keyOf(expectation);
    this.#ended.delete(key);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      const reborn = known.type === EXP_DEL;
      known.expectation = expectation;
      known.type = reborn ? EXP_NEW : EXP_UPD;
      known.changedAt = second;
      if (reborn) known.createdAt = second;
      known.mark = this.#mark;
      this.counters[reborn ? "created" : "updated"] += 1;
      return known.id;
    }
    if (this.#byId.size >= this.#limit) {
      this.counters.createFailed += 1;
      return undefined;
    }
    const id = this.#freshId();
    const entry = {
      id,
      key,
      expectation,
      type: EXP_NEW,
      changedAt: second,
      createdAt: second,
      mark: this.#mark,
    };
    this.#byKey.set(key, entry);
    this.#byId.set(id, entry);
    this.counters.created += 1;
    return id;
  }

  /** Takes one in that a dump found; what an event told since the last mark is newer and stands. */
  putDumped(expectation: Expectation, second: number): number | undefined {
    const key = keyOf(expectation);
    if (this.#ended.has(key)) return undefined;
    const known = this.#byKey.get(key);
    const told = known !== undefined && known.type !== EXP_DEL && known.mark === this.#mark;
    return told ? undefined : this.put(expectation, second);
  }

  /** It is over: it stays, dead, until `settled`. @returns its id, or undefined if it is not known. */
  end(expectation: Expectation): number | undefined {
    const key = keyOf(expectation);
    if (this.#ended.size < this.#limit) this.#ended.add(key);
    const entry = this.#byKey.get(key);
    if (entry === undefined || entry.type === EXP_DEL) {
      this.counters.destroyUnknown += 1;
      return undefined;
    }
    entry.type = EXP_DEL;
    this.counters.destroyed += 1;
    return entry.id;
  }

  /** The peer knows its latest state: a dead one is forgotten. */
  settled(id: number): void {
    const entry = this.#byId.get(id);
    if (entry?.type === EXP_DEL) this.#remove(entry);
  }

  /** From now on what is put in bears a new mark. */
  newMark(): void {
    this.#mark += 1;
    this.#ended.clear();
  }

  /** Ends every living one without the present mark. @returns their ids. */
  endUnmarked(): number[] {
    const ended = [...this.#byId.values()].filter(
      ({ type, mark }) => type !== EXP_DEL && mark !== this.#mark,
    );
    for (const { expectation } of ended) this.end(expectation);
    return ended.map(({ id }) => id);
  }

  clear(): void {
    this.#byId.clear();
    this.#byKey.clear();
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }
  /** EXP_NEW, EXP_UPD or EXP_DEL; only for one that is there. */
  messageType(id: number): number {
    return this.#byId.get(id)!.type;
  }

  /** As it is now, its timeout reduced by the time that has passed. */
  get(id: number, second: number): Expectation {
    const { expectation, changedAt } = this.#byId.get(id)!;
    const { timeoutSeconds } = expectation;
    if (timeoutSeconds === undefined) return expectation;
    return { ...expectation, timeoutSeconds: Math.max(1, timeoutSeconds - (second - changedAt)) };
  }

  /** Ids of the living ones. */
  ids(): number[] {
    return [...this.#byId.values()].filter(({ type }) => type !== EXP_DEL).map(({ id }) => id);
  }

  /** The living ones. */
  all(): Expectation[] {
    return [...this.#byId.values()]
      .filter(({ type }) => type !== EXP_DEL)
      .map(({ expectation }) => expectation);
  }

  /** The living ones with their age in this cache. */
  aged(second: number): { readonly expectation: Expectation; readonly ageSeconds: number }[] {
    return [...this.#byId.values()]
      .filter(({ type }) => type !== EXP_DEL)
      .map(({ expectation, createdAt }) => ({ expectation, ageSeconds: second - createdAt }));
  }

  #freshId(): number {
    do this.#next = this.#next >= 0x7fff_fffe ? FIRST_EXPECTATION : this.#next + 1;
    while (this.#byId.has(this.#next));
    return this.#next;
  }

  #remove(entry: Entry): void {
    this.#byId.delete(entry.id);
    this.#byKey.delete(entry.key);
  }
}

/** Expected tuple, master and mask tell one from another. */
function keyOf({ tuple, master, mask }: Expectation): string {
  return [tuple, master, mask].map(text).join(" ");
}

const text = ({
  source,
  destination,
  protocol,
  sourcePort = 0,
  destinationPort = 0,
}: Expectation["tuple"]): string => `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`;

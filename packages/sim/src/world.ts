/**
 * Virtual time: one queue of things that will happen, ordered by their moment; equal moments in the order of asking.
 *
 * All chance in a world comes from its seed, so a world plays the same way each time.
 */

export interface World {
  /** Milliseconds since the beginning of the world. */
  now(): number;
  /** Runs once at that moment (now, if it has passed). Returns how to call it off. */
  at(when: number, run: () => void): () => void;
  /** Plays until that moment; what is due at it is played, too. */
  playUntil(when: number): void;
  readonly chance: Chance;
}

export interface Chance {
  /** At least 0, less than 1. */
  fraction(): number;
  between(low: number, high: number): number;
  /** True with this probability. */
  happens(probability: number): boolean;
}

interface Entry {
  readonly when: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** More events than any honest schedule has: the machines feed each other. */
const MOST_EVENTS = 500_000;

export function createWorld(seed: number): World {
  const heap: Entry[] = [];
  let clock = 0;
  let order = 0;
  let played = 0;
  return {
    now: () => clock,
    at(when, run) {
      const entry: Entry = { when: Math.max(when, clock), order: order++, run };
      push(heap, entry);
      return () => {
        entry.run = undefined;
      };
    },
    playUntil(when) {
      for (let next = heap[0]; next !== undefined && next.when <= when; next = heap[0]) {
        pop(heap);
        if (next.run === undefined) continue;
        clock = next.when;
        if (played++ > MOST_EVENTS) throw new Error(`more than ${MOST_EVENTS} events by ${clock} ms`);
        next.run();
      }
      clock = Math.max(clock, when);
    },
    chance: chanceFrom(seed),
  };
}

const before = (a: Entry, b: Entry): boolean => a.when < b.when || (a.when === b.when && a.order < b.order);

/** A binary heap in an array: the children of `at` are `2 at + 1` and `2 at + 2`. */
function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(entry, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (heap.length === 0 || last === undefined) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}

/** mulberry32: 32 bits of state, good enough to shake a cluster. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    between: (low, high) => low + fraction() * (high - low),
    happens: (probability) => probability > 0 && fraction() < probability,
  };
}

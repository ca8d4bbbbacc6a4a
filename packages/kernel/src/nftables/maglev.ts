/**
 * The lookup table of Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4), weighted as ip_vs's `mh` does it. Pure.
 *
 * When one real server goes, the slots of the others hardly change: clients keep their server.
 */
import { crc32 } from "@systole/wire";
import { reduced } from "./slots.js";

/** Prime, as large as the default of ip_vs's mh. */
export const MAGLEV_SLOTS = 4093;

export interface MaglevMember {
  /** The same on all directors. */
  readonly name: string;
  /** 0 gets no slot. */
  readonly weight: number;
}

/** For each slot the index of a member; empty if no member has a weight. */
export function maglevSlots(
  members: readonly MaglevMember[],
  size: number = MAGLEV_SLOTS,
): readonly number[] {
  const turns = reduced(members.map(({ weight }) => weight));
  if (turns.every((turn) => turn === 0)) return [];
  const walks = members.map(({ name }) => ({
    at: hash(`${name} offset`) % size,
    skip: (hash(`${name} skip`) % (size - 1)) + 1,
  }));
  const slots = new Array<number>(size).fill(-1);
  for (let filled = 0; ; ) {
    for (const [index, walk] of walks.entries()) {
      for (let turn = 0; turn < turns[index]!; turn++) {
        while (slots[walk.at] !== -1) walk.at = (walk.at + walk.skip) % size;
        slots[walk.at] = index;
        if (++filled === size) return slots;
      }
    }
  }
}

const hash = (text: string): number => crc32(new TextEncoder().encode(text));

/**
 * Numbers in the order in which they came, each at most once, any of them taken out at any time: what waits to be sent.
 *
 * A ring that remembers where each number stands. Who leaves from the middle leaves a gap; when the ring is full of
 * gaps it is closed up, when it is full it grows.
 */

const GAP = -0x8000_0000;
const FIRST_PLACES = 1024;
/** Ids of flows are below this; the few other numbers are kept in a Map. */
const DENSE = 1 << 26;

/** Asked for at once; the system gives memory only where something is written. */
const FIRST_NUMBERS = 1 << 18;

/** A number for each of many numbers, 0 unless told otherwise: 4 bytes for each of those that are flows. */
export class Numbers {
  #dense = new Int32Array(FIRST_NUMBERS);
  readonly #others = new Map<number, number>();

  get(key: number): number {
    if (key >= 0 && key < DENSE) return key < this.#dense.length ? this.#dense[key]! : 0;
    return this.#others.get(key) ?? 0;
  }

  set(key: number, value: number): void {
    if (key < 0 || key >= DENSE) this.#setOther(key, value);
    else {
      if (key >= this.#dense.length) this.#grow(key);
      this.#dense[key] = value;
    }
  }

  #setOther(key: number, value: number): void {
    if (value === 0) this.#others.delete(key);
    else this.#others.set(key, value);
  }

  #grow(key: number): void {
    const larger = new Int32Array(Math.min(DENSE, Math.max(key + 1, this.#dense.length * 2)));
    larger.set(this.#dense);
    this.#dense = larger;
  }
}

export class WaitingLine {
  /** A power of two places. */
  #ring = new Int32Array(FIRST_PLACES);
  /** Turns of the ring are not counted out: places are these numbers modulo its length. */
  #head = 0;
  #tail = 0;
  #size = 0;
  /** One more than the place, by number. */
  readonly #places = new Numbers();

  get size(): number {
    return this.#size;
  }

  /** Whoever waits already stays where he is. */
  add(number: number): void {
    if (this.#places.get(number) !== 0) return;
    if (this.#tail - this.#head === this.#ring.length || this.#tail === 0x4000_0000) this.#rebuild();
    this.#put(number);
    this.#size += 1;
  }

  has(number: number): boolean {
    return this.#places.get(number) !== 0;
  }

  delete(number: number): void {
    const place = this.#places.get(number);
    if (place === 0) return;
    this.#ring[(place - 1) & (this.#ring.length - 1)] = GAP;
    this.#places.set(number, 0);
    this.#size -= 1;
  }

  /** Takes the first out; undefined if nobody waits. */
  shift(): number | undefined {
    const mask = this.#ring.length - 1;
    while (this.#head < this.#tail) {
      const number = this.#ring[this.#head & mask]!;
      this.#head += 1;
      if (number === GAP) continue;
      this.#places.set(number, 0);
      this.#size -= 1;
      return number;
    }
    return undefined;
  }

  #put(number: number): void {
    this.#ring[this.#tail & (this.#ring.length - 1)] = number;
    this.#tail += 1;
    this.#places.set(number, this.#tail);
  }

  /** The same line without gaps, counted from 0, in a ring with room for as many again. */
  #rebuild(): void {
    const { length } = this.#ring;
    const before = this.#ring;
    const [from, to] = [this.#head, this.#tail];
    this.#ring = new Int32Array(this.#size * 2 > length ? length * 2 : length);
    this.#head = 0;
    this.#tail = 0;
    for (let at = from; at < to; at++) {
      const number = before[at & (length - 1)]!;
      if (number !== GAP) this.#put(number);
    }
  }
}

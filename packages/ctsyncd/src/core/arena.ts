/**
 * Memory for many small byte strings: cells of 4 bytes' multiple, cut from pages of 64 KiB, one size to a page.
 *
 * A freed cell is used again for the next string of its size. A place is a number; the string at a place never moves.
 */

const PAGE_BYTES = 65_536;
const GRAIN = 4;
const PLACES_PER_PAGE = PAGE_BYTES / GRAIN;
const PLACE_BITS = 14;

export class Arena {
  readonly #pages: Uint8Array[] = [];
  /** Free places by size class, as a stack each. */
  readonly #free: number[][] = [];
  /** Where the next cell of a class is cut from its newest page. */
  readonly #cut: { next: number; end: number }[] = [];

  /** Bytes taken from the system. */
  get sizeBytes(): number {
    return this.#pages.length * PAGE_BYTES;
  }

  /** Stores a copy of `from` to `to` and returns its place. Strings are far shorter than a page. */
  put(bytes: Uint8Array, from: number, to: number): number {
    const place = this.#allocate(classOf(to - from));
    this.#copy(place, bytes, from, to);
    return place;
  }

  /** The page that holds the string at a place, and where in it the string begins: valid until the place is freed. */
  page(place: number): Uint8Array {
    return this.#pages[place >>> PLACE_BITS]!;
  }
  offset(place: number): number {
    return (place & (PLACES_PER_PAGE - 1)) * GRAIN;
  }

  /** Overwrites in place if the new string needs the same size of cell; else frees and stores anew. */
  replace(place: number, oldLength: number, bytes: Uint8Array, from: number, to: number): number {
    if (classOf(oldLength) !== classOf(to - from)) {
      this.free(place, oldLength);
      return this.put(bytes, from, to);
    }
    this.#copy(place, bytes, from, to);
    return place;
  }

  free(place: number, length: number): void {
    const size = classOf(length);
    let stack = this.#free[size];
    if (stack === undefined) this.#free[size] = stack = [];
    stack.push(place);
  }

  #copy(place: number, bytes: Uint8Array, from: number, to: number): void {
    const page = this.page(place);
    const at = this.offset(place);
    for (let n = 0; n < to - from; n++) page[at + n] = bytes[from + n]!;
  }

  #allocate(size: number): number {
    const freed = this.#free[size]?.pop();
    if (freed !== undefined) return freed;
    let cut = this.#cut[size];
    if (cut === undefined || cut.next + size > cut.end) {
      const first = this.#pages.length * PLACES_PER_PAGE;
      this.#pages.push(new Uint8Array(PAGE_BYTES));
      this.#cut[size] = cut = { next: first, end: first + PLACES_PER_PAGE };
    }
    const place = cut.next;
    cut.next += size;
    return place;
  }
}

/** How many grains a string needs. */
const classOf = (length: number): number => Math.max(1, Math.ceil(length / GRAIN));

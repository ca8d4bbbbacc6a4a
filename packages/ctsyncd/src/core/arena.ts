/**
 * Memory for many small byte strings: cells of 8 bytes' multiple, cut from pages of 64 KiB, one size to a page.
 *
 * A freed cell is used again for the next string of its size. A place is a number; the string at a place never moves.
 */

const PAGE_BYTES = 65_536;
const GRAIN = 8;
/** The largest string; a body with every attribute at its largest is far below. */
export const LARGEST = 8_192;
const PLACES_PER_PAGE = PAGE_BYTES / GRAIN;

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

  /** Stores a copy and returns its place. `bytes` must not be longer than LARGEST. */
  put(bytes: Uint8Array): number {
    const place = this.#allocate(classOf(bytes.length));
    this.#page(place).set(bytes, offsetOf(place));
    return place;
  }

  /** The string at a place: a view that is valid until the place is freed. */
  view(place: number, length: number): Uint8Array {
    const offset = offsetOf(place);
    return this.#page(place).subarray(offset, offset + length);
  }

  /** Overwrites in place if the new string needs the same size of cell; else frees and stores anew. */
  replace(place: number, oldLength: number, bytes: Uint8Array): number {
    if (classOf(oldLength) !== classOf(bytes.length)) {
      this.free(place, oldLength);
      return this.put(bytes);
    }
    this.#page(place).set(bytes, offsetOf(place));
    return place;
  }

  free(place: number, length: number): void {
    const size = classOf(length);
    let stack = this.#free[size];
    if (stack === undefined) this.#free[size] = stack = [];
    stack.push(place);
  }

  #page(place: number): Uint8Array {
    return this.#pages[Math.floor(place / PLACES_PER_PAGE)]!;
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

const offsetOf = (place: number): number => (place % PLACES_PER_PAGE) * GRAIN;

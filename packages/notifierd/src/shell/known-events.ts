/** Which events were taken already: a publisher tells them again when our cursor was behind. */

/** More than the spool and what its `done` remembers; the oldest are forgotten first. */
const LIMIT = 20_000;

export class KnownEvents {
  readonly #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(ids: readonly string[]): void {
    for (const id of ids) {
      this.#ids.add(id);
      if (this.#ids.size > LIMIT) this.#ids.delete(this.#ids.values().next().value!);
    }
  }
}

/** Who stood by when a trouble was told, and was told in the end because nobody took care of it. */
import type { Letter } from "../types.js";

/** Of more troubles than this the oldest is forgotten; its end is then not told to who was woken. */
const LIMIT = 1000;

export class Woken {
  readonly #addresses = new Map<string, ReadonlySet<string>>();

  of(trouble: string): readonly string[] {
    return [...(this.#addresses.get(trouble) ?? [])];
  }

  /** Reads it from a letter: those with a time to stand by who got it anyway. */
  remember({ deliveries, opens, closes }: Letter): void {
    for (const trouble of closes) this.#addresses.delete(trouble);
    const woken = deliveries.filter((one) => one.afterMs !== undefined && one.state === "delivered");
    if (woken.length === 0) return;
    for (const trouble of opens) {
      const before = this.#addresses.get(trouble) ?? [];
      this.#addresses.set(trouble, new Set([...before, ...woken.map(({ address }) => address)]));
      if (this.#addresses.size > LIMIT) this.#addresses.delete(this.#addresses.keys().next().value!);
    }
  }
}

/** Looks at both directors' kernels every ten milliseconds, from outside: who has the VIP? */
import type { LabNode } from "./node.js";

export interface Sighting {
  readonly samples: number;
  /** Moments at which more than one node had the VIP. */
  readonly doubles: number;
  /** The longest time between two looks: nothing shorter than this can have been missed. */
  readonly longestGapMs: number;
}

export class Watcher {
  readonly #nodes: readonly LabNode[];
  readonly #vip: string;
  readonly #onChange: (owners: readonly string[]) => void;
  readonly #timer: NodeJS.Timeout;
  #owners: readonly string[] = [];
  #samples = 0;
  #doubles = 0;
  #lastLook = performance.now();
  #longestGap = 0;

  constructor(nodes: readonly LabNode[], vip: string, onChange: (owners: readonly string[]) => void) {
    this.#nodes = nodes;
    this.#vip = vip;
    this.#onChange = onChange;
    this.#timer = setInterval(() => this.#look(), 10);
  }

  get owners(): readonly string[] {
    return this.#owners;
  }

  get sighting(): Sighting {
    return { samples: this.#samples, doubles: this.#doubles, longestGapMs: Math.round(this.#longestGap) };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#longestGap = Math.max(this.#longestGap, now - this.#lastLook);
    this.#lastLook = now;
    const owners = this.#nodes.filter((node) => node.holds(this.#vip)).map((node) => node.name);
    this.#samples++;
    if (owners.length > 1) this.#doubles++;
    if (owners.join() === this.#owners.join()) return;
    this.#owners = owners;
    this.#onChange(owners);
  }
}

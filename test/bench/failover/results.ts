/**
 * What was measured, one JSON object a line in a file: a bench that takes longer than a machine can be kept idle goes on
 * where it stopped, and its tables are made of all that is there.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname } from "node:path";

export interface Stamp {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Of the machine, in the last minute. */
  readonly load: number;
}

export class Results<Run> {
  readonly #path: string;
  readonly #runs: (Run & Stamp)[];

  constructor(path: string) {
    this.#path = path;
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    this.#runs = lines.map((line) => JSON.parse(line));
  }

  get all(): readonly (Run & Stamp)[] {
    return this.#runs;
  }

  add(run: Run): void {
    const stamped = { ...run, at: new Date().toISOString(), load: loadavg()[0]! }; // it has three
    this.#runs.push(stamped);
    mkdirSync(dirname(this.#path), { recursive: true });
    appendFileSync(this.#path, `${JSON.stringify(stamped)}\n`);
  }

  forget(): void {
    rmSync(this.#path, { force: true });
    this.#runs.length = 0;
  }

  /** `measured 26 November 2026 ..., load of the machine 1.2 (0.8-2.1)` */
  get circumstances(): string {
    const moments = this.#runs.map(({ at }) => at).toSorted();
    const span = `${moments[0]?.slice(0, 16) ?? "never"} to ${moments.at(-1)?.slice(0, 16) ?? "never"}`;
    return `measured ${span} UTC, load of the machine ${spread(
      this.#runs.map(({ load }) => load),
      1,
    )}`;
  }
}

/** `median (least-most)`; `-` of nothing. */
export function spread(numbers: readonly (number | undefined)[], digits = 0): string {
  const all = numbers.filter((number) => number !== undefined).toSorted((a, b) => a - b);
  const [least, middle, most] = [0, Math.floor(all.length / 2), all.length - 1].map((at) => all[at]);
  if (least === undefined || middle === undefined || most === undefined) return "-";
  return `${middle.toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
}

/** client.mjs, seen from a test. */
import type { Running } from "../lab/process.js";
import { until } from "../lab/until.js";

export interface Answers {
  readonly answered: number;
  /** By reason. */
  readonly errors: Readonly<Record<string, number>>;
  /** Between two answers: whatever is longer than four questions. */
  readonly outagesMs: readonly number[];
}

/** What client.mjs tells. */
interface Told extends Answers {
  readonly asked: number;
  readonly settled: number;
}

export class Client {
  readonly #running: Running;

  constructor(running: Running) {
    this.#running = running;
  }

  /** So far; undefined before the first half second is over. */
  get #told(): Told | undefined {
    const last = this.#running.lines.findLast((line) => line.startsWith("{"));
    return last === undefined ? undefined : (JSON.parse(last) as Told); // client.mjs prints just that
  }

  /** Until the virtual service answers: `count` more answers than now. */
  async answered(count = 1, limitMs = 120_000): Promise<void> {
    const before = this.#told?.answered ?? 0;
    await until("answers of the virtual service", () => (this.#told?.answered ?? 0) >= before + count, {
      limitMs,
    });
  }

  /** Until what was asked so far is answered or has failed: a question may fail long after it was asked. */
  async #settled(): Promise<void> {
    const asked = this.#told?.asked ?? 0;
    await until("the end of all questions", () => (this.#told?.settled ?? 0) >= asked, { limitMs: 30_000 });
  }

  /** What happened to questions that were asked while `deed` was done, and in the 40 answers after it. */
  async during(deed: () => Promise<unknown>): Promise<Answers> {
    await this.answered();
    await this.#settled();
    const before = this.#told!; // it answered
    await deed();
    await this.answered(40);
    await this.#settled();
    const after = this.#told!; // as above
    const errors = Object.entries(after.errors).map(([reason, count]): [string, number] => [
      reason,
      count - (before.errors[reason] ?? 0),
    ]);
    return {
      answered: after.answered - before.answered,
      errors: Object.fromEntries(errors.filter(([, count]) => count > 0)),
      outagesMs: after.outagesMs.slice(before.outagesMs.length),
    };
  }

  async stop(): Promise<Answers> {
    await this.#running.stop();
    return this.#told!; // it tells at its end
  }
}

/** What the person at the terminal sees: a line per event, a line per measured result, a table at the end. */
export interface Result {
  readonly scene: string;
  readonly what: string;
  readonly measured: string;
  readonly ok: boolean;
}

export class Story {
  readonly #began = performance.now();
  readonly #results: Result[] = [];
  #scene = "";

  /** `  12.345  director1   vip up` */
  say(who: string, what: string): void {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(3).padStart(8);
    console.log(`${seconds}  ${who.padEnd(10)} ${what}`);
  }

  scene(letter: string, title: string): void {
    this.#scene = letter;
    console.log(`\n(${letter}) ${title}`);
  }

  /** Notes a result; one that is not ok fails the demonstration, which goes on. */
  note(what: string, measured: string, ok = true): void {
    this.#results.push({ scene: this.#scene, what, measured, ok });
    this.say(ok ? "measured" : "FAILED", `${what}: ${measured}`);
  }

  /** Prints the table. @returns whether everything was as it should be. */
  finish(): boolean {
    const width = Math.max(...this.#results.map(({ what }) => what.length));
    console.log("\nSummary");
    for (const { scene, what, measured, ok } of this.#results) {
      console.log(`  (${scene}) ${what.padEnd(width)}  ${measured}${ok ? "" : "   FAILED"}`);
    }
    const failed = this.#results.filter(({ ok }) => !ok);
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(0);
    if (failed.length === 0) console.log(`\nAll as it should be, in ${seconds} s.`);
    else
      console.log(
        `\n${failed.length} of ${this.#results.length} failed: ${failed.map(({ what }) => what).join("; ")}.`,
      );
    return failed.length === 0;
  }
}

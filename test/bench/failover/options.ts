/** Words of the command line that the benches of failovers have in common. */
import { parseArgs } from "node:util";

export interface BenchOptions {
  readonly runs: number;
  readonly only: readonly string[] | undefined;
  readonly events: readonly string[] | undefined;
  readonly times: readonly string[] | undefined;
  readonly lanes: number;
  /** No run is begun later than that, in milliseconds of `performance.now`. */
  readonly until: number;
  readonly results: string;
  readonly tableOnly: boolean;
  readonly fresh: boolean;
}

/** Ends the process with 64 for an option that is not one of them. */
export function benchOptions(runs: number, results: string): BenchOptions {
  try {
    return read(runs, results);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(64);
  }
}

/** @throws TypeError of `parseArgs`. */
function read(runs: number, results: string): BenchOptions {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      events: { type: "string" },
      times: { type: "string" },
      lanes: { type: "string", default: "1" },
      minutes: { type: "string", default: "600" },
      results: { type: "string", default: results },
      table: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
    },
  });
  return {
    runs: Number(positionals[0] ?? runs),
    only: values.only?.split(","),
    events: values.events?.split(","),
    times: values.times?.split(","),
    lanes: Number(values.lanes),
    until: performance.now() + Number(values.minutes) * 60_000,
    results: values.results,
    tableOnly: values.table,
    fresh: values.fresh,
  };
}

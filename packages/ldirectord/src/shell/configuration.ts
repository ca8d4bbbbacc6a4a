/** Reads ldirectord.cf for a command or the daemon, and says what is wrong with it in both tongues. */
import { readFileSync } from "node:fs";
import { type Diagnostic, hasErrors, type Parsed, render, type Source } from "@systole/config";
import { type LdirectordConfig, parseLdirectordCf } from "../config/ldirectord-cf.js";
import { complaint } from "../log-lines.js";
import { surroundingsOf } from "./resolve.js";

export const parseConfiguration = async (source: Source): Promise<Parsed<LdirectordConfig>> =>
  parseLdirectordCf(source, await surroundingsOf(source));

export interface ReadConfiguration {
  /** Undefined exactly if there was an error. */
  readonly config: LdirectordConfig | undefined;
  /** For stderr: the line of twenty years, then the place with its caret. */
  readonly complaints: readonly string[];
  /** For the log: the lines of twenty years only. */
  readonly lines: readonly string[];
}

export async function readConfiguration(path: string): Promise<ReadConfiguration> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const line = complaint(
      "Error",
      process.pid,
      { path, line: undefined },
      `can not open file ${path}: ${String(error)}`,
    );
    return { config: undefined, complaints: [line], lines: [line] };
  }
  const source = { path, text };
  const { value, diagnostics } = await parseConfiguration(source);
  return {
    config: hasErrors(diagnostics) ? undefined : value,
    complaints: diagnostics.flatMap((each) => [lineOf(each), render(each, source)]),
    lines: diagnostics.map(lineOf),
  };
}

export const lineOf = ({ severity, path, span, message }: Diagnostic): string =>
  complaint(severity === "error" ? "Error" : "Warning", process.pid, { path, line: span?.line }, message);

/** Reads a configuration file for a daemon: every complaint with its caret, in one go. */
import { readFileSync } from "node:fs";
import { type Diagnostic, hasErrors, headline, type Parsed, render, type Source } from "@systole/config";

export interface Loaded<Value> {
  /** Undefined exactly if there was an error. */
  readonly value: Value | undefined;
  /** Each complaint as lines for people: place, line, caret. */
  readonly rendered: readonly string[];
  /** Each complaint as one line, for logs and events. */
  readonly headlines: readonly string[];
}

/** What a daemon says of a configuration in words of its own, because scripts have read them for long. */
export interface ComplaintWords {
  readonly complaint: (diagnostic: Diagnostic) => string;
  /** After a reload that was refused. */
  readonly kept: string;
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "is a directory",
};

/** A parser may wait, for names that it resolves. */
export type Parse<Value> = (source: Source) => Parsed<Value> | Promise<Parsed<Value>>;

export async function loadConfiguration<Value>(
  path: string,
  parse: Parse<Value>,
  inLine: ComplaintWords["complaint"] = headline,
): Promise<Loaded<Value>> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const message = UNREADABLE[code] ?? (error instanceof Error ? error.message : String(error));
    const complaint: Diagnostic = { path, span: undefined, severity: "error", code: "unreadable", message };
    return { value: undefined, rendered: [headline(complaint)], headlines: [inLine(complaint)] };
  }
  const source = { path, text };
  const { value, diagnostics } = await parse(source);
  return {
    value: hasErrors(diagnostics) ? undefined : value,
    rendered: diagnostics.map((diagnostic) => render(diagnostic, source)),
    headlines: diagnostics.map(inLine),
  };
}

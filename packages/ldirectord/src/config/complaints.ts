/** Diagnostics of one file, collected in the order in which they are found. */
import type { Diagnostic, Span } from "@systole/config";
import type { Statement } from "./statement.js";

export interface Complaints {
  readonly all: readonly Diagnostic[];
  error(span: Span | undefined, code: string, message: string, hint?: string): undefined;
  warn(span: Span | undefined, code: string, message: string, hint?: string): void;
}

export function complaintsAbout(path: string): Complaints {
  const all: Diagnostic[] = [];
  const add = (
    severity: Diagnostic["severity"],
    span: Span | undefined,
    code: string,
    message: string,
    hint?: string,
  ) => all.push({ path, span, severity, code, message, ...(hint === undefined ? {} : { hint }) });
  return {
    all,
    error(span, code, message, hint) {
      add("error", span, code, message, hint);
      return undefined;
    },
    warn(span, code, message, hint) {
      add("warning", span, code, message, hint);
    },
  };
}

/** The place of a statement's value, or of the whole statement where there is none. */
export function valueSpan(statement: Statement): Span {
  const text = statement.value?.trimEnd() ?? "";
  if (text === "") return statement;
  return { line: statement.line, column: statement.valueColumn, length: text.length };
}

/**
 * Complaints about a file, collected: one run shows every mistake.
 *
 *     /etc/ha.d/ha.cf:2:11: error: keepalive: "2sec" is not a duration [bad-duration]
 *         2 | keepalive 2sec
 *           |           ^^^^ write seconds as 2, milliseconds as 2000ms
 */
import { lines, type Source, type Span } from "./source.js";

export type DiagnosticSeverity = "error" | "warning";

export interface Diagnostic {
  readonly path: string;
  /** Undefined when the complaint is about the whole file. */
  readonly span: Span | undefined;
  readonly severity: DiagnosticSeverity;
  /** For programs, in kebab-case: `bad-duration`. */
  readonly code: string;
  /** What is wrong, without a full stop. */
  readonly message: string;
  /** What to write instead; shown behind the caret. */
  readonly hint?: string;
}

/** A value, if there is a usable one, and everything that is to be said about the text it came from. */
export interface Parsed<Value> {
  readonly value: Value | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some(({ severity }) => severity === "error");

/** One line: `path:line:column: severity: message [code]`. */
export function headline({ path, span, severity, message, code }: Diagnostic): string {
  const place = span === undefined ? path : `${path}:${span.line}:${span.column}`;
  return `${place}: ${severity}: ${message} [${code}]`;
}

/** The headline, the line itself and a caret; tabs are kept so that the caret stands right. */
export function render(diagnostic: Diagnostic, source: Source): string {
  const { span, hint } = diagnostic;
  const line = span && lines(source)[span.line - 1];
  if (span === undefined || line === undefined) {
    return hint === undefined ? headline(diagnostic) : `${headline(diagnostic)}\n    ${hint}`;
  }
  const number = String(span.line).padStart(5);
  const margin = " ".repeat(number.length);
  const indent = line.text.slice(0, span.column - 1).replaceAll(/[^\t]/g, " ");
  const caret = "^".repeat(Math.max(1, span.length));
  return [
    headline(diagnostic),
    `${number} | ${line.text}`,
    `${margin} | ${indent}${caret}${hint === undefined ? "" : ` ${hint}`}`,
  ].join("\n");
}

export {
  type Diagnostic,
  type DiagnosticSeverity,
  hasErrors,
  headline,
  type Parsed,
  render,
} from "./diagnostic.js";
export { type Line, lines, type Source, type Span, type Word, words } from "./source.js";
export { suggest } from "./suggest.js";
export { readDurationMs, readWhole, readYesNo } from "./values.js";

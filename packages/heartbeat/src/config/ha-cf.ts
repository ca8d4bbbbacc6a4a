/**
 * Reads ha.cf: one directive a line, top to bottom, every mistake in one run.
 *
 * Grammar: `#` starts a comment anywhere and there is no quoting. The first word is the directive, in lower case. Most
 * directives take arguments separated by blanks or commas and are applied once for each; some take the whole rest of
 * the line. `#% name value` holds our own directives, which a real 3.0.6 node reads as a comment.
 * Source: specification of heartbeat, section 2.
 */
import {
  type Diagnostic,
  hasErrors,
  type Line,
  lines,
  type Parsed,
  type Source,
  suggest,
  type Word,
  words,
} from "@systole/config";
import type { HaCf, HaCfSurroundings } from "./ha-cf.types.js";
import { DIRECTIVES, OWN_DIRECTIVES } from "./ha-cf-directives.js";
import { type Complain, emptyDraft, finishDraft } from "./ha-cf-draft.js";
import type { Reading } from "./ha-cf-values.js";

export type { HaCf, HaCfSurroundings, MediumConfig, UdpMediumConfig } from "./ha-cf.types.js";

/** The longest line the original reads as one. */
const LONGEST_LINE = 5119;

const BLANK = /[ \t\f\r\v]/;
const BLANK_OR_COMMA = /[ \t\f\r\v,]/;

/** @returns no value if there is any error; warnings alone leave it usable. */
export function parseHaCf(source: Source, around: HaCfSurroundings): Parsed<HaCf> {
  const diagnostics: Diagnostic[] = [];
  const complain: Complain = (severity, code, span, message, hint) => {
    const base = { path: source.path, span, severity, code, message };
    diagnostics.push(hint === undefined ? base : { ...base, hint });
  };
  const draft = emptyDraft(around.port);
  for (const line of lines(source)) readLine(line, { draft, complain, around });
  const value = finishDraft(draft, around.localNode.toLowerCase(), complain);
  return { value: hasErrors(diagnostics) ? undefined : value, diagnostics };
}

function readLine(line: Line, reading: Omit<Reading, "name">): void {
  const { draft, complain } = reading;
  if (line.text.length > LONGEST_LINE) {
    const span = { line: line.number, column: LONGEST_LINE + 1, length: 1 };
    complain(
      "error",
      "line-too-long",
      span,
      `line has ${line.text.length} characters`,
      `at most ${LONGEST_LINE}`,
    );
    return;
  }
  const own = /^(\s*)#%/.exec(line.text);
  const start = own === null ? 0 : own[0].length;
  const comment = line.text.indexOf("#", start);
  const text = " ".repeat(start) + line.text.slice(start, comment === -1 ? undefined : comment);
  const name = words({ ...line, text }, BLANK)[0];
  if (name === undefined) return;
  const table = own === null ? DIRECTIVES : OWN_DIRECTIVES;
  const directive = table.get(name.text);
  if (directive === undefined) {
    const meant = suggest(name.text, table.keys());
    const hint = meant === undefined ? "see ha.cf(5) for the directives" : `did you mean ${meant}?`;
    complain("error", "unknown-directive", name, `illegal directive "${name.text}"`, hint);
    return;
  }
  const rest = {
    ...line,
    text:
      text.slice(0, name.column - 1) + " ".repeat(name.length) + text.slice(name.column - 1 + name.length),
  };
  const args: readonly Word[] = words(rest, directive.takes === "line" ? BLANK : BLANK_OR_COMMA);
  if (args.length > 0) draft.parameters.set(name.text, args.map((word) => word.text).join(" "));
  if (directive.takes === "line") directive.apply(args, { ...reading, name });
  else for (const word of args) directive.apply(word, { ...reading, name }); // without one the original does nothing
}

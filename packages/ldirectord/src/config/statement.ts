/**
 * ldirectord.cf as statements: `name = value`, each with its place and the section it stands in.
 *
 * A line that begins with `virtual=` in column 1 opens a section; lines indented by at least four blanks (a tab counts
 * as four) belong to it, across empty lines and comments, until the next line in column 1. In a section a `#` outside
 * of double quotes ends the line; elsewhere it is part of the value.
 */
import { lines, type Source, type Span } from "@systole/config";

export interface Statement extends Span {
  readonly name: string;
  /** Behind `=`, leading blanks removed, trailing ones kept; undefined for a line without `=`. */
  readonly value: string | undefined;
  /** Column where the value begins. */
  readonly valueColumn: number;
  /** A `#` comment was cut off. */
  readonly commented: boolean;
  /** Indented as a line of a section is. */
  readonly indented: boolean;
}

export interface Section {
  readonly head: Statement;
  readonly body: readonly Statement[];
  /** The line where the original notices a duplicate: the one after the section, or the last one of the file. */
  readonly endLine: number;
}

export interface Outline {
  /** Global statements and section heads, in order. */
  readonly globals: readonly Statement[];
  readonly sections: readonly Section[];
}

interface OpenSection {
  readonly head: Statement;
  readonly body: Statement[];
  lastLine: number;
}

const BLANK = /^[ \t\v\f\r]*$/;
const COMMENT = /^[ \t]*#/;
const HEAD = /^virtual6?$/;

export function outline(source: Source): Outline {
  const all = lines(source);
  const globals: Statement[] = [];
  const open: OpenSection[] = [];
  const closed = new Set<OpenSection | undefined>();
  for (const { number, text } of all) {
    const line = number === 1 ? text.replace(/^\ufeff/, "") : text;
    const shift = text.length - line.length;
    if (BLANK.test(line) || COMMENT.test(line)) continue;
    const indent = indentation(line);
    const section = open.at(-1);
    if (indent === 0) {
      const statement = read(line, number, shift, false);
      if (HEAD.test(statement.name) && statement.value !== undefined) {
        open.push({ head: statement, body: [], lastLine: number });
      } else {
        globals.push(statement);
        closed.add(section);
      }
    } else if (section !== undefined && !closed.has(section) && indent >= 4) {
      section.body.push(read(line, number, shift, true));
      section.lastLine = number;
    } else globals.push(read(line, number, shift, true));
  }
  const last = all.length;
  const sections = open.map(({ head, body, lastLine }) => ({
    head,
    body,
    endLine: Math.min(lastLine + 1, last),
  }));
  return { globals, sections };
}

/** Blanks before the first character, tabs counted as four. */
function indentation(line: string): number {
  const blanks = /^[ \t]*/.exec(line)![0];
  return [...blanks].reduce((width, blank) => width + (blank === "\t" ? 4 : 1), 0);
}

function read(line: string, number: number, shift: number, indented: boolean): Statement {
  const text = indented ? withoutComment(line) : line;
  const parts = /^([ \t]*)([^\s=]*)([ \t]*)(?:(=)[ \t]*)?/.exec(text)!; // matches anything
  const [whole, blanks, name] = [parts[0], parts[1]!, parts[2]!];
  const hasValue = parts[4] !== undefined;
  const start = blanks.length + 1 + shift;
  const value = text.slice(whole.length);
  const bare = text.slice(blanks.length).trimEnd();
  return {
    line: number,
    column: start,
    length: Math.max(1, bare.length),
    name: hasValue ? name : bare,
    value: hasValue ? (indented ? value.replaceAll("\t", "    ") : value) : undefined,
    valueColumn: whole.length + 1 + shift,
    commented: text.length !== line.length,
    indented,
  };
}

/** Up to the first `#` that is not between double quotes. */
function withoutComment(line: string): string {
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted && line.indexOf('"', at + 1) !== -1;
    if (line[at] === "#" && !quoted) return line.slice(0, at);
  }
  return line;
}

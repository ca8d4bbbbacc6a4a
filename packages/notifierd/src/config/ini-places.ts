/**
 * Where things stand in an ini file: the npm package `ini` reads the values, but forgets the places.
 *
 * Lines are cut as `ini` cuts them; a line that is neither blank, comment, section nor `key = value` is reported here,
 * for `ini` takes it in silence.
 */
import { type Line, lines, type Source, type Span } from "@systole/config";

export interface IniEntry {
  /** The section's name as written; empty before the first section. */
  readonly section: string;
  readonly key: string;
  readonly keyPlace: Span;
  /** Where the value stands; behind the key if there is none. */
  readonly valuePlace: Span;
}

export interface IniSection {
  readonly name: string;
  readonly place: Span;
}

export interface IniPlaces {
  readonly sections: readonly IniSection[];
  readonly entries: readonly IniEntry[];
  /** Lines that say nothing. */
  readonly strays: readonly Span[];
}

const at = (line: Line, from: number, to: number): Span => ({
  line: line.number,
  column: from + 1,
  length: Math.max(1, to - from),
});

export function iniPlaces(source: Source): IniPlaces {
  const sections: IniSection[] = [];
  const entries: IniEntry[] = [];
  const strays: Span[] = [];
  let section = "";
  for (const line of lines(source)) {
    const { text } = line;
    const start = text.length - text.trimStart().length;
    const end = text.trimEnd().length;
    const body = text.slice(start, end);
    if (body === "" || body.startsWith(";") || body.startsWith("#")) continue;
    const header = /^\[([^\]]*)\]$/.exec(body);
    const equals = text.indexOf("=");
    if (header !== null && start === 0) {
      section = header[1]!.trim();
      sections.push({ name: section, place: at(line, start, end) });
    } else if (equals === -1 || text.slice(0, equals).trim() === "") {
      strays.push(at(line, start, end));
    } else {
      const key = text.slice(start, equals).trim();
      const value = text.slice(equals + 1);
      const from = value.trim() === "" ? equals : equals + 1 + (value.length - value.trimStart().length);
      const keyPlace = at(line, start, start + key.length);
      entries.push({ section, key, keyPlace, valuePlace: at(line, from, Math.max(from + 1, end)) });
    }
  }
  return { sections, entries, strays };
}

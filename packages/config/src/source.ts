/** Configuration text as lines and words that know their place. */

/** A stretch of one line. Lines and columns count from 1; `length` in characters, at least 1. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A file as it was read, for parsers and for the caret under a mistake. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Word extends Span {
  readonly text: string;
}

export interface Line {
  readonly number: number;
  /** Without its line ending. */
  readonly text: string;
}

/** The lines of a file; CR before LF is dropped, a missing last newline is no matter. */
export function lines(source: Source): readonly Line[] {
  const texts = source.text.split("\n");
  if (texts.at(-1) === "") texts.pop();
  return texts.map((text, index) => ({
    number: index + 1,
    text: text.endsWith("\r") ? text.slice(0, -1) : text,
  }));
}

/** The words of a line: runs of characters that `separator` does not match. */
export function words(line: Line, separator: RegExp = /\s/): readonly Word[] {
  const found: Word[] = [];
  let start = -1;
  for (let at = 0; at <= line.text.length; at++) {
    const inWord = at < line.text.length && !separator.test(line.text[at]!);
    if (inWord && start === -1) start = at;
    if (!inWord && start !== -1) {
      found.push({
        text: line.text.slice(start, at),
        line: line.number,
        column: start + 1,
        length: at - start,
      });
      start = -1;
    }
  }
  return found;
}

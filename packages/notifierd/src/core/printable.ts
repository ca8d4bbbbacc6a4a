/**
 * Text that may come from anywhere, made fit for a letter: what a real server, a peer or a resource said has lost its
 * control characters before it comes near a header; lines of the body are cut where SMTP would refuse them.
 */

export const SUBJECT_LIMIT = 180;
/** RFC 5321 allows 998 characters, of which one may be four bytes. */
const LINE_LIMIT = 240;

/** One line of printable text: no CR, LF, NUL or anything else that could end a header. */
export const oneLine = (text: string, limit = SUBJECT_LIMIT): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return clean.length <= limit ? clean : `${clean.slice(0, limit - 3)}...`;
};

export const indented = (block: string): readonly string[] =>
  block.split(/\r\n|\r|\n/).map((line) => `  ${line}`);

/** Lines with LF, none too long, no control characters but tabs; ends with a newline. */
export function body(blocks: readonly string[]): string {
  const lines = blocks
    .flatMap((block) => block.split(/\r\n|\r|\n/))
    .flatMap((line) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
      const clean = line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
      const pieces: string[] = [];
      for (let at = 0; at === 0 || at < clean.length; at += LINE_LIMIT)
        pieces.push(clean.slice(at, at + LINE_LIMIT));
      return pieces;
    });
  return `${lines.join("\n").trimEnd()}\n`;
}

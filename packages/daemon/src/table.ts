/** Columns of text, as wide as their widest cell; two blanks between, none at the end of a line. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = headings.length === 0 ? rows : [headings, ...rows];
  const count = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  return all
    .map((row) => {
      const cells = row.map((cell, column) => cell.padEnd(widths[column]!));
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

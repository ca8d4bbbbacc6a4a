/** Bytes as text, for tests and debug logs. */

/** Reads pairs of hexadecimal digits; blanks are ignored. For literals in tests: it trusts its input. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replaceAll(/\s+/g, "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Sixteen bytes a line: offset, bytes, printable characters. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const text = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join(
      "",
    );
    lines.push(
      `${at.toString(16).padStart(6, "0")}  ${toHex(row).replaceAll(/(..)/g, "$1 ").padEnd(48)} ${text}`,
    );
  }
  return lines.join("\n");
}

/** Cuts a stream of bytes into lines, with a limit on how long one may be. */

export interface LineSplitter {
  /** The lines that this chunk completes, without their ends; undefined once a line was too long. */
  push(chunk: Uint8Array): readonly string[] | undefined;
}

export function lineSplitter(limitBytes: number): LineSplitter {
  let parts: Uint8Array[] = [];
  let length = 0;
  let overrun = false;

  function take(piece: Uint8Array): boolean {
    length += piece.length;
    if (length > limitBytes) return false;
    if (piece.length > 0) parts.push(piece);
    return true;
  }

  return {
    push(chunk) {
      const lines: string[] = [];
      let rest = chunk;
      while (!overrun) {
        const end = rest.indexOf(0x0a);
        if (end === -1) break;
        if (!take(rest.subarray(0, end))) overrun = true;
        else lines.push(Buffer.concat(parts).toString("utf8"));
        parts = [];
        length = 0;
        rest = rest.subarray(end + 1);
      }
      if (!overrun && !take(rest.slice())) overrun = true;
      return overrun ? undefined : lines;
    },
  };
}

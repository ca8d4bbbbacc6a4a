/** Pieces of Perl's regular expressions that stand for sets of characters, as bodies of JavaScript classes. */

/** What stands between the brackets. Bytes only, as the original matches: no Unicode properties. */
export const SHORTHANDS: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "0-9A-Za-z_",
  s: "\\t\\n\\v\\f\\r ",
  h: "\\t \\xa0",
  v: "\\n\\v\\f\\r\\x85",
};

const POSIX: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "0-9A-Za-z",
  upper: "A-Z",
  lower: "a-z",
  space: "\\t\\n\\v\\f\\r ",
  blank: "\\t ",
  punct: "!-/:-@\\[-`{-~",
  print: " -~",
  graph: "!-~",
  cntrl: "\\x00-\\x1f\\x7f",
  xdigit: "0-9A-Fa-f",
  word: "0-9A-Za-z_",
  ascii: "\\x00-\\x7f",
};

/** One character as it must be written in a pattern or a class. */
export function literal(code: number): string {
  const character = String.fromCharCode(code);
  return /[0-9A-Za-z_ ]/.test(character) ? character : `\\x${code.toString(16).padStart(2, "0")}`;
}

/** The character itself and, if case does not matter, its other case. */
export function eitherCase(code: number): readonly number[] {
  const upper = code >= 65 && code <= 90;
  const lower = code >= 97 && code <= 122;
  if (upper) return [code, code + 32];
  return lower ? [code, code - 32] : [code];
}

/** A range, with the other case of the letters in it if case does not matter. */
export function range(from: number, to: number, ignoreCase: boolean): string {
  const plain = `${literal(from)}-${literal(to)}`;
  if (!ignoreCase) return plain;
  const shifted = ([low, high]: readonly [number, number], by: number) => {
    const first = Math.max(from, low);
    const last = Math.min(to, high);
    return first <= last ? `${literal(first + by)}-${literal(last + by)}` : "";
  };
  return `${plain}${shifted([65, 90], 32)}${shifted([97, 122], -32)}`;
}

/** The body of `[:name:]` or `[:^name:]`; undefined for a name that Perl does not know. */
export function posixClass(name: string, ignoreCase: boolean): string | undefined {
  const positive = name.replace(/^\^/, "");
  const letters = ignoreCase && (positive === "upper" || positive === "lower");
  const body = letters ? POSIX.alpha : Object.hasOwn(POSIX, positive) ? POSIX[positive] : undefined;
  return body === undefined || positive === name ? body : complement(body);
}

/** Everything that a body does not have, as a body: for `\S` and `[:^digit:]` inside of a class. */
export function complement(body: string): string {
  const has = new RegExp(`[${body}]`);
  const missing: [number, number][] = [];
  for (let code = 0; code < 256; code++) {
    if (has.test(String.fromCharCode(code))) continue;
    const last = missing.at(-1);
    if (last !== undefined && last[1] === code - 1) last[1] = code;
    else missing.push([code, code]);
  }
  return missing
    .map(([from, to]) => (from === to ? literal(from) : `${literal(from)}-${literal(to)}`))
    .join("");
}

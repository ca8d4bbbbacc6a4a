/**
 * `receive`: a Perl regular expression, translated to JavaScript's.
 *
 * Matching is on bytes, unanchored. A construct that JavaScript cannot express is a problem that names it, never a
 * silent difference. No flags are used: case, dots and anchors are written out, so that `(?i)` works for a part.
 */
import { complement, eitherCase, literal, posixClass, range, SHORTHANDS } from "./perl-class.js";

/**
 * Plain text is searched as it is; anything else needs the engine. `bounded`: nothing in it repeats and little of it
 * can be one or the other, so that no text can make its search long.
 */
export type Pattern =
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "expression"; readonly source: string; readonly bounded: boolean };

/** Two to the power of this are the ways through a bounded expression at one place of the text. */
const MOST_CHOICES = 6;

/** @throws PatternError */
export function compilePattern(pattern: string): Pattern {
  const bytes = Buffer.from(pattern, "utf8").toString("latin1");
  if (!/[\\^$.|?*+()[\]{}]/.test(bytes)) return { kind: "plain", text: bytes };
  const translation = new Translation(bytes);
  const source = translation.run();
  try {
    new RegExp(source);
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message : String(error));
  }
  return { kind: "expression", source, bounded: translation.choices <= MOST_CHOICES };
}

/** Why a pattern cannot be used; undefined if it can. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

export class PatternError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "PatternError";
  }
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
}

const END = "(?=\\n?$)";

class Translation {
  readonly #text: string;
  #at = 0;
  #flags: Flags = { i: false, m: false, s: false, x: false };
  #groups = 0;
  #wrappers = 0;
  #references: { readonly group: string }[] = [];
  readonly #names = new Set<string>();
  /** How often it may go on in two ways; without end where something repeats. */
  choices = 0;
  /** A backreference to a group that took no part fails in Perl and matches in JavaScript. */
  #mayBeUnset = false;

  constructor(text: string) {
    this.#text = text;
  }

  run(): string {
    const source = this.#alternatives();
    if (this.#at < this.#text.length) throw new PatternError("an ) too many");
    if (this.#references.length > 0 && this.#mayBeUnset) {
      throw new PatternError("a backreference beside optional or alternative groups is not supported");
    }
    const unknown = this.#references.find(({ group }) => !this.#names.has(group));
    if (unknown !== undefined) throw new PatternError("a backreference to a group that does not exist");
    return source;
  }

  /** Up to the end or the closing parenthesis, which stays. */
  #alternatives(): string {
    let out = "";
    while (this.#at < this.#text.length && this.#text[this.#at] !== ")") {
      if (this.#text[this.#at] === "|") {
        this.#mayBeUnset = true;
        this.choices += 1;
        this.#at += 1;
        out += "|";
      } else out += this.#piece();
    }
    return out;
  }

  /** One atom with its quantifier. */
  #piece(): string {
    if (this.#flags.x && this.#skipBlanks()) return "";
    const groupsBefore = this.#groups;
    const atom = this.#atom();
    if (atom === "") return "";
    if (this.#flags.x) this.#skipBlanks();
    const quantifier = this.#quantifier();
    if (quantifier === undefined) return atom;
    this.choices += quantifier.text === "?" ? 1 : Number.POSITIVE_INFINITY;
    if (this.#groups > groupsBefore && /^(?:[?*]|\{0)/.test(quantifier.text)) this.#mayBeUnset = true;
    const repeated = `${atom}${quantifier.text}`;
    if (quantifier.mode === "possessive") return this.#atomic(repeated);
    return quantifier.mode === "lazy" ? `${repeated}?` : repeated;
  }

  /** Whether blanks or a comment were skipped. */
  #skipBlanks(): boolean {
    const blank = /^(?:\s|#[^\n]*(?:\n|$))+/.exec(this.#rest());
    if (blank === null) return false;
    this.#at += blank[0].length;
    return true;
  }

  #rest = (): string => this.#text.slice(this.#at);

  #quantifier(): { readonly text: string; readonly mode: "greedy" | "lazy" | "possessive" } | undefined {
    const found = /^([*+?]|\{(\d*)(,?)(\d*)\})([+?]?)/.exec(this.#rest());
    if (found === null) return undefined;
    const [whole, sign, least, comma, most, suffix] = found;
    if (sign!.startsWith("{") && least === "" && most === "") return undefined;
    this.#at += whole.length;
    const text = sign!.startsWith("{") ? `{${least === "" ? "0" : least}${comma}${most}}` : sign!;
    return { text, mode: suffix === "+" ? "possessive" : suffix === "?" ? "lazy" : "greedy" };
  }

  /** Once matched, never given back: a capture in a lookahead and a reference to it. */
  #atomic(source: string): string {
    this.#wrappers += 1;
    const name = `a${this.#wrappers}`;
    return `(?:(?=(?<${name}>${source}))\\k<${name}>)`;
  }

  #atom(): string {
    const character = this.#text[this.#at]!;
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case "\\":
        return this.#escape();
    }
    this.#at += 1;
    switch (character) {
      case ".":
        return this.#flags.s ? "[^]" : "[^\\n]";
      case "^":
        return this.#flags.m ? "(?:^|(?<=\\n)(?!$))" : "^";
      case "$":
        return this.#flags.m ? "(?=\\n|$)" : END;
      case "*":
      case "+":
      case "?":
        throw new PatternError(`a ${character} with nothing before it`);
    }
    return this.#literal(character.charCodeAt(0));
  }

  #literal(code: number): string {
    const codes = this.#flags.i ? eitherCase(code) : [code];
    return codes.length === 1 ? literal(code) : `[${codes.map(literal).join("")}]`;
  }

  #group(): string {
    const rest = this.#rest();
    const before = this.#flags;
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment !== null) {
      this.#at += comment[0].length;
      return "";
    }
    const switches = /^\(\?(\^?)([imsxpn]*)(?:-([imsx]+))?([:)])/.exec(rest);
    if (switches !== null) {
      const [whole, reset, on, off = "", end] = switches;
      if (on!.includes("n")) throw new PatternError("the flag n is not supported");
      this.#at += whole.length;
      this.#flags = withSwitches(reset === "^" ? NO_FLAGS : before, on!, off);
      return end === ")" ? "" : this.#close("(?:", before);
    }
    const opening = /^\((?:\?(?:<=|<!|=|!|>|(?:P?<|')([A-Za-z_]\w*)[>'])|(?!\?|\*))/.exec(rest);
    if (opening === null) throw new PatternError(`${rest.slice(0, 4)}... is not supported`);
    this.#at += opening[0].length;
    if (opening[0] === "(?>") return this.#atomic(this.#close("(?:", before));
    if (opening[1] === undefined && opening[0] !== "(") return this.#close(opening[0], before);
    this.#groups += 1;
    const number = `g${this.#groups}`;
    this.#names.add(number);
    if (opening[1] !== undefined) this.#named.set(opening[1], number);
    return this.#close(`(?<${number}>`, before);
  }

  readonly #named = new Map<string, string>();

  #close(open: string, flags: Flags): string {
    const body = this.#alternatives();
    if (this.#text[this.#at] !== ")") throw new PatternError("a ( without its )");
    this.#at += 1;
    this.#flags = flags;
    return `${open}${body})`;
  }

  #reference(group: string): string {
    if (this.#flags.i) throw new PatternError("a backreference where case does not matter is not supported");
    this.#references.push({ group });
    return `\\k<${group}>`;
  }

  #escape(): string {
    const rest = this.#rest();
    const quoted = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(rest);
    if (quoted !== null) {
      this.#at += quoted[0].length;
      return [...quoted[1]!].map((character) => this.#literal(character.charCodeAt(0))).join("");
    }
    const back = /^\\(?:([1-9])(?!\d)|g(?:([1-9])|\{([1-9])\})|k(?:<(\w+)>|\{(\w+)\}|'(\w+)'))/.exec(rest);
    if (back !== null) {
      this.#at += back[0].length;
      const number = back[1] ?? back[2] ?? back[3];
      const name = back[4] ?? back[5] ?? back[6];
      return this.#reference(number === undefined ? (this.#named.get(name!) ?? "?") : `g${number}`);
    }
    const code = this.#characterCode();
    if (code !== undefined) return this.#literal(code);
    const letter = this.#text[this.#at + 1];
    if (letter === undefined) throw new PatternError("a \\ at the end");
    this.#at += 2;
    const body = SHORTHANDS[letter.toLowerCase()];
    if (body !== undefined) return letter === letter.toLowerCase() ? `[${body}]` : `[^${body}]`;
    return this.#assertion(letter) ?? this.#literal(letter.charCodeAt(0));
  }

  #assertion(letter: string): string | undefined {
    switch (letter) {
      case "A":
        return "^";
      case "z":
        return "$";
      case "Z":
        return END;
      case "b":
      case "B":
        return `\\${letter}`;
      case "N":
        return "[^\\n]";
      case "R":
        return "(?:\\r\\n|(?!\\r\\n)[\\n\\v\\f\\r\\x85])";
      case "E":
        return "(?:)";
    }
    if (/[GKXCpPUL]/.test(letter)) throw new PatternError(`\\${letter} is not supported`);
    return undefined;
  }

  /** `\n`, `\x41`, `\x{41}`, `\012`, `\cA`: a character by its code. Undefined: something else. */
  #characterCode(): number | undefined {
    const found =
      /^\\(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{0,2})|(0[0-7]{0,2}|[1-3][0-7]{2})|c([@-_a-z])|([tnrfea]))/.exec(
        this.#rest(),
      );
    if (found === null) return undefined;
    this.#at += found[0].length;
    const [, braced, short, octal, control, letter] = found;
    const hexadecimal = braced ?? short;
    if (hexadecimal !== undefined) {
      const code = Number.parseInt(hexadecimal || "0", 16);
      if (code > 255) throw new PatternError(`\\x{${braced}} is no byte`);
      return code;
    }
    if (octal !== undefined) return Number.parseInt(octal, 8);
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) ^ 64;
    return { t: 9, n: 10, r: 13, f: 12, e: 27, a: 7 }[letter!];
  }

  #class(): string {
    this.#at += 1;
    const negated = this.#text[this.#at] === "^";
    if (negated) this.#at += 1;
    let body = "";
    for (let first = true; first || this.#text[this.#at] !== "]"; first = false) {
      if (this.#at >= this.#text.length) throw new PatternError("a [ without its ]");
      body += this.#classItem();
    }
    this.#at += 1;
    return `[${negated ? "^" : ""}${body}]`;
  }

  #classItem(): string {
    const from = this.#classAtom();
    if (typeof from === "string") return from;
    const dash =
      this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]" && this.#at + 1 < this.#text.length;
    if (dash) {
      this.#at += 1;
      const to = this.#classAtom();
      if (typeof to === "string") return `${literal(from)}\\x2d${to}`;
      if (to < from) throw new PatternError("a range that runs backwards");
      return range(from, to, this.#flags.i);
    }
    return (this.#flags.i ? eitherCase(from) : [from]).map(literal).join("");
  }

  /** A character by its code, or a set of them as the body of a class. */
  #classAtom(): number | string {
    const posix = /^\[:(\^?\w+):\]/.exec(this.#rest());
    if (posix !== null) {
      this.#at += posix[0].length;
      const body = posixClass(posix[1]!, this.#flags.i);
      if (body === undefined) throw new PatternError(`[:${posix[1]}:] is not known`);
      return body;
    }
    const character = this.#text[this.#at]!;
    if (character !== "\\") {
      this.#at += 1;
      return character.charCodeAt(0);
    }
    const code = this.#characterCode();
    if (code !== undefined) return code;
    const letter = this.#text[this.#at + 1];
    if (letter === undefined) throw new PatternError("a \\ at the end");
    this.#at += 2;
    const body = SHORTHANDS[letter.toLowerCase()];
    if (body !== undefined) return letter === letter.toLowerCase() ? body : complement(body);
    if (letter === "b") return 8;
    if (/[pPNRXQ]/.test(letter)) throw new PatternError(`\\${letter} in a class is not supported`);
    return letter.charCodeAt(0);
  }
}

const NO_FLAGS: Flags = { i: false, m: false, s: false, x: false };

function withSwitches(flags: Flags, on: string, off: string): Flags {
  const turned = (name: keyof Flags) => (flags[name] || on.includes(name)) && !off.includes(name);
  return { i: turned("i"), m: turned("m"), s: turned("s"), x: turned("x") };
}

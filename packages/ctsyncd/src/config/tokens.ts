/**
 * The words of a conntrackd.conf and what is read from them.
 *
 * Blank-separated words, `{` and `}`, comments from `#` to the end of the line; line breaks mean nothing to the
 * grammar, but after a mistake reading goes on with the next line (or behind the block that the line opens), so that
 * one run shows every mistake.
 */
import { type Diagnostic, lines, type Source, suggest, type Word } from "@systole/config";
import { type IpAddress, parseIpv4, parseIpv6 } from "@systole/wire";

/** What a keyword of a block does. */
export type Directives = Readonly<Record<string, (keyword: Word) => void>>;

export class Tokens {
  readonly diagnostics: Diagnostic[] = [];
  readonly #source: Source;
  readonly #words: readonly Word[];
  #at = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#words = lines(source).flatMap(({ text, number }) =>
      [...text.matchAll(/#.*|[{}]|[^\s{}]+/g)]
        .filter(([word]) => !word.startsWith("#"))
        .map(({ 0: word, index }) => ({ text: word, line: number, column: index + 1, length: word.length })),
    );
  }

  peek(): Word | undefined {
    return this.#words[this.#at];
  }

  take(): Word | undefined {
    const word = this.#words[this.#at];
    if (word !== undefined) this.#at += 1;
    return word;
  }

  error(word: Word | undefined, code: string, message: string, hint?: string): void {
    this.#complain("error", word, code, message, hint);
  }

  warning(word: Word | undefined, code: string, message: string, hint?: string): void {
    this.#complain("warning", word, code, message, hint);
  }

  #complain(
    severity: "error" | "warning",
    span: Word | undefined,
    code: string,
    message: string,
    hint: string | undefined,
  ): void {
    const { path } = this.#source;
    this.diagnostics.push({ path, span, severity, code, message, ...(hint !== undefined && { hint }) });
  }

  /** Reads directives up to the closing brace, or, at the top level, to the end of the file. */
  directives(known: Directives, block?: Word): void {
    for (let word = this.take(); word !== undefined; word = this.take()) {
      if (word.text === "}") {
        if (block !== undefined) return;
        this.error(word, "unexpected-brace", "a closing brace without an opening one");
        continue;
      }
      const read = Object.hasOwn(known, word.text) ? known[word.text] : undefined;
      if (read !== undefined) read(word);
      else this.#unknown(word, known, block);
    }
    if (block !== undefined) this.error(block, "open-block", `${block.text}: the block is never closed`);
  }

  #unknown(word: Word, known: Directives, block: Word | undefined): void {
    const near = suggest(word.text, Object.keys(known));
    const where = block === undefined ? "at the top level" : `in ${block.text}`;
    const hint = near === undefined ? `known here: ${Object.keys(known).join(" ")}` : `did you mean ${near}?`;
    this.error(word, "unknown-keyword", `"${word.text}" is not known ${where}`, hint);
    this.skipLine(word);
  }

  /** Reads `{`, directives and `}`. */
  block(keyword: Word, known: Directives): void {
    if (this.#open(keyword)) this.directives(known, keyword);
  }

  /** Reads `{`, any words, `}`. */
  list(keyword: Word): readonly Word[] {
    const found: Word[] = [];
    if (!this.#open(keyword)) return found;
    for (let word = this.take(); word !== undefined; word = this.take()) {
      if (word.text === "}") return found;
      found.push(word);
    }
    this.error(keyword, "open-block", `${keyword.text}: the list is never closed`);
    return found;
  }

  #open(keyword: Word): boolean {
    if (this.peek()?.text === "{") {
      this.take();
      return true;
    }
    this.error(this.peek() ?? keyword, "missing-brace", `${keyword.text}: "{" is missing`);
    this.skipLine(keyword);
    return false;
  }

  /** Passes the rest of the line of `word`, and the whole of a block that it opens. */
  skipLine(word: Word): void {
    let depth = 0;
    for (let next = this.peek(); next !== undefined; next = this.peek()) {
      if (depth === 0 && (next.line > word.line || next.text === "}")) return;
      if (next.text === "{") depth += 1;
      if (next.text === "}") depth -= 1;
      this.take();
      if (depth === 0 && next.text === "}") return;
    }
  }

  /** The value of a keyword; a complaint and undefined if none follows. */
  value(keyword: Word): Word | undefined {
    const word = this.peek();
    if (word === undefined || word.text === "{" || word.text === "}") {
      this.error(keyword, "missing-value", `${keyword.text}: its value is missing`);
      return undefined;
    }
    return this.take();
  }

  /** A number from `least` to `most`. */
  number(keyword: Word, least = 0, most = 2_147_483_647): number | undefined {
    const word = this.value(keyword);
    if (word === undefined) return undefined;
    const number = Number(word.text);
    if (/^\d+$/.test(word.text) && number >= least && number <= most) return number;
    const hint = `a number from ${least} to ${most}`;
    this.error(word, "bad-number", `${keyword.text}: "${word.text}" is not a number that it takes`, hint);
    this.skipLine(keyword);
    return undefined;
  }

  /** on, off, yes, no, in any case. */
  bool(keyword: Word): boolean | undefined {
    const word = this.value(keyword);
    if (word === undefined) return undefined;
    const value = BOOLEANS.get(word.text.toLowerCase());
    if (value === undefined) {
      this.error(word, "bad-boolean", `${keyword.text}: "${word.text}" is neither on nor off`);
      this.skipLine(keyword);
    }
    return value;
  }

  address(keyword: Word, family: "inet" | "inet6"): IpAddress | undefined {
    const word = this.value(keyword);
    if (word === undefined) return undefined;
    const address = family === "inet" ? parseIpv4(word.text) : parseIpv6(word.text);
    if (address === undefined) {
      const kind = family === "inet" ? "IPv4" : "IPv6";
      this.error(word, "bad-address", `${keyword.text}: "${word.text}" is not an ${kind} address`);
      this.skipLine(keyword);
    }
    return address;
  }
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["on", true],
  ["yes", true],
  ["off", false],
  ["no", false],
]);

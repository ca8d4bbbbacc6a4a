/** A man page, read from its roff source as far as our pages use it: `.TH`, `.SH`, `.TP`, `.TQ`, fonts. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./tree.js";

export interface ManItem {
  /** The `.SH` it stands under. */
  readonly heading: string;
  /** The line behind `.TP` or `.TQ`, without macro and fonts. */
  readonly head: string;
}

export interface ManPage {
  /** `heartbeat(8)`. */
  readonly name: string;
  readonly path: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly items: readonly ManItem[];
  /** All of it, without fonts. */
  readonly text: string;
}

const folder = join(root, "docs/man");

/** Every page of docs/man. */
export const manPages = (): readonly ManPage[] =>
  readdirSync(folder)
    .sort()
    .map((file) => readPage(join(folder, file), file.replace(/\.(\d)$/, "($1)")));

function readPage(path: string, name: string): ManPage {
  const text = plain(readFileSync(path, "utf8"));
  const lines = text.split("\n");
  const headings: string[] = [];
  const items: ManItem[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith(".SH ")) headings.push(line.slice(4));
    if (line === ".TP" || line === ".TQ") {
      const head = lines[index + 1]!.replace(/^\.[A-Z]+ /, "").replaceAll('"', ""); // a page never ends with .TP
      items.push({ heading: headings.at(-1) ?? "", head });
    }
  }
  const [, word = "", section = ""] = /^\.TH (\S+) (\d)/m.exec(text) ?? [];
  return { name, path, title: `${word.toLowerCase()}(${section})`, headings, items, text };
}

const CHARACTERS: Readonly<Record<string, string>> = {
  "\\-": "-",
  "\\e": "\\",
  "\\ ": " ",
  "\\(dq": '"',
  "\\(aq": "'",
  "\\(bu": "*",
};

const plain = (roff: string): string =>
  roff.replaceAll(/\\f[BIRP]/g, "").replaceAll(/\\\(..|\\./g, (found) => CHARACTERS[found] ?? found);

/** Does the page say this word, not only as a part of a longer one? */
export function says({ text }: ManPage, word: string): boolean {
  const literal = word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\w-])${literal}(?![\\w-])`).test(text);
}

/** Pages it refers to in SEE ALSO: `ha.cf(5)`. */
export function seeAlso({ text }: ManPage): readonly string[] {
  const [, list = ""] = text.split(".SH SEE ALSO\n");
  return [...list.matchAll(/^\.BR (\S+) (\(\d\)),?$/gm)].map(([, name, section]) => `${name}${section}`);
}

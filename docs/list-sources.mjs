// Rewrites the lists of source files in docs/architecture.md: a file and the first sentence of its head comment.
//   node docs/list-sources.mjs           writes them
//   node docs/list-sources.mjs --check   changes nothing; exits with 1 if they are not up to date
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const document = join(root, "docs/architecture.md");
const WIDTH = 128;

/** The first sentence of a head comment, or nothing if the file begins with code. */
function headOf(path) {
  const text = readFileSync(path, "utf8").replace(/^#!.*\n/, "");
  const comment = /^\s*(?:\/\*\*?([\s\S]*?)\*\/|((?:\/\/.*\n)+))/.exec(text);
  if (comment === null) return "";
  const prose = (comment[1] ?? comment[2])
    .replaceAll(/\n\s*\*? ?|\/\/ ?/g, " ")
    .replaceAll("`", "")
    .trim();
  return prose.split(/(?<=[.:!?])\s/)[0].replace(/[.:]$/, "");
}

/** Every source file of a package but its index, as lines: those of src first, then folder by folder. */
function listOf(name) {
  const src = join(root, "packages", name, "src");
  const paths = readdirSync(src, { recursive: true, encoding: "utf8" });
  const depth = (path) => path.split("/").length;
  return paths
    .filter((path) => /\.(ts|c|h)$/.test(path) && path !== "index.ts")
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
    .map((path) => `${path.padEnd(31)} ${headOf(join(src, path))}`.trimEnd().slice(0, WIDTH).trimEnd());
}

const before = readFileSync(document, "utf8");
const after = before.replaceAll(
  /(### `([\w-]+)`[^\n]*\n[\s\S]*?```\n)[\s\S]*?(\n```)/g,
  (_, head, name, tail) => [head, listOf(name).join("\n"), tail].join(""),
);
if (process.argv.includes("--check")) process.exit(before === after ? 0 : 1);
writeFileSync(document, after);

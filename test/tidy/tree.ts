/** The project's text files, and what a TypeScript source says about itself. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface TextFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Something that is not tidy: `packages/x/src/y.ts:12: what and why`. */
export type Complaint = string;

/** Every file of the project that git knows or would take, except binaries and vectors. */
export function projectFiles(): TextFile[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const files: TextFile[] = [];
  for (const path of new Set(list.split("\0"))) {
    if (path === "" || path === "package-lock.json" || path.startsWith("test/vectors/")) continue;
    const text = readIfThere(join(root, path));
    if (text !== undefined && !text.includes("\0")) files.push({ path, text });
  }
  return files;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // deleted, not yet committed; or a link to nowhere
  }
}

export const isTypeScript = (file: TextFile) => file.path.endsWith(".ts");

/** Part of a package's program, not of its tests. */
export const isSource = (file: TextFile) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file.path);

export const isCore = (file: TextFile) => /^packages\/[^/]+\/src\/(.*\/)?core\//.test(file.path);

export const packageOf = (path: string) => /^packages\/([^/]+)\//.exec(path)?.[1];

const parsed = new WeakMap<TextFile, ts.SourceFile>();

export function syntax(file: TextFile): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);
  parsed.set(file, tree);
  return tree;
}

export function lineOf(file: TextFile, position: number): number {
  return syntax(file).getLineAndCharacterOfPosition(position).line + 1;
}

/** Visits every node of the syntax tree, outer ones first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

export interface Import {
  readonly from: string;
  /** `import type`, `export type`, or all of its names are types: nothing remains at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** All imports and re-exports of a file, dynamic ones included. */
export function importsOf(file: TextFile): Import[] {
  const found: Import[] = [];
  walk(syntax(file), (node) => {
    const line = lineOf(file, node.getStart());
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ from: node.moduleSpecifier.text, typeOnly: isTypeOnly(node.importClause), line });
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ from: node.moduleSpecifier.text, typeOnly: node.isTypeOnly, line });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument))
        found.push({ from: argument.text, typeOnly: false, line });
    }
  });
  return found;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false; // import "x": only its effects
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

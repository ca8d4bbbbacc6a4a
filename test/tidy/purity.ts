/** A core knows no clock, no timer, no randomness, no process: what it knows, it was told. */
import ts from "typescript";
import { coreLike } from "./layering.js";
import { type Complaint, lineOf, syntax, type TextFile, walk } from "./tree.js";

const forbiddenNames = new Set([
  ...["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "queueMicrotask"],
  ...["performance", "crypto", "process", "fetch", "require", "globalThis", "Buffer", "console"],
]);

export function purity(files: readonly TextFile[]): Complaint[] {
  const cores = coreLike(files);
  return files
    .filter((file) => cores.has(file.path))
    .flatMap((file) => {
      const complaints: Complaint[] = [];
      const complain = (node: ts.Node, what: string) =>
        complaints.push(`${file.path}:${lineOf(file, node.getStart())}: ${what} in a core`);
      walk(syntax(file), (node) => {
        if (ts.isIdentifier(node) && forbiddenNames.has(node.text) && isReference(node))
          complain(node, node.text);
        if (ts.isIdentifier(node) && node.text === "Date" && isReference(node) && !isConversion(node)) {
          complain(node, "Date");
        }
        if (ts.isPropertyAccessExpression(node) && node.getText() === "Math.random")
          complain(node, "Math.random");
        if (ts.isAwaitExpression(node)) complain(node, "await");
      });
      return complaints;
    });
}

/** `new Date(milliseconds)` knows no clock: it only writes a moment that it was told. */
function isConversion(node: ts.Identifier): boolean {
  const parent = node.parent;
  return ts.isNewExpression(parent) && parent.expression === node && (parent.arguments?.length ?? 0) > 0;
}

/** A use of the global name, not a property, a key or a declaration that happens to be called so. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) return parent.name !== node;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  if (ts.isImportSpecifier(parent) || ts.isBindingElement(parent) || ts.isParameter(parent)) return false;
  return !ts.isVariableDeclaration(parent) || parent.name !== node;
}

/** What the style forbids outright and a machine can see. */
import ts from "typescript";
import { type Complaint, isSource, isTypeScript, lineOf, syntax, type TextFile, walk } from "./tree.js";

export function manners(files: readonly TextFile[]): Complaint[] {
  return [...paths(files), ...names(files), ...casts(files), ...focused(files)];
}

/** A path that exists on one developer's machine only. */
function paths(files: readonly TextFile[]): Complaint[] {
  const pattern = new RegExp(
    ["/wo" + "rk/", "/hom" + "e/[a-z][-a-z0-9]*/", "/User" + "s/[A-Za-z]"].join("|"),
  );
  return files.flatMap((file) =>
    file.text
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${file.path}:${index + 1}: a path of somebody's own machine`] : [],
      ),
  );
}

/** A function without a home is missing a concept. */
function names(files: readonly TextFile[]): Complaint[] {
  return files
    .filter((file) => /(^|\/)(utils?|helpers?|common|misc|manager)(\.[a-z]+$|\/)/.test(file.path))
    .map((file) => `${file.path}:1: a name that says nothing`);
}

/** `as` promises what the compiler cannot see: the line, or one of the three before it, says why it is true. */
function casts(files: readonly TextFile[]): Complaint[] {
  return files.filter(isSource).flatMap((file) => {
    const lines = file.text.split("\n");
    const complaints: Complaint[] = [];
    walk(syntax(file), (node) => {
      if (!ts.isAsExpression(node) || ts.isConstTypeReference(node.type)) return;
      const line = lineOf(file, node.type.getStart());
      const near = lines.slice(Math.max(0, line - 4), line).join("\n");
      if (!/\/\/|\*/.test(near))
        complaints.push(`${file.path}:${line}: "as" without a comment that proves it`);
    });
    return complaints;
  });
}

/** A test that runs alone hides all others. */
function focused(files: readonly TextFile[]): Complaint[] {
  return files
    .filter((file) => isTypeScript(file) && file.path.endsWith(".test.ts"))
    .flatMap((file) => {
      const complaints: Complaint[] = [];
      walk(syntax(file), (node) => {
        if (!ts.isPropertyAccessExpression(node) || node.name.text !== "only") return;
        if (/^(test|it|describe)\b/.test(node.expression.getText())) {
          complaints.push(
            `${file.path}:${lineOf(file, node.getStart())}: ${node.getText()} hides all other tests`,
          );
        }
      });
      return complaints;
    });
}

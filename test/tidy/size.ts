/** Nothing is longer than a person can hold in mind: files, functions, lines. */
import ts from "typescript";
import { type Complaint, isSource, lineOf, syntax, type TextFile, walk } from "./tree.js";

const FILE_LINES = 500;
const FUNCTION_LINES = 60;
const LINE_COLUMNS = 120;

export function sizes(files: readonly TextFile[]): Complaint[] {
  return [...fileSizes(files), ...functionSizes(files), ...lineSizes(files)];
}

/** Prose may be longer: an architecture is one file. So may tables that are data. */
function fileSizes(files: readonly TextFile[]): Complaint[] {
  return files
    .filter(
      (file) => !/\.(md|json|story|txt)$/.test(file.path) && file.text.split("\n").length - 1 > FILE_LINES,
    )
    .map((file) => `${file.path}:1: ${file.text.split("\n").length - 1} lines; stop at ${FILE_LINES}`);
}

function functionSizes(files: readonly TextFile[]): Complaint[] {
  return files.filter(isSource).flatMap((file) => {
    const complaints: Complaint[] = [];
    walk(syntax(file), (node) => {
      if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined || factory(node)) return;
      const first = lineOf(file, node.getStart());
      const length = lineOf(file, node.getEnd()) - first + 1;
      if (length > FUNCTION_LINES)
        complaints.push(`${file.path}:${first}: a function of ${length} lines; stop at 60`);
    });
    return complaints;
  });
}

/** A function that only holds others (a machine, a set of commands) is a small file, not a long function. */
function factory(node: ts.Node): boolean {
  let inner = 0;
  node.forEachChild((child) =>
    walk(child, (one) => {
      if (ts.isFunctionLike(one)) inner++;
    }),
  );
  return inner >= 2;
}

function lineSizes(files: readonly TextFile[]): Complaint[] {
  return files
    .filter(isSource)
    .flatMap((file) =>
      file.text
        .split("\n")
        .flatMap((line, index) =>
          line.length > LINE_COLUMNS
            ? [`${file.path}:${index + 1}: ${line.length} columns; stop at ${LINE_COLUMNS}`]
            : [],
        ),
    );
}

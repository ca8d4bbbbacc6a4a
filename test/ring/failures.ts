/** Which tests failed, a line each: the end of a long output is what a person sees first, and often all. */
import { relative } from "node:path";
import type { Counting } from "./steps.js";

const SHOWN = 20;
const LONGEST = 300;

/**
 * `FILE: NAME: first line of the error`, at most 20 of them.
 *
 * @param report what the step wrote: its JSON for `vitest`, its output for `node-test`.
 */
export function failures(counting: Counting, report: string): readonly string[] {
  if (counting === "one") return [];
  const all = counting === "vitest" ? vitestFailures(report) : nodeTestFailures(report);
  const more = all.length > SHOWN ? [`and ${all.length - SHOWN} more`] : [];
  return [...all.slice(0, SHOWN).map((line) => line.slice(0, LONGEST)), ...more];
}

interface VitestFile {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages?: readonly string[];
  }[];
}

function vitestFailures(json: string): readonly string[] {
  return filesIn(json).flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [`${file}: ${firstLine(message)}`] : [];
    return failed.map((test) => `${file}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`);
  });
}

function filesIn(json: string): readonly VitestFile[] {
  try {
    // The shape is that of vitest's own JSON reporter, of the version that we pin.
    const { testResults } = JSON.parse(json) as { readonly testResults?: readonly VitestFile[] };
    return testResults ?? [];
  } catch {
    return []; // it died before it wrote its report
  }
}

const firstLine = (text = ""): string => text.trim().split("\n", 1)[0] ?? "";

/** node:test's `spec` report marks them, and tells them again at its end: `✖ the name (12.3ms)`. */
function nodeTestFailures(output: string): readonly string[] {
  return [...new Set([...output.matchAll(/^\s*✖ (.+) \([\d.]+ms\)$/gm)].map((match) => match[1] ?? ""))];
}

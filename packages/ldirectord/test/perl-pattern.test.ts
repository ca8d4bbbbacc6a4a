/** Perl's expressions in JavaScript: the same answers, or a problem that names the construct. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern, patternProblem } from "../src/checks/perl-pattern.js";

function finds(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern);
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return compiled.kind === "plain" ? bytes.includes(compiled.text) : new RegExp(compiled.source).test(bytes);
}

describe("what Perl says of each", () => {
  test.each<[pattern: string, text: string, found: boolean]>([
    ["I'm alive!", "yes: I'm alive!\n", true],
    ["^ok$", "ok\n", true],
    ["^ok$", "ok\n\n", false],
    ["^ok\\z", "ok\n", false],
    ["^ok\\Z", "ok\n", true],
    ["^line2", "line1\nline2\n", false],
    ["(?m)^line2$", "line1\nline2\nline3", true],
    ["(?i)status:\\s+green", "x Status:   GREEN y", true],
    ["a(?i)b", "aB", true],
    ["a(?i)b", "AB", false],
    ["(?i:a)b", "Ab", true],
    ["(?i:a)b", "AB", false],
    ["(?i)[a-c]x", "BX", true],
    ["a.b", "a\nb", false],
    ["a.b", "a\rb", true],
    ["(?s)a.b", "a\nb", true],
    ["(?x) a b # a comment", "ab", true],
    ["ready|degraded", "state=degraded", true],
    ["\\Aok", "ok", true],
    ["\\bup\\b", "is up.", true],
    ["a\\h+b", "a \tb", true],
    ["a\\Rb", "a\r\nb", true],
    ["a++b", "aaab", true],
    ["a++ab", "aaab", false],
    ["(?>a+)ab", "aaab", false],
    ["[[:digit:]]{3}", "code 200", true],
    ["[[:^digit:]]", "200", false],
    ["[]x]", "]", true],
    ["\\Qa.b\\E", "axb", false],
    ["\\x41\\x{42}", "AB", true],
    ["(a)(b)\\2\\1", "abba", true],
    ["(?<n>a)\\k<n>", "aa", true],
    ["a{2}", "aa", true],
    ["a{,2}b", "b", true],
    ["x{y", "x{y", true],
    ["[^\\S]x", " x", true],
    ["Grüße", "viele Grüße", true],
    ["Gr.{2}ße", "Grüße", true],
    ["$5", "costs 5", false],
    ["\\s", "\u00a0", false],
  ])("/%s/ on %j: %s", (pattern, text, found) => expect(finds(pattern, text)).toBe(found));
});

test.each([
  ["(unclosed", "a ( without its )"],
  ["a)", "an ) too many"],
  ["[a-", "a [ without its ]"],
  ["*a", "a * with nothing before it"],
  ["\\p{L}", "\\p is not supported"],
  ["(?{ die })", "(?{ ... is not supported"],
  ["a\\Kb", "\\K is not supported"],
  ["(?R)", "(?R)... is not supported"],
  ["(a)?\\1", "a backreference beside optional or alternative groups is not supported"],
  ["\\2(a)", "a backreference to a group that does not exist"],
  ["b-\\x{263a}", "\\x{263a} is no byte"],
])("/%s/ is refused: %s", (pattern, problem) => expect(patternProblem(pattern)).toBe(problem));

test("any text is a pattern that compiles, or a problem in words", () => {
  const piece = fc.constantFrom(..."ab|()[]{}?*+\\^$.-,<>:=!#imsx019QEdDwsRzZAkg".split(""));
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
      (pattern) => {
        const problem = patternProblem(pattern);
        if (problem === undefined) expect(() => finds(pattern, "aab\n")).not.toThrow();
        else expect(problem).not.toBe("");
      },
    ),
    { numRuns: 3000 },
  );
});

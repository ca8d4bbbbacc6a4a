import { expect, test } from "vitest";
import { type Diagnostic, lines, render, suggest, words } from "../src/index.js";

const source = { path: "/etc/ha.d/ha.cf", text: "# heartbeat\nkeepalive 2sec\n\tdeadtme\t10\r\n" };
const complaint: Diagnostic = {
  path: source.path,
  span: { line: 2, column: 11, length: 4 },
  severity: "error",
  code: "bad-duration",
  message: 'keepalive: "2sec" is not a duration',
  hint: "write seconds as 2, milliseconds as 2000ms",
};

test("a complaint shows the place, the line, and a caret under the word", () => {
  expect(render(complaint, source).split("\n")).toEqual([
    '/etc/ha.d/ha.cf:2:11: error: keepalive: "2sec" is not a duration [bad-duration]',
    "    2 | keepalive 2sec",
    "      |           ^^^^ write seconds as 2, milliseconds as 2000ms",
  ]);
});

test("tabs before the word are kept, so that the caret stands under it", () => {
  const span = { line: 3, column: 10, length: 2 };
  expect(render({ ...complaint, span, hint: "so" }, source).split("\n")[2]).toBe("      | \t       \t^^ so");
});

test("a complaint about the whole file names the file alone", () => {
  const { hint, ...rest } = complaint;
  expect(render({ ...rest, span: undefined }, source)).toBe(
    '/etc/ha.d/ha.cf: error: keepalive: "2sec" is not a duration [bad-duration]',
  );
  expect(hint).toBeDefined();
});

test("words know their columns, whatever separates them", () => {
  expect(words(lines(source)[2]!)).toEqual([
    { text: "deadtme", line: 3, column: 2, length: 7 },
    { text: "10", line: 3, column: 10, length: 2 },
  ]);
});

test.each([
  ["deadtme", "deadtime"],
  ["KEEPALIVE", "keepalive"],
  ["keepailve", "keepalive"],
  ["nod", "node"],
  ["xyzzy", undefined],
])("%s: did you mean %s?", (word, meant) => {
  expect(suggest(word, ["keepalive", "deadtime", "warntime", "node"])).toBe(meant);
});

/** Each case of the tables gets the verdict of the real parser, or one that the table gives a reason for. */
import { describe, expect, test } from "vitest";
import { keyFileModeProblem, parseAuthkeys } from "../src/config/authkeys.js";
import { parseHaCf } from "../src/config/ha-cf.js";
import { parseHaresources } from "../src/config/haresources.js";
import { argumentProblem } from "../src/resources/argument-problem.js";
import { surroundings } from "./surroundings.js";
import { verdicts } from "./verdicts/table.js";

const HEAD = "auto_failback on\nbcast eth1\nnode hbn1 hbn2\nlogfile /var/log/ha-log\n";
const exit = (isRight: boolean) => (isRight ? 0 : 6);

describe("ha.cf", () => {
  test.each(verdicts("ha-cf.txt"))("$ours (original: $original): $lines", ({ lines, ours }) => {
    const { value } = parseHaCf({ path: "ha.cf", text: `${HEAD}${lines}\n` }, surroundings("hbn1"));
    expect(exit(value !== undefined)).toBe(ours);
  });
});

describe("authkeys", () => {
  test.each(verdicts("authkeys.txt"))("$ours (original: $original): $lines", ({ lines, ours }) => {
    const { value } = parseAuthkeys({ path: "authkeys", text: `${lines}\n` });
    expect(exit(value !== undefined)).toBe(ours);
  });

  test.each(verdicts("authkeys-mode.txt"))("mode $lines: $ours (original: $original)", ({ lines, ours }) => {
    expect(exit(keyFileModeProblem("authkeys", Number.parseInt(lines, 8)) === undefined)).toBe(ours);
  });
});

describe("haresources", () => {
  test.each(verdicts("haresources.txt"))("$ours (original: $original): $lines", ({ lines, ours }) => {
    const { value } = parseHaresources({ path: "haresources", text: `${lines}\n` }, ["hbn1", "hbn2"]);
    const wrong = value
      ?.flatMap(({ resources }) => resources)
      .some((one) => argumentProblem(one) !== undefined);
    expect(exit(wrong === false)).toBe(ours);
  });
});

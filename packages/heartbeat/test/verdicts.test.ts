/** Each case of the tables gets the verdict of the real parser, or one that the table gives a reason for. */
import { describe, expect, test } from "vitest";
import { parseHaCf } from "../src/config/ha-cf.js";
import { surroundings } from "./surroundings.js";
import { verdicts } from "./verdicts/table.js";

const HEAD = "auto_failback on\nbcast eth1\nnode hbn1 hbn2\nlogfile /var/log/ha-log\n";

describe("ha.cf", () => {
  test.each(verdicts("ha-cf.txt"))("$ours (original: $original): $lines", ({ lines, ours }) => {
    const { value } = parseHaCf({ path: "ha.cf", text: `${HEAD}${lines}\n` }, surroundings("hbn1"));
    expect(value === undefined ? 6 : 0).toBe(ours);
  });
});

import { expect, test } from "vitest";
import { readDurationMs, readWhole, readYesNo } from "../src/index.js";

test.each([
  ["2", 2000],
  ["1.5", 1500],
  [".5", 500],
  ["500ms", 500],
  ["500MS", 500],
  ["1500us", 2],
  ["250usec", 0],
  ["-1", -1000],
  ["10s", undefined],
  ["2sec", undefined],
  ["10 ms", undefined],
  ["", undefined],
  ["ms", undefined],
  ["1e3", undefined],
])("duration %j is %j ms", (text, ms) => expect(readDurationMs(text)).toBe(ms));

test.each([
  ["on", true],
  ["YES", true],
  ["1", true],
  ["n", false],
  ["Off", false],
  ["maybe", undefined],
  ["", undefined],
])("%j read as yes or no is %j", (text, value) => expect(readYesNo(text)).toBe(value));

test.each([
  ["694", 694],
  ["1", 1],
  ["65535", 65535],
  ["0", undefined],
  ["65536", undefined],
  ["80x", undefined],
  ["-1", undefined],
])("port %j is %j", (text, port) => expect(readWhole(text, 1, 65535)).toBe(port));

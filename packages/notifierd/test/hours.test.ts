import { expect, test } from "vitest";
import { isWithin, readHours } from "../src/core/hours.js";
import { matches } from "../src/core/pattern.js";

/** 2026-11-27 is a Friday; in the time zone of the tests' machine, as the director's own. */
const friday = (hour: number, minute = 0) => new Date(2026, 10, 27, hour, minute).getTime();
const saturday = (hour: number) => new Date(2026, 10, 28, hour).getTime();

test.each([
  { text: "08:00-18:00", at: friday(8), is: true },
  { text: "08:00-18:00", at: friday(7, 59), is: false },
  { text: "08:00-18:00", at: friday(18), is: false },
  { text: "Mon-Thu 08:00-18:00", at: friday(9), is: false },
  { text: "Sat,Sun", at: saturday(3), is: true },
  { text: "Fri-Mon", at: saturday(3), is: true },
  { text: "22:00-06:00", at: friday(23), is: true },
  { text: "Fri 22:00-06:00", at: saturday(5), is: true },
  { text: "Fri 22:00-06:00", at: friday(5), is: false },
])("$text at $at: $is", ({ text, at, is }) => expect(isWithin(readHours(text)!, at)).toBe(is));

test.each(["", "Mon-Fry", "8-18", "25:00-26:00", "08:00-18:00 Mon", "Mon 08:00-18:00 x", "08:61-09:00"])(
  '"%s" is no time of the week',
  (text) => expect(readHours(text)).toBeUndefined(),
);

test.each([
  { pattern: "192.0.2.10:80", text: "192.0.2.10:80", is: true },
  { pattern: "192.0.2.1", text: "192.0.2.10", is: false },
  { pattern: "*:53", text: "[2001:db8::1]:53", is: true },
  { pattern: "LB?", text: "lb1", is: true },
  { pattern: "lb?", text: "lb", is: false },
  { pattern: "*a*b*", text: "xxaxxbxx", is: true },
  { pattern: "*a*b", text: "xxaxxbxx", is: false },
  { pattern: `${"*a".repeat(30)}*b`, text: "a".repeat(5000), is: false },
])("$pattern matches $text: $is", ({ pattern, text, is }) => expect(matches(pattern, text)).toBe(is));

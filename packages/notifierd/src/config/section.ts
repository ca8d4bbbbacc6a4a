/** One section of notifier.ini, and how its settings are read: every mistake is told with its place. */
import { type Span, suggest } from "@systole/config";
import type { Millis } from "@systole/machine";
import { type Read, readDuration } from "./values.js";

/** One setting as it was written. */
export interface Setting {
  readonly text: string;
  readonly key: Span;
  readonly place: Span;
}
export type Section = ReadonlyMap<string, Setting>;
export type Complain = (
  span: Span | undefined,
  code: string,
  message: string,
  hint?: string,
  severity?: "error" | "warning",
) => void;

export const listOf = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== "");

export function choice<Value extends string>(
  setting: Setting | undefined,
  name: string,
  values: readonly Value[],
  otherwise: Value,
  complain: Complain,
): Value {
  if (setting === undefined || setting.text === "") return otherwise;
  const found = values.find((value) => value === setting.text.toLowerCase());
  if (found !== undefined) return found;
  const near = suggest(setting.text, values);
  const hint = near === undefined ? `write one of ${values.join(", ")}` : `did you mean ${near}?`;
  complain(
    setting.place,
    `bad-${name.toLowerCase().replace(" ", "-")}`,
    `"${setting.text}" is not a ${name}`,
    hint,
  );
  return otherwise;
}

export function duration(setting: Setting | undefined, otherwise: Millis, complain: Complain): Millis {
  return take(setting, otherwise, readDuration, "bad-duration", complain);
}

export function take<Value>(
  setting: Setting | undefined,
  otherwise: Value,
  read: (text: string) => Read<Value>,
  code: string,
  complain: Complain,
): Value {
  if (setting === undefined || setting.text === "") return otherwise;
  const made = read(setting.text);
  if ("value" in made) return made.value;
  complain(setting.place, code, made.problem, made.hint);
  return otherwise;
}

const YES = new Set(["yes", "true", "on", "1"]);
const NO = new Set(["no", "false", "off", "0"]);

export function readYesNo(text: string): Read<boolean> {
  if (YES.has(text.toLowerCase())) return { value: true };
  if (NO.has(text.toLowerCase())) return { value: false };
  return { problem: `"${text}" is neither yes nor no`, hint: "write yes or no" };
}

/** @param most the largest number that makes sense */
export const readCount =
  (least: number, most: number) =>
  (text: string): Read<number> => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return { value };
    return {
      problem: `"${text}" is not ${least} to ${most}`,
      hint: `write a whole number, ${least} to ${most}`,
    };
  };

export const readPath = (text: string): Read<string> =>
  text.startsWith("/")
    ? { value: text }
    : { problem: `"${text}" is not a path from the root`, hint: "write it with a / in front" };

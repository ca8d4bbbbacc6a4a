/** The shapes of directives that many have: a time, a number, yes or no, one of some words. */
import { readDurationMs, readYesNo, suggest, type Word } from "@systole/config";
import { milliseconds } from "@systole/machine";
import type { HaCfSurroundings } from "./ha-cf.types.js";
import type { Complain, Draft } from "./ha-cf-draft.js";

/** What a directive may use while it is applied. */
export interface Reading {
  readonly draft: Draft;
  readonly complain: Complain;
  readonly around: HaCfSurroundings;
  /** The directive itself, as it stands in the file. */
  readonly name: Word;
}

/** `option` directives are applied once per argument; `line` directives get all words of the rest of the line. */
export type Directive =
  | { readonly takes: "option"; readonly apply: (word: Word, reading: Reading) => void }
  | { readonly takes: "line"; readonly apply: (args: readonly Word[], reading: Reading) => void };

/** The fields of the draft that hold such a value. */
type FieldOf<Value> = {
  [Field in keyof Draft]-?: Value extends Draft[Field] ? Field : never;
}[keyof Draft];

/** The caller has seen to it that the value fits. */
const store = <Value>(draft: Draft, field: FieldOf<Value> | undefined, value: Value): void =>
  field === undefined ? undefined : void Object.assign(draft, { [field]: value });

type Times = "scriptLimit" | "keepalive" | "deadtime" | "warntime" | "initdead" | "deadping";

export const TIMES: readonly Exclude<Times, "scriptLimit">[] = [
  "keepalive",
  "deadtime",
  "warntime",
  "initdead",
  "deadping",
];

export const time = (field: Times): Directive => ({
  takes: "option",
  apply(word, { draft, complain, name }) {
    const plain = /^\d*\.\d+(?=\.)/.exec(word.text)?.[0];
    if (plain !== undefined)
      complain("warning", "number-with-tail", word, `${name.text}: "${word.text}" counts as ${plain}`);
    const value = readDurationMs(plain ?? word.text);
    // The others are compared with keepalive or deadtime, which says more.
    const zeroCounts = field === "deadtime" || field === "initdead" || field === "deadping";
    if (value === undefined || word.text.startsWith("+")) {
      const hint = "write seconds as 2, milliseconds as 2000ms";
      complain("error", "bad-duration", word, `${name.text}: "${word.text}" is not a duration`, hint);
    } else if (value < 0 || (value === 0 && !zeroCounts))
      complain("error", "bad-duration", word, `${name.text}: must be longer than nothing`);
    else draft[field] = { value: milliseconds(value), at: word };
  },
});

/** A yes-or-no directive; without a field the value is checked and otherwise ignored. */
export const yesNo = (field?: FieldOf<boolean>): Directive => ({
  takes: "option",
  apply(word, { draft, complain, name }) {
    const value = readYesNo(word.text);
    if (value !== undefined) store(draft, field, value);
    else {
      const message = `${name.text}: "${word.text}" is neither yes nor no`;
      complain("error", "bad-boolean", word, message, "write on or off");
    }
  },
});

/**
 * A whole number as the original reads it: what stands behind the digits is dropped, and no digits are 0. We say so.
 *
 * @returns undefined, after an error, if it is out of bounds.
 */
export function readNumber(
  word: Word,
  [least, most]: readonly [number, number],
  what: string,
  complain: Complain,
): number | undefined {
  const digits = /^[+-]?\d{1,12}/.exec(word.text)?.[0] ?? "";
  const value = Number(digits);
  if (value < least || value > most) {
    complain("error", "bad-number", word, `${what}: "${word.text}" is not a number from ${least} to ${most}`);
    return undefined;
  }
  if (digits !== word.text)
    complain("warning", "number-with-tail", word, `${what}: "${word.text}" counts as ${value}`);
  return value;
}

/** A UDP port. The original keeps 16 bits of any number above 0; so do we, and say so. */
export function readPort(word: Word, what: string, complain: Complain): number | undefined {
  const value = readNumber(word, [what === "udpport" ? 1 : -65_535, 999_999], what, complain);
  if (value === undefined) return undefined;
  const port = value & 0xffff;
  if (port === 0) complain("error", "bad-port", word, `${what}: "${word.text}" is no port`, "1 to 65535");
  else if (port !== value)
    complain("warning", "port-wraps", word, `${what}: "${word.text}" counts as ${port}`, "1 to 65535");
  return port === 0 ? undefined : port;
}

export const whole = (least: number, most: number, field?: FieldOf<number>): Directive => ({
  takes: "option",
  apply(word, { draft, complain, name }) {
    const value = readNumber(word, [least, most], name.text, complain);
    if (value !== undefined) store(draft, field, value);
  },
});

export const oneOf = <Value extends string>(words: readonly Value[], field?: FieldOf<Value>): Directive => ({
  takes: "option",
  apply(word, { draft, complain, name }) {
    const value = words.find((one) => one === word.text);
    if (value !== undefined) return store(draft, field, value);
    const meant = suggest(word.text, words);
    const hint = meant === undefined ? `one of: ${words.join(" ")}` : `did you mean ${meant}?`;
    complain("error", "bad-value", word, `${name.text}: "${word.text}" is not known`, hint);
  },
});

export const text = (field: FieldOf<string>): Directive => ({
  takes: "option",
  apply: (word, { draft }) => store(draft, field, word.text),
});

/** Accepted for files that have it; it never changed anything in a cluster of this kind. */
export const ignored: Directive = { takes: "line", apply: () => {} };

/** Going on without it would put data or services at risk, so the file is refused. */
export const refused = (why: string): Directive => ({
  takes: "line",
  apply: (_args, { complain, name }) => complain("error", "not-supported", name, `${name.text}: ${why}`),
});

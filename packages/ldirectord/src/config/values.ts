/** Values as ldirectord.cf has them. Each reader complains about its statement and answers undefined for nonsense. */
import type { Complaints } from "./complaints.js";
import { valueSpan } from "./complaints.js";
import type { Statement } from "./statement.js";

/** What a directive's reader gets. */
export interface Reading {
  readonly statement: Statement;
  /** Never undefined here: lines without `=` are refused before. */
  readonly value: string;
  readonly complaints: Complaints;
}

/** The first run of digits anywhere in the value; a warning when there is more than digits. */
export function readNumber({ statement, value, complaints }: Reading, least = 1): number | undefined {
  const { name } = statement;
  const digits = /\d+/.exec(value)?.[0];
  const span = valueSpan(statement);
  if (digits === undefined)
    return complaints.error(span, "bad-number", `${name}: "${value.trim()}" is not a number`);
  const number = Number(digits);
  if (number < least) return complaints.error(span, "bad-number", `${name}: must be at least ${least}`);
  if (!Number.isSafeInteger(number))
    return complaints.error(span, "bad-number", `${name}: ${digits} is too large`);
  if (!/^\d+\s*$/.test(value)) {
    complaints.warn(
      span,
      "loose-number",
      `${name}: "${value.trim()}" is read as ${number}`,
      `write ${number}`,
    );
  }
  return number;
}

/** Exactly `yes` or `no`. */
export function readYesNo({ statement, value, complaints }: Reading): boolean | undefined {
  const word = value.trimEnd();
  if (word === "yes" || word === "no") return word === "yes";
  return complaints.error(
    valueSpan(statement),
    "bad-yes-no",
    `${statement.name}: "${word}" is not yes or no`,
    "write yes or no",
  );
}

/** Between the first and the last double quote of the line. */
export function readQuoted(reading: Reading, mayBeEmpty = false): string | undefined {
  const { statement, value, complaints } = reading;
  const { name } = statement;
  const span = valueSpan(statement);
  const text = /^"(.*)"/.exec(value)?.[1];
  if (text === undefined) {
    return complaints.error(
      span,
      "needs-quotes",
      `${name}: the value must stand in double quotes`,
      `write ${name}="..."`,
    );
  }
  if (text === "" && !mayBeEmpty)
    return complaints.error(span, "empty", `${name}: nothing between the quotes`);
  const rest = value.slice(text.length + 2).trim();
  if (rest !== "" && !rest.startsWith("#")) {
    complaints.warn(span, "ignored-rest", `${name}: "${rest}" behind the quotes is ignored`);
  }
  return text;
}

/** The rest of the line, not empty. */
export function readText({ statement, value, complaints }: Reading): string | undefined {
  const text = value.trimEnd();
  if (text === "")
    return complaints.error(valueSpan(statement), "empty", `${statement.name}: nothing behind the =`);
  return text;
}

/** The rest of the line, without double quotes if they are its first and last characters. */
export function readMaybeQuoted(reading: Reading): string | undefined {
  const text = readText(reading);
  if (text === undefined) return undefined;
  const bare = /^"(.*)"$/.exec(text)?.[1] ?? text;
  if (bare !== "") return bare;
  return reading.complaints.error(
    valueSpan(reading.statement),
    "empty",
    `${reading.statement.name}: nothing between the quotes`,
  );
}

/** The first word, one of `allowed`. */
export function readWord<Word extends string>(reading: Reading, allowed: readonly Word[]): Word | undefined {
  const { statement, value, complaints } = reading;
  const [word = "", ...rest] = value.trim().split(/\s+/);
  const found = allowed.find((candidate) => candidate === word);
  if (found === undefined) {
    return complaints.error(
      valueSpan(statement),
      "bad-word",
      `${statement.name}: "${word}" is none of ${allowed.join(", ")}`,
    );
  }
  if (rest.length > 0) {
    complaints.warn(
      valueSpan(statement),
      "ignored-rest",
      `${statement.name}: "${rest.join(" ")}" is ignored`,
    );
  }
  return found;
}

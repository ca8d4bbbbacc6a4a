/** A half of a hand-over, and the answer to it, as the words that heartbeat carries: printable ASCII, not too long. */
import type { Half, Taken } from "../core/hand-over.js";
import { readEvent } from "./spool-format.js";

/** As much as heartbeat carries at once. */
const LONGEST = 3000;

/** Undefined if it is too long even without the events that nobody asked for. */
export function halfWords(
  half: Half,
  isWanted: (event: Half["events"][number]) => boolean,
): string | undefined {
  const whole = ascii(half);
  if (whole.length <= LONGEST) return whole;
  const short = ascii({ ...half, events: half.events.filter(isWanted) });
  return short.length <= LONGEST ? short : undefined;
}

export const takenWords = (taken: Taken): string => ascii(taken);

const ascii = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
const isAddressee = (value: unknown): value is Half["to"][number] =>
  isTexts(value) && value.length === 2 && /^(mail|webhook .+)$/.test(value[0] ?? "");

/** Undefined for what we do not understand, and for events of another node than the one that speaks. */
export function readWords(peer: string, text: string): Half | Taken | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value) || !isTexts(value.letters)) return undefined;
  const { type, letters, waitMs, to, events, answers, saidAtMs } = value;
  if (type === "taken") return { type, letters };
  if (type !== "half" || typeof waitMs !== "number" || typeof saidAtMs !== "number") return undefined;
  if (!Array.isArray(to) || !to.every(isAddressee) || !Array.isArray(events)) return undefined;
  const read = events.map((event) => readEvent(JSON.stringify(event)));
  const known = read.flatMap((event) => (event?.node === peer ? [event] : []));
  if (known.length === 0 || known.length < read.length) return undefined;
  const thread = typeof answers === "string" && /^<[!-;=?-~]{1,250}>$/.test(answers) ? { answers } : {};
  return { type, letters, waitMs, to, events: known, saidAtMs, ...thread };
}

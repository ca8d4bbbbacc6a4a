/** When somebody wants to hear: days of the week and times of the day, in the director's own time zone. */

export interface Hours {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight; a span that ends before it begins goes over midnight. */
  readonly from: number;
  readonly to: number;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const ALL = DAYS.map((_, day) => day);

/** `Mon-Fri 08:00-18:00`, `08:00-18:00`, `Sat,Sun`; undefined if it is none of these. */
export function readHours(text: string): Hours | undefined {
  const words = text.trim().split(/\s+/);
  const [first = ""] = words;
  const days = /^[a-z]/i.test(first) ? readDays(first) : ALL;
  const span = /^[a-z]/i.test(first) ? words[1] : first;
  if (days === undefined || words.length > (days === ALL ? 1 : 2)) return undefined;
  if (span === undefined) return { days, from: 0, to: 1440 };
  const [, from, to] = /^(\d{1,2}:\d{2})-(\d{1,2}:\d{2})$/.exec(span) ?? [];
  const [begin, end] = [readMinute(from), readMinute(to)];
  return begin === undefined || end === undefined ? undefined : { days, from: begin, to: end };
}

function readDays(text: string): readonly number[] | undefined {
  const days: number[] = [];
  for (const part of text.toLowerCase().split(",")) {
    const [from, to = from] = part.split("-").map((name) => DAYS.indexOf(name));
    if (from === undefined || to === undefined || from === -1 || to === -1) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      days.push(day);
      if (day === to) break;
    }
  }
  return days;
}

function readMinute(text: string | undefined): number | undefined {
  const [hours = Number.NaN, minutes = Number.NaN] = (text ?? "").split(":").map(Number);
  return hours <= 24 && minutes < 60 && hours * 60 + minutes <= 1440 ? hours * 60 + minutes : undefined;
}

/** @param atMs wall clock, milliseconds since 1970 */
export function isWithin({ days, from, to }: Hours, atMs: number): boolean {
  const at = new Date(atMs);
  const minute = at.getHours() * 60 + at.getMinutes();
  const today = at.getDay();
  if (from <= to) return days.includes(today) && minute >= from && minute < to;
  const yesterday = (today + 6) % 7;
  return (days.includes(today) && minute >= from) || (days.includes(yesterday) && minute < to);
}

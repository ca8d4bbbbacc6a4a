/** Words of stories. */
import { type Millis, milliseconds, seconds } from "@systole/machine";

/** A line of a story that is not understood. */
export class StoryError extends Error {
  override readonly name = "StoryError";
}

/** `1s`, `500ms`, `20.5s`. */
export function parseTime(text: string): Millis {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text) ?? [];
  if (number === undefined) throw new StoryError(`not a time: ${text}`);
  return unit === "ms" ? milliseconds(Number(number)) : seconds(Number(number));
}

/** Our own `monitor`: how often resources that run here are asked for their status, and what follows if one is down. */
import { readDurationMs, suggest, type Word } from "@systole/config";
import { type Millis, milliseconds } from "@systole/machine";
import type { HaCf } from "./ha-cf.types.js";
import type { Directive, Reading } from "./ha-cf-values.js";

type Policy = NonNullable<HaCf["monitor"]>["policy"];

const POLICIES: readonly Policy[] = ["restart", "move", "tell"];
const USAGE = `monitor TIME [${POLICIES.join("|")}], or monitor off`;
/** Each question may be a process. */
const SHORTEST_MS = 1000;

/** `monitor 10`, `monitor 10 tell`, `monitor off`; of several lines the last one counts. */
export const monitor: Directive = {
  takes: "line",
  apply([time, word, more], reading) {
    const { draft, complain, name } = reading;
    if (time === undefined) return complain("error", "bad-monitor", name, "monitor names no time", USAGE);
    const isOff = time.text.toLowerCase() === "off";
    const interval = isOff ? undefined : intervalOf(time, reading);
    const policy = word === undefined || isOff ? "restart" : policyOf(word, reading);
    const tooMuch = isOff ? word : more;
    if (tooMuch !== undefined)
      complain("error", "bad-monitor", tooMuch, `monitor: "${tooMuch.text}" is one word too many`, USAGE);
    if (isOff) draft.monitor = undefined;
    else if (interval !== undefined && policy !== undefined) draft.monitor = { interval, policy };
  },
};

function intervalOf(word: Word, { complain }: Reading): Millis | undefined {
  const value = readDurationMs(word.text);
  if (value !== undefined && value >= SHORTEST_MS) return milliseconds(value);
  if (value === undefined) {
    const hint = "write seconds as 10, milliseconds as 10000ms";
    complain("error", "bad-duration", word, `monitor: "${word.text}" is not a duration`, hint);
  } else complain("error", "bad-duration", word, "monitor: must be a second or longer");
  return undefined;
}

function policyOf(word: Word, { complain }: Reading): Policy | undefined {
  const policy = POLICIES.find((one) => one === word.text);
  if (policy !== undefined) return policy;
  const meant = suggest(word.text, POLICIES);
  const hint = meant === undefined ? `one of: ${POLICIES.join(" ")}` : `did you mean ${meant}?`;
  complain("error", "bad-value", word, `monitor: "${word.text}" is not known`, hint);
  return undefined;
}

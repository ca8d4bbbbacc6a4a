/** notifier silence, silences, unsilence. */
import { type Command, UsageError } from "@systole/daemon";
import { readDuration } from "../config/values.js";
import { duration } from "../core/duration.js";
import { ask, type SilenceBrief, whoami } from "./ask.js";

export const silence: Command = {
  name: "silence",
  summary: "say nothing about something for a while",
  positionals: "DURATION [WHY]",
  arity: { from: 1, to: 2 },
  options: {
    for: {
      ...{ type: "string", value: "PATTERN", default: "*" },
      help: "services, real servers, nodes, daemons; * and ? as in a shell; everything unless given",
    },
  },
  async run({ positionals: [length = "", why = ""], options, out }) {
    const read = readDuration(length);
    if (!("value" in read)) {
      const isTurned = "value" in readDuration(why);
      const hint = isTurned
        ? `first how long, and what with --for: silence ${why} --for '${length}'`
        : read.hint;
      throw new UsageError(`${read.problem}: ${hint}`);
    }
    const args = { forMs: read.value, pattern: options.for, why, by: whoami() };
    const made = await ask<{ readonly id: string; readonly pattern: string }>("silence", args);
    if (out.wantsJson) out.json(made);
    else
      out.line(
        `${made.pattern} is silent for ${duration(read.value)}; to end it: notifier unsilence ${made.id}`,
      );
    return 0;
  },
};

export const silences: Command = {
  name: "silences",
  summary: "what is silent, and until when",
  async run({ out }) {
    const found = await ask<readonly (SilenceBrief & { readonly why: string })[]>("silences");
    if (out.wantsJson) out.json(found);
    else if (found.length === 0) out.line("nothing is silent");
    else {
      const rows = found.map((one) => [
        one.id,
        one.pattern,
        duration(one.leftMs),
        String(one.untold),
        one.by,
        one.why,
      ]);
      out.table(["ID", "PATTERN", "LEFT", "UNTOLD", "BY", "WHY"], rows);
    }
    return 0;
  },
};

export const unsilence: Command = {
  name: "unsilence",
  summary: "end a silence now; what was not told is summed up",
  positionals: "ID",
  arity: { from: 1, to: 1 },
  async run({ positionals: [id], out }) {
    const answer = await ask<unknown>("unsilence", { id });
    if (out.wantsJson) out.json(answer);
    else out.line(`${id} is over`);
    return 0;
  },
};

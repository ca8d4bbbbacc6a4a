/** notifier test: a letter that tells whether letters leave, and why not. */
import { setTimeout as pause } from "node:timers/promises";
import { type Command, type Output, UsageError } from "@systole/daemon";
import { explain } from "../shell/dialogue.js";
import { ask, type Brief, FOLDER_WORDS, type Found, type Outage, replies, type Status } from "./ask.js";
import { steps } from "./steps.js";

const POLL_MS = 200;

interface Progress extends Found {
  readonly outage: Outage | null;
}

const outageOf = ({ channels }: Status, channel: string): Outage | null =>
  channels.find((one) => one.channel === channel)?.outage ?? null;

/** Waits until the letter is settled, nobody could be reached since, or the time is over. */
async function follow(
  id: string,
  channel: string,
  failuresBefore: number,
  limitMs: number,
): Promise<Progress> {
  for (let left = limitMs; ; left -= POLL_MS) {
    const found = await ask<Found>("show", { id });
    const outage = outageOf(await ask<Status>("status"), channel);
    const failed = outage !== null && outage.failures > failuresBefore;
    const answered = found.letter.deliveries.every(({ attempts }) => attempts > 0);
    if (found.folder !== "cur" || failed || answered || left <= 0) return { ...found, outage };
    await pause(POLL_MS);
  }
}

export const test: Command = {
  name: "test",
  summary: "send a test letter and tell what the mail server says",
  positionals: "[ADDRESS]...",
  arity: { from: 0, to: 20 },
  options: {
    wait: { type: "string", value: "SECONDS", default: "60", help: "how long to wait for the answer" },
    webhook: { type: "string", value: "NAME", help: "not by mail, but to this webhook of notifier.ini" },
    verbose: { type: "boolean", short: "v", help: "every word that was said, also if all is well" },
  },
  async run({ positionals, options, out }) {
    const seconds = Number(options.wait);
    if (!(seconds >= 0 && seconds <= 3600))
      throw new UsageError(`--wait: "${String(options.wait)}" is not 0 to 3600`);
    const { webhook } = options;
    const channel = webhook === undefined ? "mail" : `webhook ${String(webhook)}`;
    const before = outageOf(await ask<Status>("status"), channel);
    const { id } = await ask<Brief>("test", {
      to: positionals,
      ...(webhook === undefined ? {} : { webhook }),
    });
    if (before !== null) await ask("flush"); // now, not when the outage's wait is over
    const progress = await follow(id, channel, before?.failures ?? 0, seconds * 1000);
    if (out.wantsJson) out.json(progress);
    else report(out, progress, options.verbose === true);
    return progress.folder === "done" ? 0 : 1;
  },
};

function report(out: Output, { folder, letter, outage, dialogue }: Progress, verbose: boolean): void {
  out.line(`${letter.id}: ${FOLDER_WORDS[folder]}`);
  for (const line of replies(letter.deliveries)) out.line(line);
  const problem = folder === "cur" && outage !== null ? outage.problem : undefined;
  const { channel = "mail" } = letter;
  if (problem !== undefined) out.line(`${channel === "mail" ? "mail servers" : channel}: ${problem}`);
  if (folder === "done" && !verbose) return;
  if (dialogue !== null && dialogue.length > 0) {
    out.line("\nWhat was said (C: notifierd, S: the server):");
    for (const line of steps(dialogue)) out.line(`  ${line}`);
  }
  if (folder === "done") return;
  const said = [problem, ...letter.deliveries.map(({ reply }) => reply)].filter((one) => one !== undefined);
  const why = explain(said.join("\n"));
  if (why !== undefined) out.line(`\nWhat it means: ${why}`);
}

#!/usr/bin/env node
/** notifier: asks notifierd about its letters. */
import { setTimeout as pause } from "node:timers/promises";
import { type Command, controlClient, controlPath, type Output, runCli } from "@systole/daemon";
import type { Delivery, Letter } from "../types.js";
import { VERSION } from "../version.js";

interface Brief {
  readonly id: string;
  readonly folder: "cur" | "failed" | "done";
  readonly createdAtMs: number;
  readonly subject: string;
  readonly deliveries: readonly Delivery[];
}

/** What notifierd answers is made by its `commands.ts`, of this same version; a test asks each verb. */
const ask = async <Answer>(verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  (await controlClient(controlPath("notifierd")).call(verb, args)) as Answer; // proof: the comment above

const FOLDER_WORDS = { cur: "waiting", failed: "failed", done: "delivered" } as const;

const stamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function listLetters(out: Output, letters: readonly Brief[]): void {
  if (out.wantsJson) {
    out.json(letters);
    return;
  }
  if (letters.length === 0) {
    out.line("no letters");
    return;
  }
  const rows = letters.flatMap(({ id, folder, createdAtMs, subject, deliveries }) =>
    deliveries.map(({ address, state, attempts }) => [
      ...[id, stamp(createdAtMs), `${address}: ${state}${folder === "cur" ? ` (${attempts} tries)` : ""}`],
      subject,
    ]),
  );
  out.table(["ID", "WRITTEN", "TO", "SUBJECT"], rows);
}

const replies = (deliveries: readonly Delivery[]): readonly string[] =>
  deliveries.map(
    ({ address, state, reply }) => `${address}: ${state}${reply === undefined ? "" : `: ${reply}`}`,
  );

const queue: Command = {
  name: "queue",
  summary: "the letters that wait or have failed",
  options: { all: { type: "boolean", short: "a", help: "also those that were delivered" } },
  async run({ options, out }) {
    listLetters(out, await ask<readonly Brief[]>("queue", { all: options.all === true }));
    return 0;
  },
};

const show: Command = {
  name: "show",
  summary: "one letter, and what became of it",
  positionals: "ID",
  arity: { from: 1, to: 1 },
  async run({ positionals: [id], out }) {
    const found = await ask<{ readonly folder: Brief["folder"]; readonly letter: Letter }>("show", { id });
    if (out.wantsJson) {
      out.json(found);
      return 0;
    }
    const { folder, letter } = found;
    out.line(`${FOLDER_WORDS[folder]}, written ${stamp(letter.createdAtMs)}, ${letter.severity}`);
    for (const line of replies(letter.deliveries)) out.line(line);
    out.line(`\nSubject: ${letter.subject}\nMessage-ID: ${letter.messageId}\n\n${letter.text}`);
    return 0;
  },
};

const retry: Command = {
  name: "retry",
  summary: "try a letter now, also one that has failed",
  positionals: "ID",
  arity: { from: 1, to: 1 },
  async run({ positionals: [id], out }) {
    const letter = await ask<Brief>("retry", { id });
    if (out.wantsJson) out.json(letter);
    else out.line(`${letter.id} is tried again`);
    return 0;
  },
};

const flush: Command = {
  name: "flush",
  summary: "try all letters now",
  async run({ out }) {
    const answer = await ask<{ readonly tried: number }>("flush");
    if (out.wantsJson) out.json(answer);
    else out.line(`${answer.tried} letters are tried again`);
    return 0;
  },
};

const status: Command = {
  name: "status",
  summary: "letters, mail servers, and the daemons it listens to",
  async run({ out }) {
    const answer = await ask<{
      readonly waiting: number;
      readonly failed: number;
      readonly outage: { readonly problem: string } | null;
      readonly sources: Readonly<Record<string, { readonly live: boolean }>>;
    }>("status");
    const { waiting, failed, outage, sources } = answer;
    if (out.wantsJson) out.json(answer);
    else {
      out.line(`${waiting} letters wait, ${failed} have failed`);
      out.line(outage === null ? "mail servers: no trouble" : `mail servers: ${outage.problem}`);
      for (const [source, { live }] of Object.entries(sources))
        out.line(`${source}: ${live ? "heard" : "silent"}`);
    }
    return outage === null && failed === 0 ? 0 : 1;
  },
};

const POLL_MS = 200;

interface Progress {
  readonly folder: Brief["folder"];
  readonly letter: Letter;
  readonly outage: Outage | null;
}

interface Outage {
  readonly failures: number;
  readonly problem: string;
}

/** Waits until the letter is settled, no mail server could be reached since, or the time is over. */
async function follow(id: string, failuresBefore: number, limitMs: number): Promise<Progress> {
  for (let left = limitMs; ; left -= POLL_MS) {
    const { folder, letter } = await ask<{ readonly folder: Brief["folder"]; readonly letter: Letter }>(
      "show",
      { id },
    );
    const { outage } = await ask<{ readonly outage: Outage | null }>("status");
    const failed = outage !== null && outage.failures > failuresBefore;
    const answered = letter.deliveries.every(({ attempts }) => attempts > 0);
    if (folder !== "cur" || failed || answered || left <= 0) return { folder, letter, outage };
    await pause(POLL_MS);
  }
}

const test: Command = {
  name: "test",
  summary: "send a test letter and tell what the mail server says",
  positionals: "[ADDRESS]...",
  arity: { from: 0, to: 20 },
  options: {
    wait: { type: "string", value: "SECONDS", default: "60", help: "how long to wait for the answer" },
  },
  async run({ positionals, options, out }) {
    const seconds = Number(options.wait);
    if (!(seconds >= 0 && seconds <= 3600))
      throw new Error(`--wait: "${String(options.wait)}" is not 0 to 3600`);
    const before = await ask<{ readonly outage: Outage | null }>("status");
    const { id } = await ask<Brief>("test", { to: positionals });
    if (before.outage !== null) await ask("flush"); // now, not when the outage's wait is over
    const { folder, letter, outage } = await follow(id, before.outage?.failures ?? 0, seconds * 1000);
    if (out.wantsJson) out.json({ folder, letter, outage });
    else {
      out.line(`${id}: ${FOLDER_WORDS[folder]}`);
      for (const line of replies(letter.deliveries)) out.line(line);
      if (folder === "cur" && outage !== null) out.line(`mail servers: ${outage.problem}`);
    }
    return folder === "done" ? 0 : 1;
  },
};

await runCli({
  name: "notifier",
  version: VERSION,
  summary: "asks notifierd about its letters",
  commands: [queue, show, test, retry, flush, status],
});

/** notifier queue, show, retry, flush, ack. */
import type { Command, Output } from "@systole/daemon";
import { ask, type Brief, FOLDER_WORDS, type Found, letters, replies, stamp, whoami } from "./ask.js";

const TRIED = new Set(["waiting", "delivered", "rejected", "expired"]);

function listLetters(out: Output, found: readonly Brief[]): void {
  if (out.wantsJson) {
    out.json(found);
    return;
  }
  if (found.length === 0) {
    out.line("no letters");
    return;
  }
  const rows = found.flatMap(({ id, folder, createdAtMs, subject, deliveries }) =>
    deliveries.map(({ address, state, attempts }) => {
      const tries = folder === "cur" && TRIED.has(state) ? ` (${attempts} tries)` : "";
      return [id, stamp(createdAtMs), `${address}: ${state}${tries}`, subject];
    }),
  );
  out.table(["ID", "WRITTEN", "TO", "SUBJECT"], rows);
}

export const queue: Command = {
  name: "queue",
  summary: "the letters that wait or have failed",
  options: { all: { type: "boolean", short: "a", help: "also those that were delivered" } },
  async run({ options, out }) {
    listLetters(out, await ask<readonly Brief[]>("queue", { all: options.all === true }));
    return 0;
  },
};

export const show: Command = {
  name: "show",
  summary: "one letter, and what became of it",
  positionals: "ID",
  arity: { from: 1, to: 1 },
  async run({ positionals: [id], out }) {
    const found = await ask<Found>("show", { id });
    if (out.wantsJson) {
      out.json(found);
      return 0;
    }
    const { folder, letter } = found;
    out.line(`${FOLDER_WORDS[folder]}, written ${stamp(letter.createdAtMs)}, ${letter.severity}`);
    for (const line of replies(letter.deliveries)) out.line(line);
    if (letter.acknowledged !== undefined) out.line(`acknowledged by ${letter.acknowledged.by}`);
    out.line(`\nSubject: ${letter.subject}\nMessage-ID: ${letter.messageId}\n\n${letter.text}`);
    return 0;
  },
};

export const retry: Command = {
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

export const flush: Command = {
  name: "flush",
  summary: "try all letters now, and send what is held back",
  async run({ out }) {
    const answer = await ask<{ readonly tried: number }>("flush");
    if (out.wantsJson) out.json(answer);
    else out.line(`${letters(answer.tried)} tried again`);
    return 0;
  },
};

export const ack: Command = {
  name: "ack",
  summary: "you take care of it: nobody else is woken",
  positionals: "ID",
  arity: { from: 1, to: 1 },
  async run({ positionals: [id], out }) {
    const letter = await ask<Brief>("ack", { id, by: whoami() });
    if (out.wantsJson) out.json(letter);
    else out.line(`acknowledged: ${letter.subject}`);
    return 0;
  },
};

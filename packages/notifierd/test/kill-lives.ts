/** Lives of notifierd that end by SIGKILL: what each is planned to be hit in, and what it was hit in. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../../daemon/test/bundle.js";
import { publisher } from "../../daemon/test/publisher.js";
import { serverDown } from "./event.js";
import { type SmtpServer, startSmtpServer } from "./smtp-server.js";
import { type Running, startNotifierd } from "./start-notifierd.js";

// Random instants and a steady stream are what this test is about: the one place with timers of its own.
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A sequence of numbers that look like chance and are the same each time. */
export function chance(seed: number): (below: number) => number {
  let state = seed + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** The mail server's, one for each life. */
export const MOODS = ["up", "down", "slow", "421", "451", "drop"] as const;
type Mood = (typeof MOODS)[number];

/** When a life ends: while it starts, after an event, at some command of a conversation, after some 250. */
export const PLANS = ["start", "event", "command", "250"] as const;

export interface Life extends Running {
  readonly startedAt: number;
  readyAt: number | undefined;
}

export interface Lives {
  readonly run: string;
  readonly smtp: SmtpServer;
  start(): Life;
  /** Milliseconds that the last start took which was not cut short. */
  startMs(): number;
  become(mood: Mood): Promise<void>;
  mood(): Mood;
  /** Every second one is a letter of its own, as emailalert writes them; the others are collected. */
  say(n: number, address: string): void;
  /** When the last of each happened, on the clock of `performance`. */
  readonly last: { said: number; command: number; "250": number };
  /** Resolves when this has happened so many more times. */
  after(what: "command" | "250" | "said", count: number): Promise<void>;
  /** Letters that the server kept without a word. */
  dropped(): number;
  close(): Promise<void>;
}

export async function openLives(): Promise<Lives> {
  const run = mkdtempSync(join(tmpdir(), "systole-kills-"));
  const program = await bundleProgram(fileURLToPath(new URL("../src/bin/notifierd.ts", import.meta.url)));
  const smtp = await startSmtpServer();
  const ldirectord = await publisher(run, "ldirectord", "lb2", "boot1");
  const last = { said: 0, command: 0, "250": 0 };
  let waiting: { readonly what: keyof typeof last; count: number; readonly resolve: () => void }[] = [];
  let startMs = 500;
  let mood: Mood = "up";
  let dropped = 0;

  function happened(what: keyof typeof last): void {
    last[what] = performance.now();
    for (const one of waiting) if (one.what === what && --one.count <= 0) one.resolve();
    waiting = waiting.filter(({ count }) => count > 0);
  }
  smtp.script.watch = happened;
  smtp.script.message = () => {
    if (mood === "drop") dropped += 1;
    return mood === "drop" ? "drop" : mood === "451" ? "451 4.3.0 later" : "250 taken";
  };
  writeFileSync(
    join(run, "notifier.ini"),
    `[notifier]\nsources = ldirectord\nspool = ${run}/spool\ngroup-wait = 1ms\nceiling = 0\naudit = ${run}/audit.jsonl\n` +
      `[smtp]\nserver = 127.0.0.1:${smtp.port}\n[recipient ops]\naddress = ops@example.org\n`,
  );

  return {
    ...{ run, smtp, last, mood: () => mood, startMs: () => startMs, dropped: () => dropped },
    start() {
      const startedAt = performance.now();
      const life: Life = { ...startNotifierd(program.file, run), startedAt, readyAt: undefined };
      life.ready.then(
        () => {
          life.readyAt = performance.now();
          startMs = life.readyAt - startedAt;
        },
        () => {}, // killed before
      );
      return life;
    },
    async become(changed) {
      smtp.script.greeting = changed === "421" ? "421 4.3.2 too busy" : "220 mail.test ESMTP";
      smtp.script.delayMs = changed === "slow" ? 40 : 0;
      if (changed === "down" && mood !== "down") await smtp.close();
      if (changed !== "down" && mood === "down") await smtp.reopen();
      mood = changed;
    },
    say(n, address) {
      const text = `real server ${address}`;
      const subject = `Quiescent real server: ${address}`;
      const alone = { kind: "letter" as const, to: ["ops@example.org"], subject, text };
      ldirectord.log.publish("warning", n % 2 === 0 ? alone : serverDown(n, address).fact);
      happened("said");
    },
    after: (what, count) => new Promise((resolve) => waiting.push({ what, count, resolve })),
    async close() {
      await Promise.all([smtp.close(), ldirectord.close()]);
      for (const directory of [program.directory, run]) rmSync(directory, { recursive: true, maxRetries: 5 });
    },
  };
}

/** Nothing of the kind for so long: it ends anyway. */
const PATIENCE_MS = 4000;

/** Resolves at the instant that the plan names, as far as it comes. */
export async function killAt(
  plan: (typeof PLANS)[number],
  life: Life,
  lives: Lives,
  next: (below: number) => number,
): Promise<void> {
  if (plan === "start") return await pause((lives.startMs() * next(110)) / 100);
  const silent = lives.mood() === "down" || lives.mood() === "421"; // no conversation in which to die
  const patience = life.ready.then(() => pause(silent ? next(1000) : PATIENCE_MS)).catch(() => {});
  const moments = {
    event: async () => {
      await life.ready.catch(() => {});
      await lives.after("said", 1);
      await pause(next(40));
    },
    command: async () => {
      await lives.after("command", 1 + next(40));
      await pause(next(8));
    },
    "250": async () => {
      await lives.after("250", 1 + next(5));
      await pause(next(12));
    },
  };
  await Promise.race([moments[plan](), patience, life.exited]);
}

/** How long after an event, and after a 250, its traces are still being written; generous for a busy disk. */
const WRITING_MS = 50;

/** What goes on in a life at this instant. */
export function hitOf({ readyAt }: Life, { last, smtp }: Lives): string {
  const now = performance.now();
  if (readyAt === undefined) return "in the start";
  if (last["250"] >= last.command && now - last["250"] < WRITING_MS) return "right after a 250";
  if (smtp.conversations() > 0) return "in a conversation";
  return now - last.said < WRITING_MS ? "right after an event" : "between them";
}

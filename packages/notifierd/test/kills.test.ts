/**
 * SIGKILL at random instants while events arrive and the mail server is in turn up, down, slow, answering 421 and 451
 * and hanging up behind the message.
 *
 * 12 kills and 240 events here; `npm run nightly` has 1,000 of each (SYSTOLE_KILLS), and another seed each time.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { controlClient } from "@systole/daemon";
import { expect, test } from "vitest";
import { bundleProgram } from "../../daemon/test/bundle.js";
import { publisher } from "../../daemon/test/publisher.js";
import { serverDown } from "./event.js";
import { header, type Mail, type SmtpServer, startSmtpServer } from "./smtp-server.js";
import { startNotifierd } from "./start-notifierd.js";

const kills = Number(process.env.SYSTOLE_KILLS ?? 12);
const events = Math.max(240, kills);
const seed = process.env.SYSTOLE_SEED === "random" ? Date.now() % 1_000_000 : 1;

// Random instants and a steady stream are what this test is about: the one place with timers of its own.
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A sequence of numbers that look like chance and are the same each time. */
function chance(): (below: number) => number {
  let state = seed + 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const MOODS = ["up", "down", "slow", "421", "451", "drop"] as const;

/** A mail server that changes its mood with each kill. Counts the letters that it kept and did not acknowledge. */
async function moodyServer() {
  const smtp = await startSmtpServer();
  let isUp = true;
  let dropped = 0;
  return {
    smtp,
    dropped: () => dropped,
    async become(mood: (typeof MOODS)[number]): Promise<void> {
      smtp.script.greeting = mood === "421" ? "421 4.3.2 too busy" : "220 mail.test ESMTP";
      smtp.script.delayMs = mood === "slow" ? 40 : 0;
      smtp.script.message = () => {
        if (mood === "drop") dropped += 1;
        return mood === "drop" ? "drop" : mood === "451" ? "451 4.3.0 later" : "250 taken";
      };
      if (mood === "down" && isUp) await smtp.close();
      if (mood !== "down" && !isUp) await smtp.reopen();
      isUp = mood !== "down";
    },
  };
}

const addressOf = (n: number) => `10.${Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${n % 250}:80`;

/** Letters by Message-ID. */
function byMessageId({ mails }: SmtpServer): ReadonlyMap<string, readonly Mail[]> {
  const found = new Map<string, Mail[]>();
  for (const mail of mails) {
    const id = header(mail, "Message-ID")!;
    found.set(id, [...(found.get(id) ?? []), mail]);
  }
  return found;
}

const told = (mail: Mail): ReadonlySet<string> =>
  new Set(mail.text.replaceAll("=\n", "").match(/(?<=real server )10\.\d+\.\d+\.\d+:80/g));

test(`killed ${kills} times while ${events} events arrive (seed ${seed})`, {
  timeout: 60_000 + kills * 20_000,
}, async () => {
  const next = chance();
  const run = mkdtempSync(join(tmpdir(), "systole-kills-"));
  const source = fileURLToPath(new URL("../src/bin/notifierd.ts", import.meta.url));
  const program = await bundleProgram(source);
  const server = await moodyServer();
  const { smtp } = server;
  const ldirectord = await publisher(run, "ldirectord", "lb2", "boot1");
  writeFileSync(
    join(run, "notifier.ini"),
    `[notifier]\nsources = ldirectord\nspool = ${run}/spool\ngroup-wait = 1ms\nceiling = 0\naudit = ${run}/audit.jsonl\n` +
      `[smtp]\nserver = 127.0.0.1:${smtp.port}\n[recipient ops]\naddress = ops@example.org\n`,
  );
  /** Every second one is a letter of its own, as emailalert writes them; the others are collected. */
  const say = (n: number) => {
    const subject = `Quiescent real server: ${addressOf(n)}`;
    const alone = {
      kind: "letter" as const,
      to: ["ops@example.org"],
      subject,
      text: `real server ${addressOf(n)}`,
    };
    ldirectord.log.publish("warning", n % 2 === 0 ? alone : serverDown(n, addressOf(n)).fact);
  };
  let said = 0;
  for (let kill = 0; kill < kills; kill++) {
    await server.become(MOODS[kill % MOODS.length]!);
    const { child, ready, exited } = startNotifierd(program.file, run);
    const due = Math.min(events, Math.ceil((events / kills) * (kill + 1))) - said;
    // Every fourth dies while it starts; the others while events come and letters go.
    const dies = next(4) === 0 ? pause(next(1500)) : ready.then(() => pause(next(200 + due * 15)));
    const over = Promise.race([dies.then(() => child.kill("SIGKILL")), exited]).then(() => true);
    await Promise.race([ready.catch(() => {}), over]);
    for (let n = 0; n < due; n++) {
      await Promise.race([over, pause(next(20))]); // what is said after the kill is told by the next one
      said += 1;
      say(said);
    }
    await over;
    await exited;
    if (kills > 50 && kill % 50 === 49)
      console.log(`${kill + 1} kills, ${said} events, ${smtp.mails.length} mails`);
  }
  await server.become("up");
  while (said < events) say(++said);
  const last = startNotifierd(program.file, run);
  await last.ready;
  const office = controlClient(join(run, "notifierd/control"), { limitMs: 60_000 });
  const isDone = async () => {
    // our own verb
    const status = (await office.call("status")) as {
      waiting: number;
      sources: { ldirectord: { cursor: { sequence: number } } };
    };
    const taken = status.sources.ldirectord.cursor.sequence === said;
    return taken && status.waiting === 0 && readdirSync(join(run, "spool/new")).length === 0;
  };
  while (!(await isDone())) {
    await office.call("flush");
    await pause(100);
  }
  last.child.kill("SIGKILL");
  await Promise.all([last.exited, smtp.close(), ldirectord.close()]);
  for (const directory of [program.directory, run]) rmSync(directory, { recursive: true, maxRetries: 5 });

  const letters = byMessageId(smtp);
  const lettersOf = new Map<string, number>();
  for (const [first] of letters.values())
    for (const one of told(first!)) lettersOf.set(one, (lettersOf.get(one) ?? 0) + 1);
  const names = Array.from({ length: events }, (_, index) => addressOf(index + 1));
  expect(names.filter((name) => !lettersOf.has(name))).toEqual([]); // every event is in a delivered letter
  expect(names.filter((name) => lettersOf.get(name) !== 1)).toEqual([]); // and in one only
  const repeats = [...letters.values()].filter((mails) => mails.length > 1);
  for (const mails of repeats) expect(new Set(mails.map((mail) => header(mail, "Subject"))).size).toBe(1);
  const duplicates = smtp.mails.length - letters.size;
  console.log(
    `${letters.size} letters, ${duplicates} repeats (${server.dropped()} by hanging up), ${kills} kills, seed ${seed}`,
  );
  expect(duplicates - server.dropped()).toBeLessThanOrEqual(kills);
});

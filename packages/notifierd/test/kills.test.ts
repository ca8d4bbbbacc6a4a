/**
 * SIGKILL at random instants while events arrive and the mail server is in turn up, down, slow, answering 421 and 451
 * and hanging up behind the message.
 *
 * The instants are spread over the start, the moments after an event, the conversation with the mail server and the
 * moments after its 250; what each kill really hit is counted.
 *
 * 12 kills and 240 events here; `npm run kills` (part of `npm run nightly`) has 1,000 of each and another seed each
 * time: SYSTOLE_KILLS, and SYSTOLE_SEED for one that is to come again.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { controlClient } from "@systole/daemon";
import { expect, test } from "vitest";
import { chance, hitOf, killAt, type Lives, MOODS, openLives, PLANS, pause } from "./kill-lives.js";
import { header, type Mail } from "./smtp-server.js";

const kills = Number(process.env.SYSTOLE_KILLS ?? 12);
const events = Math.max(240, kills);
const { SYSTOLE_SEED: asked = "1" } = process.env;
const seed = asked === "random" ? Date.now() % 1_000_000 : Number(asked);

const addressOf = (n: number) => `10.${Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${n % 250}:80`;

/** Letters by Message-ID. */
function byMessageId(mails: readonly Mail[]): ReadonlyMap<string, readonly Mail[]> {
  const found = new Map<string, Mail[]>();
  for (const mail of mails) {
    const id = header(mail, "Message-ID")!;
    found.set(id, [...(found.get(id) ?? []), mail]);
  }
  return found;
}

const told = (mail: Mail): ReadonlySet<string> =>
  new Set(mail.text.replaceAll("=\n", "").match(/(?<=real server )10\.\d+\.\d+\.\d+:80/g));

/** All that waits is sent now; answers when nothing is left. */
async function emptied({ run }: Lives, said: number): Promise<void> {
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
}

test(`killed ${kills} times while ${events} events arrive (seed ${seed})`, {
  timeout: 60_000 + kills * 20_000,
}, async () => {
  const next = chance(seed);
  const lives = await openLives();
  const { smtp } = lives;
  const hits = new Map<string, number>();
  let said = 0;
  for (let kill = 0; kill < kills; kill++) {
    await lives.become(MOODS[kill % MOODS.length]!);
    const life = lives.start();
    const due = Math.min(events, Math.ceil((events / kills) * (kill + 1))) - said;
    // Twelve in a row go through every mood with two plans, seventy-two with all of them.
    const plan = PLANS[(kill + Math.floor(kill / MOODS.length)) % PLANS.length]!;
    const over = killAt(plan, life, lives, next).then(() => {
      const hit = hitOf(life, lives);
      hits.set(hit, (hits.get(hit) ?? 0) + 1);
      life.child.kill("SIGKILL");
    });
    await Promise.race([life.ready.catch(() => {}), over]);
    for (let n = 0; n < due; n++) {
      await Promise.race([over, pause(next(20))]); // what is said after the kill is told by the next one
      lives.say(++said, addressOf(said));
    }
    await over;
    await life.exited;
    if (kills > 50 && kill % 50 === 49)
      console.log(`${kill + 1} kills, ${said} events, ${smtp.mails.length} mails`);
  }
  await lives.become("up");
  while (said < events) lives.say(++said, addressOf(said));
  const last = lives.start();
  await last.ready;
  await emptied(lives, said);
  last.child.kill("SIGKILL");
  await last.exited;
  await lives.close();

  const letters = byMessageId(smtp.mails);
  const lettersOf = new Map<string, number>();
  for (const [first] of letters.values())
    for (const one of told(first!)) lettersOf.set(one, (lettersOf.get(one) ?? 0) + 1);
  const duplicates = smtp.mails.length - letters.size;
  console.log(
    `${kills} kills, seed ${seed}: ${[...hits].map(([what, count]) => `${count} ${what}`).join(", ")}\n` +
      `${letters.size} letters, ${duplicates} repeats, at most ${lives.dropped()} of them because the server hung up`,
  );
  const names = Array.from({ length: events }, (_, index) => addressOf(index + 1));
  expect(names.filter((name) => !lettersOf.has(name))).toEqual([]); // every event is in a delivered letter
  expect(names.filter((name) => lettersOf.get(name) !== 1)).toEqual([]); // and in one only
  for (const mails of letters.values())
    expect(new Set(mails.map((mail) => header(mail, "Subject"))).size).toBe(1); // one Message-ID, one letter
  expect(duplicates).toBeLessThanOrEqual(kills);
  const where = ["in the start", "in a conversation", "right after a 250"].map((what) => hits.get(what) ?? 0);
  // A few kills may miss; of many, each place has its share.
  if (kills < 100) expect(where[1]! + where[2]!).toBeGreaterThan(0);
  else {
    for (const count of where) expect(count).toBeGreaterThan(kills / 20);
    expect(duplicates - lives.dropped()).toBeGreaterThan(0); // some came between the 250 and our record
  }
});

import { type ChildProcess, execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Fact } from "@systole/bus";
import { controlClient } from "@systole/daemon";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

// Programs start and stop here: a second each, or ten on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

import { bundleProgram } from "../../daemon/test/bundle.js";
import { type Publisher, publisher } from "../../daemon/test/publisher.js";
import { alive, dead, finished, mailTo, serverDown, serverUp, started } from "./event.js";
import { header, type SmtpServer, startSmtpServer } from "./smtp-server.js";
import { type Running, startNotifierd } from "./start-notifierd.js";

type Bundle = Awaited<ReturnType<typeof bundleProgram>>;
let daemonProgram: Bundle;
let clientProgram: Bundle;
let run: string;
let smtp: SmtpServer;
let heartbeat: Publisher;
const children = new Set<ChildProcess>();

const source = (name: string) => fileURLToPath(new URL(`../src/bin/${name}.ts`, import.meta.url));

beforeAll(async () => {
  [daemonProgram, clientProgram] = await Promise.all([
    bundleProgram(source("notifierd")),
    bundleProgram(source("notifier")),
  ]);
});
afterAll(() => {
  for (const { directory } of [daemonProgram, clientProgram]) rmSync(directory, { recursive: true });
});

beforeEach(async () => {
  run = mkdtempSync(join(tmpdir(), "systole-notifierd-"));
  smtp = await startSmtpServer();
  heartbeat = await publisher(run, "heartbeat", "lb2", "boot1");
  configure({});
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await Promise.all([smtp.close(), heartbeat.close()]);
  rmSync(run, { recursive: true, maxRetries: 5 });
});

function configure({ groupWait = "100ms" }: { groupWait?: string }): void {
  writeFileSync(
    join(run, "notifier.ini"),
    [
      `[notifier]\nsources = heartbeat\nspool = ${run}/spool\ngroup-wait = ${groupWait}\nceiling = 0\naudit = ${run}/audit.jsonl`,
      `[smtp]\nserver = 127.0.0.1:${smtp.port}\nfrom = systole@example.org`,
      "[recipient ops]\naddress = ops@example.org\n",
    ].join("\n"),
  );
}

function start(): Running {
  const running = startNotifierd(daemonProgram.file, run);
  children.add(running.child);
  return running;
}

/** The machine may be busy with other tests. */
const office = () => controlClient(join(run, "notifierd/control"), { limitMs: 60_000 });
const say = (fact: Fact) => heartbeat.log.publish(fact.kind === "node.dead" ? "critical" : "info", fact);
const subjects = () => smtp.mails.map((mail) => header(mail, "Subject"));

/** Asks for the status until it is so. */
async function untilStatus(what: (status: Record<string, unknown>) => boolean): Promise<void> {
  for (;;) {
    const status = await office().call("status");
    if (what(status as Record<string, unknown>)) return; // our own verb answers with an object
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a failover", () => {
  test("is one letter, and the recovery answers it", async () => {
    await start().ready;
    for (const { fact } of [dead(1), started(2), finished(3), mailTo(4)]) say(fact);
    await smtp.received(1);
    say(alive(5).fact);
    await smtp.received(2);
    expect(subjects()).toEqual([
      "[critical] lb2: took over lb1 in 1.3 s: lb1 is dead (and 1 more)",
      "[notice] lb2: lb1 is alive again, after death",
    ]);
    expect(header(smtp.mails[1]!, "In-Reply-To")).toBe(header(smtp.mails[0]!, "Message-ID"));
  });

  test("while notifierd is away is told when it is back, also over a restart of its own thread", async () => {
    const first = start();
    await first.ready;
    say(serverDown(1).fact);
    await smtp.received(1);
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    say(serverUp(2).fact);
    await start().ready;
    await smtp.received(2);
    expect(header(smtp.mails[1]!, "In-Reply-To")).toBe(header(smtp.mails[0]!, "Message-ID"));
  });

  test("of which more is lost than the publisher keeps says how much", async () => {
    const first = start();
    await first.ready;
    say(serverDown(1).fact);
    await smtp.received(1);
    first.child.kill("SIGTERM");
    await first.exited;
    for (let i = 0; i < 1100; i++) say({ kind: "config.loaded", file: "ha.cf" });
    say(dead(2).fact);
    await start().ready;
    await smtp.received(2);
    expect(smtp.mails[1]!.text).toContain("77 events of heartbeat are lost");
  });
});

describe("the mail server", () => {
  test("down, then up: every letter arrives, in order", async () => {
    await smtp.close();
    configure({ groupWait: "1ms" });
    await start().ready;
    for (let i = 1; i <= 3; i++) {
      say(serverDown(i, `10.0.0.${i}:80`).fact);
      await untilStatus(({ waiting }) => waiting === i);
    }
    await untilStatus(({ outage }) => outage !== null);
    await smtp.reopen();
    await office().call("flush");
    await smtp.received(3);
    expect(subjects().map((subject) => /10\.0\.0\.\d/.exec(subject!)?.[0])).toEqual([
      "10.0.0.1",
      "10.0.0.2",
      "10.0.0.3",
    ]);
  });

  test("that hangs up after the message gets it again, with the same Message-ID", async () => {
    let drops = 2;
    smtp.script.message = () => (drops-- > 0 ? "drop" : "250 taken");
    await start().ready;
    say(dead(1).fact);
    for (let count = 1; count <= 3; count++) {
      await smtp.received(count);
      if (count < 3) await untilStatus(({ outage }) => outage !== null);
      await office().call("flush");
    }
    await untilStatus(({ waiting }) => waiting === 0);
    expect(new Set(smtp.mails.map((mail) => header(mail, "Message-ID"))).size).toBe(1);
    expect(smtp.mails).toHaveLength(3);
  });

  test("that refuses for good: the letter fails loudly and is kept, retry sends it", async () => {
    smtp.script.rcpt = () => "550 5.1.1 no such user";
    const { ready, stderr } = start();
    await ready;
    say(dead(1).fact);
    await untilStatus(({ failed }) => failed === 1);
    expect(stderr()).toContain("gave up on mail to ops@example.org");
    const [{ id }] = (await office().call("queue")) as [{ id: string }]; // our own verb, one letter
    delete smtp.script.rcpt;
    await office().call("retry", { id });
    await smtp.received(1);
    await untilStatus(({ failed, waiting }) => failed === 0 && waiting === 0);
  });
});

describe("the program notifier", () => {
  const notifier = async (...args: string[]) => {
    const env = { ...process.env, SYSTOLE_RUN: run };
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [clientProgram.file, ...args], { env });
      return { code: 0, text: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }; // what execFile rejects with
      return { code, text: `${stdout}${stderr}` };
    }
  };

  test("test tells what the server says, both ways", { timeout: 120_000 }, async () => {
    await start().ready;
    const good = await notifier("test");
    expect(good).toMatchObject({ code: 0, text: expect.stringContaining("ops@example.org: delivered: 250") });
    smtp.script.rcpt = () => "550 5.1.1 no such user";
    const bad = await notifier("test", "x@example.org");
    expect(bad).toMatchObject({
      code: 1,
      text: expect.stringContaining("x@example.org: rejected: 550 5.1.1"),
    });
    expect((await notifier("queue")).text).toMatch(/x@example\.org: rejected +lb2|x@example\.org: rejected/);
    expect((await notifier("test", "not an address")).text).toContain(
      '"not an address" is not a mail address',
    );
  });

  test("test explains each step of a conversation that failed", async () => {
    smtp.script.message = () => "451 4.3.0 try again later";
    await start().ready;
    const { code, text } = await notifier("test", "--wait", "30");
    expect(code).toBe(1);
    const said = text.slice(text.indexOf("What was said")).split("\n");
    for (const line of [
      /^ {2}S: 220 .* {3}<- it is ready$/,
      /^ {2}C: EHLO .* {3}<- we say who we are, it says what it can$/,
      /^ {2}C: MAIL FROM:<systole@example\.org>.* {3}<- who sends it$/,
      /^ {2}C: RCPT TO:<ops@example\.org> {3}<- who shall have it$/,
      /^ {2}S: 354 .* {3}<- it waits for the letter$/,
      /^ {2}S: 451 4\.3\.0 try again later {3}<- the server says later; the letter waits and is tried again$/,
    ])
      expect(said).toContainEqual(expect.stringMatching(line));
  });

  test("queue, show, ack, status, flush, retry: what they say, and what it means for a script", async () => {
    await start().ready;
    say(dead(1).fact);
    await smtp.received(1);
    await untilStatus(({ waiting }) => waiting === 0);
    expect(await notifier("queue")).toEqual({ code: 0, text: "no letters\n" });
    const listed = await notifier("queue", "--all");
    expect(listed.text).toMatch(
      /^ID +WRITTEN +TO +SUBJECT\n\S+ +\S+Z +ops@example\.org: delivered +\[critical\] lb2: /,
    );
    const id = /^(\d{14}\S+)/m.exec(listed.text)![1]!;
    expect((await notifier("ack", id)).text).toMatch(/^acknowledged: \[critical\] lb2: lb1 is dead/);
    expect((await notifier("show", id)).text).toMatch(
      /^delivered, written \S+Z, critical\nops@example\.org: delivered: 250/,
    );
    expect(await notifier("status")).toMatchObject({
      code: 0,
      text: expect.stringContaining("mail servers: no trouble"),
    });

    await smtp.close();
    say(alive(2).fact);
    await untilStatus(({ outage }) => outage !== null);
    expect(await notifier("status")).toMatchObject({
      code: 1,
      text: expect.stringMatching(/^1 letter is waiting, 0 failed\nmail: 127\.0\.0\.1:\d+: .*ECONNREFUSED/),
    });
    expect((await notifier("flush")).text).toBe("1 letter is tried again\n");
    await smtp.reopen();
    const [{ id: second }] = JSON.parse((await notifier("queue", "--json")).text);
    expect((await notifier("retry", second)).text).toBe(`${second} is tried again\n`);
    await smtp.received(2);
  });

  test("wrong words: exit code 2 for the command line, 1 for what is not there, and what is right", async () => {
    await start().ready;
    const cases: readonly { words: readonly string[]; code: number; says: string }[] = [
      { words: [], code: 2, says: "notifier: which command?" },
      { words: ["quue"], code: 2, says: 'no command "quue", did you mean "queue"?' },
      { words: ["queue", "extra"], code: 2, says: 'too much: "extra"' },
      { words: ["queue", "--foo"], code: 2, says: "Unknown option '--foo'" },
      { words: ["show"], code: 2, says: "show needs ID" },
      { words: ["show", "x"], code: 1, says: "no letter x" },
      { words: ["retry", "x"], code: 1, says: "no letter x waits or has failed" },
      { words: ["ack", "x"], code: 1, says: "no letter x waits or was delivered" },
      { words: ["silence", "10x"], code: 2, says: '"10x" is not a duration: write 2s, 500ms, 5m, 1h or 5d' },
      {
        words: ["silence", "10.0.0.*", "2h"],
        code: 2,
        says: `"10.0.0.*" is not a duration: first how long, and what with --for: silence 2h --for '10.0.0.*'`,
      },
      { words: ["unsilence", "x"], code: 1, says: "no silence x" },
      { words: ["test", "--wait", "abc"], code: 2, says: '--wait: "abc" is not 0 to 3600' },
      { words: ["test", "--webhook", "chat"], code: 1, says: "no [webhook chat] in notifier.ini" },
    ];
    for (const { words, code, says } of cases)
      expect(await notifier(...words)).toEqual({ code, text: expect.stringContaining(says) });
  });

  test("without notifierd says so", async () => {
    expect(await notifier("queue")).toMatchObject({
      code: 1,
      text: expect.stringContaining("nobody answers there"),
    });
  });
});

test("a broken configuration at reload changes nothing", async () => {
  const { ready } = start();
  await ready;
  writeFileSync(join(run, "notifier.ini"), "[notifer]\n");
  await expect(office().call("reload")).rejects.toThrow("no section [notifer]");
  say(dead(1).fact);
  await smtp.received(1);
});

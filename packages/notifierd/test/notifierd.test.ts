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

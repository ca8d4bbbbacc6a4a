/** Letters and reminders: to whom, in which words, when again, and by which way they leave. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventLog } from "@systole/bus";
import type { Logger } from "@systole/daemon";
import { milliseconds, seconds, systemClock } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseLdirectordCf } from "../src/config/ldirectord-cf.js";
import { createLetters, type Letter } from "../src/shell/letters.js";
import { createMailCarrier } from "../src/shell/mail-carrier.js";
import { testSurroundings } from "./names.js";

const parse = (text: string) => parseLdirectordCf({ path: "ldirectord.cf", text }, testSurroundings).value!;
const CONFIG = (more = "", section = "") => `emailalert="ops@example.test, web@example.test"\n${more}
virtual=198.51.100.10:80\n\treal=192.0.2.21:80 gate 5\n${section}`;

function letterBox(text: string) {
  const clock = fakeClock();
  const sent: { readonly letter: Letter; readonly smtp: unknown }[] = [];
  const byHand = new Set<string>();
  const letters = createLetters({
    ...{ clock, node: "lb1", logLine: () => {} },
    send: (letter, smtp) => void sent.push({ letter, smtp }),
    isByHand: (_service, real) => byHand.has(real),
  });
  const config = parse(text);
  letters.configure(config);
  letters.state("running");
  const [service] = config.director.services;
  const [real] = service!.reals;
  const change = { type: "remove-real", id: service!.virtual.id, real: real!.endpoint } as const;
  const move = (up: boolean) =>
    letters.changed(
      { change, service: service!, purpose: { kind: "real", real: real!, up } },
      up ? "back" : "out",
    );
  const subjects = () => sent.map(({ letter }) => letter.subject);
  return { clock, letters, sent, byHand, move, subjects };
}

test("a letter: every recipient, the service's name and comment, the server that the file names", () => {
  const box = letterBox(CONFIG("smtp=mail.example.test:2525\n", "\tservicename=Shop\n\tcomment=call Bob\n"));
  box.move(false);
  expect(box.sent).toEqual([
    {
      letter: {
        to: ["ops@example.test", "web@example.test"],
        subject: "[Shop] out",
        text: "ldirectord host: lb1\nLog-Message: [Shop] out\nDaemon-Status: running\n\nService name: Shop\nComment: call Bob\n",
      },
      smtp: { host: "mail.example.test", port: 2525 },
    },
  ]);
});

test("reminders: each period while it is out, not before, not when it is back, not of what somebody took out", () => {
  const box = letterBox(CONFIG("emailalertfreq=60\n"));
  const again = "Inaccessible real server: 192.0.2.21:80 (198.51.100.10:80)";
  box.move(false);
  box.clock.advance(seconds(59.9));
  expect(box.subjects()).toEqual(["out"]);
  box.clock.advance(milliseconds(100));
  expect(box.subjects()).toEqual(["out", again]);
  box.clock.advance(seconds(60));
  expect(box.subjects()).toEqual(["out", again, again]);
  box.byHand.add("192.0.2.21:80");
  box.clock.advance(seconds(60));
  box.byHand.clear();
  box.move(true);
  box.clock.advance(seconds(600));
  expect(box.subjects()).toEqual(["out", again, again, "back"]);
});

test("a reload keeps the period, takes another one, and forgets what is no longer there", () => {
  const box = letterBox(CONFIG("emailalertfreq=60\n"));
  box.move(false);
  box.clock.advance(seconds(50));
  box.letters.configure(parse(CONFIG("emailalertfreq=60\n")));
  box.clock.advance(seconds(10));
  expect(box.subjects()).toHaveLength(2);
  box.letters.configure(parse(CONFIG("", "\temailalertfreq=600\n")));
  box.clock.advance(seconds(200));
  expect(box.subjects()).toHaveLength(2);
  box.letters.configure(parse("virtual=198.51.100.11:80\n\treal=192.0.2.21:80 gate\n"));
  box.clock.advance(seconds(6000));
  expect(box.subjects()).toHaveLength(2);
});

test("a mail that emailalertstatus leaves out starts the period, too", () => {
  const box = letterBox(CONFIG("emailalertfreq=60\nemailalertstatus=running\n"));
  box.letters.state("starting");
  box.move(false);
  box.letters.state("running");
  box.clock.advance(seconds(61));
  expect(box.subjects()).toEqual(["Inaccessible real server: 192.0.2.21:80 (198.51.100.10:80)"]);
});

let directory: string;
const servers: Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "letters-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
  rmSync(directory, { recursive: true });
});

/** A mail server that keeps what it hears. */
async function mailServer(refuse = "") {
  const heard: string[] = [];
  const server = createServer((socket) => {
    let data = false;
    socket.on("error", () => {});
    socket.write("220 mail\r\n");
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().split("\r\n").filter(Boolean)) {
        heard.push(line);
        if (data && line !== ".") continue;
        data = line === "DATA";
        const bad = refuse !== "" && line.includes(refuse);
        socket.write(bad ? "550 nobody\r\n" : data ? "354 go on\r\n" : "250 ok\r\n");
        if (line === "QUIT") socket.end();
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { heard, smtp: { host: "127.0.0.1", port: address.port } };
}

function carrier(heard: boolean, sendmailPaths: readonly string[] = []) {
  const clock = systemClock();
  const events = eventLog({
    boot: "b",
    node: "lb1",
    daemon: "ldirectord",
    wallClock: () => 0,
    monotonicMs: () => 0,
  });
  const lines: string[] = [];
  const line = (_fields: object, text: string) => void lines.push(text);
  // The part under test uses no more of a logger than this.
  const log = { error: line, info: line } as unknown as Logger;
  const world = { isHeard: async () => heard, sendmailPaths };
  const made = createMailCarrier({
    events,
    log,
    clock,
    node: "lb1.example.test",
    daemon: "ldirectord",
    world,
  });
  const published = () => events.since("b", 0).events.map(({ fact }) => fact.kind);
  return { ...made, lines, published, events };
}

const letter: Letter = {
  to: ["ops@example.test", "web@example.test"],
  from: '"LVS" <lvs@example.test>',
  subject: "Deleted real server: 192.0.2.21:80 (198.51.100.10:80)",
  text: "ldirectord host: lb1\n",
};

test("where notifierd listens, the letter is a fact and nothing else", async () => {
  const { heard, smtp } = await mailServer();
  const one = carrier(true);
  one.send(letter, smtp);
  await one.idle(5000);
  expect([one.published(), heard]).toEqual([["letter"], []]);
  expect(one.events.since("b", 0).events[0]!.fact).toEqual({
    ...{
      kind: "letter",
      to: letter.to,
      from: "lvs@example.test",
      subject: letter.subject,
      text: letter.text,
    },
    via: `127.0.0.1:${smtp.port}`, // smtp= of the file is asked first
  });
});

test("by SMTP: one RCPT for each address, the envelope of emailalertfrom, the headers that mail must have", async () => {
  const { heard, smtp } = await mailServer();
  const one = carrier(false);
  one.send(letter, smtp);
  await one.idle(5000);
  expect(heard.filter((line) => /^(?:EHLO|MAIL|RCPT|From:|To:|Subject:)/.test(line))).toEqual([
    "EHLO lb1.example.test",
    "MAIL FROM:<lvs@example.test>",
    "RCPT TO:<ops@example.test>",
    "RCPT TO:<web@example.test>",
    expect.stringMatching(/^From: "?LVS"? <lvs@example\.test>$/),
    "To: ops@example.test, web@example.test",
    expect.stringMatching(/^Subject: Deleted real server: 192\.0\.2\.21:80/),
  ]);
  for (const header of ["Date:", "Message-ID:", "MIME-Version: 1.0"])
    expect(heard.some((line) => line.startsWith(header))).toBe(true);
  expect([one.published(), one.lines]).toEqual([[], []]);
});

test.each([
  { name: "one recipient is refused", refuse: "RCPT TO:<web" },
  { name: "the sender is refused", refuse: "MAIL FROM" },
])("$name: said in the log, and left on the bus for notifierd", async ({ refuse }) => {
  const { smtp } = await mailServer(refuse);
  const one = carrier(false);
  one.send(letter, smtp);
  await one.idle(5000);
  expect(one.lines).toEqual([expect.stringMatching(/^failed to send SMTP email message: /)]);
  expect(one.published()).toEqual(["letter"]);
});

test("without smtp by sendmail -t, with its arguments and the whole message; without one, said", async () => {
  const [program, kept] = [join(directory, "sendmail"), join(directory, "mail")];
  writeFileSync(program, `#!/bin/sh\n{ echo "$@"; cat; } >${kept}.part && mv ${kept}.part ${kept}\n`);
  chmodSync(program, 0o755);
  const one = carrier(false, [join(directory, "missing"), program]);
  one.send(letter, undefined);
  await one.idle(5000);
  expect(existsSync(kept)).toBe(true);
  const [words, ...mail] = readFileSync(kept, "utf8").split(/\r?\n/);
  expect(words).toBe("-t");
  expect(mail).toContain("To: ops@example.test, web@example.test");
  expect(mail).toContain("ldirectord host: lb1");
  const none = carrier(false, [join(directory, "missing")]);
  none.send(letter, undefined);
  await none.idle(5000);
  expect(none.lines).toEqual([expect.stringMatching(/^failed to send email message: there is no /)]);
  expect(none.published()).toEqual(["letter"]);
});

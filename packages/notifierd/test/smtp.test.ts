import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { milliseconds, seconds, systemClock } from "@systole/machine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SmtpSettings } from "../src/config/settings.js";
import { isMailAddress } from "../src/config/values.js";
import { compose } from "../src/core/letter.js";
import { deliver } from "../src/shell/smtp.js";
import type { ClusterEvent, Letter } from "../src/types.js";
import { event, serverDown } from "./event.js";
import { CERTIFICATE, header, type SmtpServer, startSmtpServer } from "./smtp-server.js";

let server: SmtpServer;
let directory: string;
beforeEach(async () => {
  server = await startSmtpServer();
  directory = mkdtempSync(join(tmpdir(), "systole-smtp-"));
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const settings = (over: Partial<SmtpSettings> = {}): SmtpSettings => ({
  sendmail: undefined,
  dsn: false,
  servers: [{ host: "127.0.0.1", port: server.port }],
  from: undefined,
  tls: "opportunistic",
  verify: false,
  caFile: undefined,
  tlsName: undefined,
  user: undefined,
  passwordFile: undefined,
  timeout: seconds(2),
  ...over,
});

const letter = (over: Partial<Letter> = {}): Letter => ({
  schemaVersion: 1,
  id: "1",
  createdAtMs: Date.UTC(2026, 10, 20, 12, 0, 1),
  messageId: "<lb2.heartbeat.b1.7@systole.lb2>",
  from: "systole@example.org",
  subject: "lb2: lb1 is dead: silent for 10.0 s",
  text: "first\n.\n..dots\n",
  ...{ severity: "critical", node: "lb2", opens: [], closes: [], events: ["lb2.heartbeat.b1.7"] },
  deliveries: ["ops@example.org", "boss@example.org"].map((address) => ({
    ...{ address, state: "waiting", attempts: 0 },
  })),
  ...over,
});

const to = ["ops@example.org", "boss@example.org"];
const send = (over: Partial<SmtpSettings> = {}, what = letter()) =>
  deliver(what, to, settings(over), { localName: "lb2.test", clock: systemClock() });

describe("a letter on the wire", () => {
  test("has its headers, its text, dots and all", async () => {
    await send({}, letter({ inReplyTo: "<first@systole.lb2>" }));
    const mail = server.mails[0]!;
    expect(mail).toMatchObject({ from: "systole@example.org", to });
    expect(
      Object.fromEntries(
        ["Message-ID", "In-Reply-To", "References"].map((name) => [name, header(mail, name)]),
      ),
    ).toEqual({
      "Message-ID": "<lb2.heartbeat.b1.7@systole.lb2>",
      "In-Reply-To": "<first@systole.lb2>",
      References: "<first@systole.lb2>",
    });
    expect(header(mail, "Date")).toBe("Fri, 20 Nov 2026 12:00:01 +0000");
    expect(header(mail, "Auto-Submitted")).toBe("auto-generated");
    expect(header(mail, "X-Systole-Severity")).toBe("critical");
    expect(header(mail, "Subject")).toBe("lb2: lb1 is dead: silent for 10.0 s");
    expect(mail.text.split("\n\n")[2]).toMatch(/^first\n\.\n\.\.dots/);
    expect(mail.text).toMatch(/^Content-Type: text\/html; charset=utf-8$/m);
    expect(server.commands[0]).toBe("EHLO lb2.test");
  });

  test("with words from elsewhere in its subject has one Subject line and no other header", async () => {
    await send({}, letter({ subject: "real server Ünï\r\nBcc: all@example.org\r\n\r\nhello" }));
    const head = server.mails[0]!.text.split("\n\n")[0]!;
    expect(head).not.toMatch(/^Bcc:/im);
    expect(head.match(/^Subject:/gim)).toHaveLength(1);
    expect(header(server.mails[0]!, "Subject")).toMatch(/^=\?UTF-8\?/);
  });
});

describe("what the server says", () => {
  test.each([
    { name: "550 for one: only that one is refused", rcpt: "550 5.1.1 no such user", verdict: "never" },
    { name: "451 for one: only that one comes later", rcpt: "451 4.7.1 greylisted", verdict: "later" },
  ])("$name", async ({ rcpt, verdict }) => {
    server.script.rcpt = (address) => (address === to[1] ? rcpt : "250 ok");
    expect(await send()).toMatchObject({
      type: "answered",
      answers: [
        { address: to[0], verdict: "delivered" },
        { address: to[1], verdict, reply: rcpt },
      ],
    });
    expect(server.mails[0]!.to).toEqual([to[0]]);
  });

  test("everybody refused, each in another way", async () => {
    server.script.rcpt = (address) => (address === to[0] ? "452 later" : "550 never");
    expect(await send()).toMatchObject({
      answers: [
        { address: to[0], verdict: "later" },
        { address: to[1], verdict: "never" },
      ],
    });
  });

  test.each([
    { name: "554 at the end of the message is for good", message: "554 5.7.1 spam", verdict: "never" },
    { name: "452 at the end of the message is for now", message: "452 4.3.1 disk full", verdict: "later" },
  ])("$name", async ({ message, verdict }) => {
    server.script.message = () => message;
    expect(await send()).toMatchObject({ type: "answered", answers: [{ verdict }, { verdict }] });
  });

  test.each([
    { name: "421 in the greeting", script: { greeting: "421 busy" } },
    { name: "554 in the greeting", script: { greeting: "554 go away" } },
    { name: "hanging up after the message", script: { message: () => "drop" } },
  ])("$name is the server's trouble, not the letter's", async ({ script }) => {
    Object.assign(server.script, script);
    expect(await send()).toMatchObject({ type: "unreachable", alarm: false });
  });
});

test("a server that never comes to an end is left after ten times the limit of an answer", async () => {
  server.script.message = () => `250-${"more\r\n250-".repeat(3)}`; // a reply that goes on and on
  const drip = setInterval(() => server.say("250-and on\r\n"), 20);
  const outcome = await send({ timeout: milliseconds(400) });
  clearInterval(drip);
  expect(outcome).toMatchObject({
    type: "unreachable",
    problem: expect.stringContaining("the conversation took over 4000 ms"),
  });
});

describe("several servers", () => {
  test("the next is asked where the first does not answer", async () => {
    const servers = [{ host: "127.0.0.1", port: 1 }, ...settings().servers];
    expect(await send({ servers })).toMatchObject({ type: "answered", server: `127.0.0.1:${server.port}` });
  });

  test("none: each is named", async () => {
    const servers = [1, 2].map((port) => ({ host: "127.0.0.1", port }));
    const outcome = await send({ servers });
    expect(outcome).toMatchObject({
      type: "unreachable",
      problem: expect.stringMatching(/:1: .*; 127.0.0.1:2: /),
    });
  });
});

describe("TLS", () => {
  test("opportunistic takes what is offered", async () => {
    server.script.starttls = true;
    expect(await send()).toMatchObject({ type: "answered", tls: true });
    expect(server.mails[0]!.tls).toBe(true);
  });

  test("opportunistic does without where nothing is offered", async () => {
    expect(await send()).toMatchObject({ type: "answered", tls: false });
  });

  test("required is not sent in clear", async () => {
    expect(await send({ tls: "required" })).toMatchObject({ type: "unreachable", alarm: true });
    expect(server.mails).toHaveLength(0);
  });

  test.each([
    { name: "a certificate nobody vouches for", caFile: undefined, tlsName: "mail.test" },
    { name: "a certificate for another name", caFile: CERTIFICATE, tlsName: "other.test" },
  ])("that fails for $name is an alarm, and nothing is sent", async ({ caFile, tlsName }) => {
    server.script.starttls = true;
    const outcome = await send({ tls: "required", verify: true, caFile, tlsName });
    expect(outcome).toMatchObject({ type: "unreachable", alarm: true });
    expect(server.mails).toHaveLength(0);
  });

  test("with the right authority and name is sent", async () => {
    server.script.starttls = true;
    const outcome = await send({ tls: "required", verify: true, caFile: CERTIFICATE, tlsName: "mail.test" });
    expect(outcome).toMatchObject({ type: "answered", tls: true });
  });
});

describe("login", () => {
  const login = { user: "ha", pass: "s3cret" };
  const strict = { tls: "required", user: "ha" } as const;

  function password(text: string, mode = 0o600): string {
    const file = join(directory, "password");
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  }

  test("with the password of the file", async () => {
    Object.assign(server.script, { starttls: true, login });
    await send({ ...strict, passwordFile: password("s3cret\n") });
    expect(server.mails[0]).toMatchObject({ user: "ha", tls: true });
  });

  test.each([
    { name: "the wrong one is an alarm", text: "other", mode: 0o600, says: /535/ },
    { name: "a file that others can read is an alarm", text: "s3cret", mode: 0o644, says: /chmod 0600/ },
  ])("$name, and the letter waits", async ({ text, mode, says }) => {
    Object.assign(server.script, { starttls: true, login });
    const outcome = await send({ ...strict, passwordFile: password(text, mode) });
    expect(outcome).toMatchObject({ type: "unreachable", alarm: true, problem: expect.stringMatching(says) });
    expect(JSON.stringify(outcome)).not.toContain("s3cret");
  });
});

test("whatever a real server or a check says, the headers of the message stay ours", async () => {
  const evil = 'x\r\nBcc: all@example.org\r\n\r\n\u0000\u2028<script>"\r\n.\r\nMAIL FROM:<evil@example.org>';
  const { fact } = serverDown(1, `10.0.0.11:80${evil}`, evil);
  const told = event(1, { ...fact, transcript: evil } as ClusterEvent["fact"], { node: `lb2${evil}` }); // one field more
  const recipient = {
    address: "ops@example.org",
    channel: "mail",
    severity: "notice",
    services: [],
    hours: [],
    after: undefined,
  } as const;
  const written = compose({ events: [told], notes: [evil] }, "mail", 0, new Map(), {
    ...{ from: "systole@lb2", node: "lb2", recipients: [recipient], isMailAddress, subjects: "systole" },
    ...{ isOpen: () => false, wokenFor: () => [] },
  });
  await send({}, { ...letter(), ...written, deliveries: letter().deliveries });
  expect(server.mails).toHaveLength(1);
  const names = server.mails[0]!.text.split("\n\n")[0]!
    .split("\n")
    .flatMap((line) => /^([A-Za-z-]+):/.exec(line)?.[1] ?? (/^[ \t]/.test(line) ? [] : [`stray ${line}`]));
  expect(names.toSorted()).toEqual(
    [
      ...["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"],
      ...["X-Systole-Event", "X-Systole-Letter", "X-Systole-Node", "X-Systole-Severity"],
    ].toSorted(),
  );
  expect(server.commands.filter((line) => line.startsWith("MAIL"))).toEqual(["MAIL FROM:<systole@lb2>"]);
});

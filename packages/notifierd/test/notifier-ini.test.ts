import { readFileSync } from "node:fs";
import { render } from "@systole/config";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNotifierIni } from "../src/config/notifier-ini.js";
import { isMailAddress } from "../src/config/values.js";
import { VERSION } from "../src/version.js";

const parse = (text: string) => parseNotifierIni({ path: "notifier.ini", text });

/** The complaints of a text, without those about what is missing. */
const complaints = (text: string) => {
  const source = { path: "notifier.ini", text };
  return parseNotifierIni(source)
    .diagnostics.filter(({ span }) => span !== undefined)
    .map((diagnostic) => render(diagnostic, source));
};

test("an empty file: defaults, and a warning that nobody will hear of anything", () => {
  const { value, diagnostics } = parse("");
  expect(value).toEqual({
    sources: ["heartbeat", "ldirectord", "ctsyncd"],
    groupWait: 2000,
    maxAge: 432_000_000,
    spool: "/var/lib/systole/notifierd",
    audit: "/var/log/systole/audit.jsonl",
    ceiling: 30,
    flapChanges: 3,
    flapWindow: 300_000,
    subjects: "systole",
    notifyFrom: "all",
    webhooks: [],
    smtp: {
      sendmail: undefined,
      servers: [{ host: "localhost", port: 25 }],
      from: undefined,
      tls: "opportunistic",
      verify: false,
      caFile: undefined,
      tlsName: undefined,
      user: undefined,
      passwordFile: undefined,
      dsn: false,
      timeout: 30_000,
    },
    recipients: [],
  });
  expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual(["warning no-recipient"]);
});

test("everything said", () => {
  const byMail = { channel: "mail" };
  const services = ["192.0.2.10:80", "web*"];
  const hours = [
    { days: [1, 2, 3, 4, 5], from: 480, to: 1080 },
    { days: [6], from: 0, to: 1440 },
  ];
  const text = [
    "; a comment",
    "[notifier]",
    "sources = heartbeat, ldirectord, ldirectord.shop.cf",
    "notify-from = active",
    "group-wait = 500ms",
    "max-age=2d",
    "spool = /srv/spool",
    "audit = off",
    "ceiling = 60",
    "flap-changes = 4",
    "flap-window = 10m",
    "subjects = keepalived",
    "[smtp]",
    "server = mail1.example.org [2001:db8::25]:2525, 192.0.2.25:465",
    "from = systole@example.org",
    "tls = implicit",
    "verify = no",
    'ca-file = "/etc/ca with blank.pem"',
    "tls-name = mail.example.org",
    "user = ha",
    "password-file = /etc/systole/password",
    "timeout = 10",
    "dsn = yes",
    "[recipient ops]",
    "address = ops@example.org duty@example.org",
    "severity = warning",
    "services = 192.0.2.10:80 web*",
    "hours = Mon-Fri 08:00-18:00 | Sat",
    "[recipient boss@example.org]",
    "after = 15m",
    "[webhook chat]",
    "format = slack",
    "url = https://hooks.example.org/T0/x",
    "severity = critical",
  ].join("\n");
  expect(parse(text)).toEqual({
    diagnostics: [],
    value: {
      sources: ["heartbeat", "ldirectord", "ldirectord.shop.cf"],
      notifyFrom: "active",
      groupWait: 500,
      maxAge: 172_800_000,
      spool: "/srv/spool",
      audit: undefined,
      ceiling: 60,
      flapChanges: 4,
      flapWindow: 600_000,
      subjects: "keepalived",
      webhooks: [
        {
          ...{ name: "chat", format: "slack", url: "https://hooks.example.org/T0/x", urlFile: undefined },
          ...{ keyFile: undefined, caFile: undefined, timeout: 15_000 },
        },
      ],
      smtp: {
        sendmail: undefined,
        servers: [
          { host: "mail1.example.org", port: 465 },
          { host: "2001:db8::25", port: 2525 },
          { host: "192.0.2.25", port: 465 },
        ],
        from: "systole@example.org",
        tls: "implicit",
        verify: false,
        caFile: "/etc/ca with blank.pem",
        tlsName: "mail.example.org",
        user: "ha",
        passwordFile: "/etc/systole/password",
        dsn: true,
        timeout: 10_000,
      },
      recipients: [
        { address: "ops@example.org", ...byMail, severity: "warning", services, hours, after: undefined },
        { address: "duty@example.org", ...byMail, severity: "warning", services, hours, after: undefined },
        {
          address: "boss@example.org",
          ...byMail,
          severity: "notice",
          services: [],
          hours: [],
          after: 900_000,
        },
        {
          ...{ address: "chat", channel: "webhook chat", severity: "critical" },
          ...{ services: [], hours: [], after: undefined },
        },
      ],
    },
  });
});

describe("a mistake", () => {
  test.each([
    {
      name: "in the name of a section",
      text: "[notifer]",
      says: "1:1: error: no section [notifer] [unknown-section]",
      hint: "did you mean [notifier]?",
    },
    {
      name: "in the name of a setting",
      text: "[smtp]\n  sever = mail",
      says: '2:3: error: no setting "sever" in [smtp] [unknown-setting]',
      hint: "did you mean server?",
    },
    {
      name: "a setting before any section",
      text: "server = mail",
      says: "1:1: error: server stands before the first section [no-section]",
      hint: "",
    },
    {
      name: "a line that says nothing",
      text: "[smtp]\nserver mail",
      says: "2:1: error: neither a section nor key = value [not-a-setting]",
      hint: "",
    },
    {
      name: "the same setting twice",
      text: "[smtp]\nserver = a\nserver = b",
      says: "3:1: error: server is there twice [setting-again]",
      hint: "several values: one line, with blanks between",
    },
    {
      name: "the same section twice",
      text: "[smtp]\n[smtp]",
      says: "2:1: error: [smtp] is there twice [section-again]",
      hint: "make one of them",
    },
    {
      name: "a duration",
      text: "[notifier]\ngroup-wait = 2 sec",
      says: '2:14: error: "2 sec" is not a duration [bad-duration]',
      hint: "write 2s, 500ms, 5m, 1h or 5d",
    },
    {
      name: "a TLS mode",
      text: "[smtp]\ntls = requierd",
      says: '2:7: error: "requierd" is not a TLS mode [bad-tls-mode]',
      hint: "did you mean required?",
    },
    {
      name: "a port",
      text: "[smtp]\nserver = mail:70000",
      says: "2:10: error: 70000 is not a port [bad-server]",
      hint: "write 1 to 65535",
    },
    {
      name: "an address",
      text: "[recipient ops]\naddress = ops at example",
      says: '2:11: error: "ops" is not a mail address [bad-address]',
      hint: "write address = ops@example.org",
    },
    {
      name: "a severity",
      text: "[recipient ops@example.org]\nseverity = loud",
      says: '2:12: error: "loud" is not a severity [bad-severity]',
      hint: "write one of info, notice, warning, critical",
    },
    {
      name: "a password that would go in clear",
      text: "[smtp]\nuser = ha\npassword-file = /x",
      says: "2:8: error: a password is only sent under TLS [password-in-clear]",
      hint: "write tls = required",
    },
    {
      name: "a password that everybody could read here",
      text: "[smtp]\npassword = s3cret",
      says: '2:1: error: no setting "password" in [smtp] [unknown-setting]',
      hint: "write it into a file of mode 0600, and here password-file = /etc/systole/smtp-password",
    },
    {
      name: "a spool somewhere",
      text: "[notifier]\nspool = spool",
      says: '2:9: error: "spool" is not a path from the root [bad-path]',
      hint: "write it with a / in front",
    },
    {
      name: "a password in a URL that everybody can read on the way",
      text: "[webhook chat]\nurl = http://hooks.example.org/x",
      says: "2:7: error: http:// is not encrypted [bad-url]",
      hint: "write url = https://hooks.example.org/...",
    },
    {
      name: "a time of the week",
      text: "[recipient a@b.c]\nhours = Mon-Fry 08:00-18:00",
      says: '2:9: error: "Mon-Fry 08:00-18:00" is no time of the week [bad-hours]',
      hint: "write hours = Mon-Fri 08:00-18:00, or several: 08:00-12:00 | Sat,Sun",
    },
    {
      name: "too many ways to send",
      text: "[smtp]\nserver = a\nsendmail = /usr/sbin/sendmail",
      says: "3:12: error: sendmail and server: letters go one way [two-ways]",
      hint: "remove one",
    },
  ])("$name is told with its place and a way out", ({ text, says, hint }) => {
    const [first = ""] = complaints(text);
    expect(first.split("\n")[0]).toBe(`notifier.ini:${says}`);
    expect(first.split("\n")[2]?.replace(/^[ |]*\^+ ?/, "")).toBe(hint);
    expect(parse(text).value).toBeUndefined();
  });

  test("in the name of a daemon is a warning: it may be a program of somebody's own", () => {
    const { value, diagnostics } = parse(
      "[notifier]\nsources = ldirecord, ldirectord.shop.cf\n[recipient a@b.c]\n",
    );
    expect(value?.sources).toEqual(["ldirecord", "ldirectord.shop.cf"]);
    expect(diagnostics).toMatchObject([
      { severity: "warning", code: "strange-source", hint: "did you mean ldirectord?" },
    ]);
  });

  test("in the TLS mode is one mistake, not also a password in clear", () => {
    const { diagnostics } = parse("[smtp]\ntls = yes\nuser = ha\npassword-file = /x\n[recipient a@b.c]\n");
    expect(diagnostics.map(({ code }) => code)).toEqual(["bad-tls-mode"]);
  });

  test("never hides another: all of a file in one run, in order", () => {
    const text =
      "x = 1\n[smtp]\ntls = none\ntimeout = soon\n[recipient ops]\nseverity = loud\naddress = nobody\n";
    expect(parse(text).diagnostics.map(({ span, code }) => `${span?.line} ${code}`)).toEqual([
      "1 no-section",
      "3 bad-tls-mode",
      "4 bad-duration",
      "6 bad-severity",
      "7 bad-address",
    ]);
  });
});

test("a section named __proto__ is a section like any other: unknown", () => {
  expect(complaints("[__proto__]\npolluted = 1")[0]).toContain("no section [__proto__]");
  expect("polluted" in {}).toBe(false);
});

test.each([
  { address: "ops@example.org", good: true },
  { address: "o'brien+ha@mail-1.example", good: true },
  { address: "root@lb1", good: true },
  { address: "no-at", good: false },
  { address: "two@at@example.org", good: false },
  { address: "ops@example.org\r\nRCPT TO:<all@example.org>", good: false },
  { address: "<ops@example.org>", good: false },
  { address: "ops@example.org ", good: false },
  { address: "-oX@-", good: false },
])("$address: $good", ({ address, good }) => expect(isMailAddress(address)).toBe(good));

test("any text is settings or complaints, never an exception; an error is never a value", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      "[smtp]",
      "[notifier]",
      "[recipient a@b]",
      "tls = off",
      "server =",
      "x[] = 1",
      "[a.b]",
      "__proto__ = 1",
    ),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (all) => {
      const { value, diagnostics } = parse(all.join("\n"));
      expect(value === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
    }),
  );
});

test("the example that is shipped is good", () => {
  const path = new URL("../../../etc/systole/notifier.ini", import.meta.url);
  expect(complaints(readFileSync(path, "utf8"))).toEqual([]);
});

test("VERSION is that of the package", () => {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  expect(JSON.parse(text).version).toBe(VERSION);
});

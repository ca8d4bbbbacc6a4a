import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMailAddress } from "../src/config/values.js";
import { compose, type LetterOptions } from "../src/core/letter.js";
import { oneLine } from "../src/core/printable.js";
import { remember, THREAD_LIMIT, type Threads } from "../src/core/threads.js";
import type { ClusterEvent, Recipient } from "../src/types.js";
import { alive, chatter, dead, event, finished, mailTo, serverDown, serverUp, started } from "./event.js";

const anybody = { channel: "mail", services: [], hours: [], after: undefined } as const;
const ops: Recipient = { ...anybody, address: "ops@example.org", severity: "notice" };
const boss: Recipient = { ...anybody, address: "boss@example.org", severity: "critical" };
const noon = Date.UTC(2026, 10, 20, 12, 0, 5);
const options: LetterOptions = {
  ...{ from: "systole@lb2", node: "lb2", recipients: [ops, boss], isMailAddress },
  isOpen: () => false,
  wokenFor: () => [],
  subjects: "systole",
};

const write = (
  events: readonly ClusterEvent[],
  over: Partial<LetterOptions> = {},
  threads: Threads = new Map(),
) =>
  compose({ events, notes: [] }, "mail", noon, threads, {
    ...options,
    isOpen: (key) => threads.has(key),
    ...over,
  });

test("a failover, as it is read", () => {
  expect(write([dead(1), started(2), finished(3), mailTo(4)])).toEqual({
    schemaVersion: 1,
    id: "01795176005000.lb2.heartbeat.b1.1",
    createdAtMs: noon,
    messageId: "<lb2.heartbeat.b1.1@systole.lb2>",
    from: "systole@lb2",
    subject: "[critical] lb2: took over lb1 in 1.3 s: lb1 is dead (and 1 more)",
    text: [
      "* 2026-11-20 12:00:00.100 lb2 heartbeat   lb1 is dead: silent for 10.0 s (deadtime 10.0 s)",
      "  2026-11-20 12:00:00.200 lb2 heartbeat   takeover of lb1 begins: lb1 is dead",
      "* 2026-11-20 12:00:00.300 lb2 heartbeat   took over lb1 in 1.3 s: lb1 is dead",
      "* 2026-11-20 12:00:00.400 lb2 heartbeat   Resource Group Takeover in progress at noon on lb2",
      "",
      "lb1, as lb2 heard it:",
      "  11:59:50.100  the last heartbeat",
      "  12:00:00.100  given up: silent for longer than deadtime, 10.0 s",
      "",
      "From the last heartbeat to the end of the takeover: 10.2 s.",
      "",
      "Steps of the takeover, 1.3 s in all:",
      "     12 ms  ctsync",
      "      1 ms  IPaddr2::192.0.2.10/24/eth0  failed: no such device",
      "",
      "  Resource Group Takeover in progress at noon on lb2",
      "  Command line was:",
      "  MailTo start",
      "",
      "-- ",
      "Systole notifierd on lb2. Lines with * are what this letter is about; times are UTC.",
      "",
    ].join("\n"),
    severity: "critical",
    node: "lb2",
    opens: ["node lb1"],
    closes: [],
    events: ["lb2.heartbeat.b1.1", "lb2.heartbeat.b1.3", "lb2.heartbeat.b1.4"],
    deliveries: [
      { address: "ops@example.org", state: "waiting", attempts: 0 },
      { address: "boss@example.org", state: "waiting", attempts: 0 },
    ],
  });
});

describe("who is told", () => {
  test.each([
    {
      name: "of something critical: everybody",
      events: [dead(1)],
      to: ["ops@example.org", "boss@example.org"],
    },
    { name: "of a recovery from what nobody heard of: nobody", events: [serverUp(1)], to: undefined },
    { name: "of chatter: nobody", events: [chatter(1)], to: undefined },
    {
      name: "by a resource: whom it names, too",
      events: [mailTo(1, "duty@example.org")],
      to: ["duty@example.org"],
    },
    {
      name: "by a resource with a bad address: nobody",
      events: [mailTo(1, "x@y\r\nRCPT TO:<z@z>")],
      to: undefined,
    },
  ])("$name", ({ events, to }) => {
    expect(write(events)?.deliveries.map(({ address }) => address)).toEqual(to);
  });

  test("a publisher may call a fact worse than it is, not milder", () => {
    const worse = event(1, { kind: "config.loaded", file: "x" }, { severity: "critical" });
    const milder = event(2, { kind: "fallback.used", service: "s", server: "f" }, { severity: "info" });
    expect(write([worse])?.severity).toBe("critical");
    expect(write([milder])?.severity).toBe("critical");
  });
});

describe("the subject", () => {
  test.each([
    {
      name: "one server down",
      events: [serverDown(1)],
      subject:
        "[warning] lb2: real server 10.0.0.11:80 of tcp 192.0.2.10:80 is down and quiesced: connection refused",
    },
    {
      name: "two",
      events: [serverDown(1), serverDown(2, "10.0.0.12:80")],
      subject:
        "[warning] lb2: real server 10.0.0.11:80 of tcp 192.0.2.10:80 is down and quiesced: connection refused (and 1 more)",
    },
    {
      name: "a resource that monitoring found down",
      events: [
        event(1, {
          ...{ kind: "resource.down", resource: "apache" },
          ...{ reason: "it does not run", consequence: "it is started again" },
        }),
      ],
      subject: "[warning] lb2: resource apache is down: it does not run; it is started again",
    },
    {
      name: "a resource's letter alone is as it wrote it",
      events: [mailTo(1)],
      subject: "Resource Group Takeover in progress at noon on lb2",
    },
    {
      name: "a resource's letter with chatter around it, too",
      events: [chatter(1), mailTo(2)],
      subject: "Resource Group Takeover in progress at noon on lb2",
    },
  ])("$name", ({ events, subject }) => expect(write(events)?.subject).toBe(subject));

  /** The formats are those in keepalived 2.2.7 of Debian 12: `[%s] Realserver %s of virtual server %s - %s` and so on. */
  test.each<{ name: string; is: ClusterEvent; subject: string }>([
    {
      name: "a real server down",
      is: serverDown(1),
      subject: "[lb2] Realserver [10.0.0.11]:tcp:80 of virtual server [192.0.2.10]:tcp:80 - DOWN",
    },
    {
      name: "a real server up, IPv6",
      is: event(1, {
        ...{
          kind: "real-server.up",
          service: "udp [2001:db8::10]:53",
          server: "[2001:db8::11]:53",
          weight: 1,
        },
      }),
      subject: "[lb2] Realserver [2001:db8::11]:udp:53 of virtual server [2001:db8::10]:udp:53 - UP",
    },
    {
      name: "no real server left",
      is: event(1, { kind: "fallback.used", service: "tcp 192.0.2.10:80", server: "127.0.0.1:80" }),
      subject: "[lb2] Virtualserver [192.0.2.10]:tcp:80 - DOWN",
    },
    {
      name: "a takeover",
      is: finished(1, "web"),
      subject: "[lb2] VRRP Instance web - Entering MASTER state",
    },
    {
      name: "a release",
      is: event(1, { kind: "release.finished", groups: ["web"], reason: "standby", totalMs: 3 }),
      subject: "[lb2] VRRP Instance web - Entering BACKUP state",
    },
    {
      name: "a resource that failed",
      is: event(1, { kind: "resource.failed", resource: "web", action: "start", problem: "exit 1" }),
      subject: "[lb2] VRRP Instance web - Entering FAULT state",
    },
    {
      name: "what keepalived has no words for",
      is: dead(1),
      subject: "[lb2] lb1 is dead: silent for 10.0 s (deadtime 10.0 s)",
    },
  ])("in keepalived's words: $name", ({ is, subject }) => {
    const everything = [{ ...ops, severity: "info" as const }];
    expect(write([is], { subjects: "keepalived", recipients: everything })?.subject).toBe(subject);
  });

  test("a takeover is told by its VIPs, where they are known", () => {
    const up = (sequence: number, address: string) =>
      event(sequence, { kind: "vip.up", address, device: "eth0", reason: "started" });
    expect(write([started(1), up(2, "192.0.2.10"), up(3, "2001:db8::10"), finished(4)])?.subject).toBe(
      "[notice] lb2: took over VIP 192.0.2.10, VIP 2001:db8::10 in 1.3 s: lb1 is dead",
    );
  });

  test("a resource's letter amid a takeover nobody asked to hear of tells the takeover", () => {
    expect(write([started(1), finished(2), mailTo(3)], { recipients: [] })?.subject).toBe(
      "[notice] lb2: took over lb1 in 1.3 s: lb1 is dead",
    );
  });
});

describe("threads", () => {
  test("a recovery answers the letter about the failure, then the thread is over", () => {
    const first = write([dead(1)])!;
    const threads = remember(new Map(), first);
    const second = write([alive(2)], {}, threads)!;
    expect(second.inReplyTo).toBe(first.messageId);
    expect(remember(threads, second).size).toBe(0);
  });

  test("the recovery goes to who wants notices", () => {
    const threads = remember(new Map(), write([serverDown(1)])!);
    const to = write([serverUp(2)], {}, threads)?.deliveries.map(({ address }) => address);
    expect(to).toEqual(["ops@example.org"]);
  });

  test("a trouble that goes on stays in its thread", () => {
    const first = write([serverDown(1)])!;
    const threads = remember(new Map(), first);
    const again = write([serverDown(2)], {}, threads)!;
    expect(again.inReplyTo).toBe(first.messageId);
    expect(remember(threads, again).get(again.opens[0]!)).toBe(first.messageId);
  });

  test("a trouble that began and ended within one letter leaves nothing open", () => {
    expect(write([serverDown(1), serverUp(2)])).toMatchObject({ opens: [], closes: [expect.any(String)] });
  });

  test("are bounded", () => {
    let threads: Threads = new Map();
    for (let i = 0; i < THREAD_LIMIT + 5; i++) {
      threads = remember(threads, { opens: [`node ${i}`], closes: [], messageId: `<${i}>` });
    }
    expect(threads.size).toBe(THREAD_LIMIT);
    expect(threads.has("node 4")).toBe(false);
  });
});

test("the text of a hostile real server stays text", () => {
  const hostile = "x\r\nBcc: all@example.org\r\n\r\n\u0000\u001b[31m.\r\n";
  const letter = write([serverDown(1, "10.0.0.11:80", hostile)])!;
  for (const forbidden of ["\r", "\0", "\u001b"]) {
    expect(letter.subject).not.toContain(forbidden);
    expect(letter.text).not.toContain(forbidden);
  }
  expect(letter.subject).not.toContain("\n");
});

// Making strings of any code point takes most of the time, and many seconds on a busy machine.
test("whatever was said: subject of one printable line, body lines of SMTP's length", {
  timeout: 60_000,
}, () => {
  const said = fc.string({ unit: "binary", maxLength: 1200 });
  fc.assert(
    fc.property(said, said, (reason, transcript) => {
      const fact = { ...serverDown(1, "10.0.0.11:80", reason).fact, transcript } as ClusterEvent["fact"]; // one field more
      const letter = write([event(1, fact)])!;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
      expect(letter.subject).toMatch(/^[^\u0000-\u001f\u007f-\u009f]*$/);
      expect(letter.subject.length).toBeLessThanOrEqual(180);
      for (const line of letter.text.split("\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
    }),
  );
});

test.each([
  { name: "exactly the limit", text: "x".repeat(180), length: 180, ends: "x" },
  { name: "one more is cut", text: "x".repeat(181), length: 180, ends: "..." },
])("one line: $name", ({ text, length, ends }) => {
  expect(oneLine(text)).toHaveLength(length);
  expect(oneLine(text).endsWith(ends)).toBe(true);
});

test("an event of a kind we do not know is named, not lost", () => {
  const newer = JSON.parse('{"kind":"node.gone-fishing"}');
  expect(write([event(1, newer, { severity: "critical" })])?.subject).toBe(
    "[critical] lb2: node.gone-fishing",
  );
});

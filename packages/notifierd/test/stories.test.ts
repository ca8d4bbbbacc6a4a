/** What a person has in the mailbox after a day like this one: whole post offices in virtual time. */
import { type Millis, milliseconds, seconds } from "@systole/machine";
import { afterEach, expect, test } from "vitest";
import type { Fact } from "../src/types.js";
import { NOON, type Office, type OfficeOptions, openOffice } from "./office.js";

const OPS = "[recipient ops]\naddress = ops@example.org\n";
const minutes = (count: number): Millis => seconds(count * 60);
const opened: Office[] = [];
afterEach(() => {
  for (const office of opened.splice(0)) office.close();
});
async function open(over: Partial<OfficeOptions> = {}): Promise<Office> {
  const office = await openOffice({ ini: OPS, ...over });
  opened.push(office);
  return office;
}

const service = "tcp 192.0.2.10:80";
const down = (server: string, transcript?: string): Fact => ({
  ...{ kind: "real-server.down", service, server, reason: "connection refused", action: "quiesced" },
  ...(transcript === undefined ? {} : { transcript }),
});
const up = (server: string): Fact => ({ kind: "real-server.up", service, server, weight: 5, downMs: 1000 });
const server = (n: number) => `10.0.0.${n}:80`;

test("50 real servers fail within a second: at most two letters, each server in one", async () => {
  const { hear, pass, arrivals, subjects } = await open();
  for (let n = 1; n <= 50; n++) {
    hear("ldirectord", n === 50 ? "critical" : "warning", down(server(n)));
    await pass(milliseconds(20));
  }
  hear("ldirectord", "critical", { kind: "fallback.used", service, server: "127.0.0.1:80" });
  await pass(minutes(10));
  expect(arrivals.length).toBeLessThanOrEqual(2);
  const text = arrivals.map(({ letter }) => letter.text).join();
  for (let n = 1; n <= 50; n++) expect(text).toContain(`${server(n)} `);
  expect(subjects()[0]).toContain("no real server of tcp 192.0.2.10:80 is left");
});

test("different keys are one letter at once, and one when they are settled", async () => {
  const { hear, pass, arrivals, subjects } = await open();
  hear("heartbeat", "critical", { kind: "keys.different", peer: "lb1", medium: "eth1", waits: true });
  await pass(minutes(1));
  expect(arrivals).toHaveLength(1);
  expect(subjects()[0]).toContain(
    "lb1 speaks on eth1 with another key, or somebody in its name: compare authkeys",
  );
  expect(arrivals[0]!.letter.text).toContain("nothing is taken over from it meanwhile");
  hear("heartbeat", "info", { kind: "keys.settled", peer: "lb1", how: "heard" });
  await pass(minutes(10));
  expect(arrivals).toHaveLength(2);
  expect(subjects()[1]).toContain("lb1 speaks with our key");
});

test("10,000 flaps: at most five letters, the last with the number of changes and the longest time down", async () => {
  const { hear, pass, arrivals, office } = await open();
  for (let flap = 0; flap < 10_000; flap++) {
    hear("ldirectord", "warning", down(server(1)));
    await pass(flap === 7000 ? seconds(40) : milliseconds(100));
    hear("ldirectord", "notice", up(server(1)));
    await pass(milliseconds(100));
  }
  expect(office.quiet.flapping()).toEqual(["real server 10.0.0.1:80 of tcp 192.0.2.10:80"]);
  await pass(minutes(20));
  expect(arrivals.length).toBeLessThanOrEqual(5);
  const last = arrivals.at(-1)!.letter;
  expect(last.text).toContain("is calm and up: 20000 changes");
  expect(last.text).toContain("longest down 40");
  expect(last.inReplyTo).toBe(arrivals[0]!.letter.messageId);
}, 60_000);

/** The group of this node goes away and comes back, with its VIP. */
function moves({ hear }: Office, given: { to?: string; ordered?: true }): void {
  const groups = ["192.0.2.10"];
  const vip = { address: "192.0.2.10", device: "eth0" };
  hear("heartbeat", "notice", { kind: "vip.down", ...vip, reason: "stopped" });
  hear("heartbeat", "notice", {
    ...{ kind: "release.finished", groups, reason: "standby", totalMs: 200 },
    ...given,
  });
  hear("heartbeat", "info", { kind: "vip.up", ...vip, reason: "started" });
  const took = { groups, reason: "lb1 gave it", from: "lb1", steps: [], totalMs: 100, degraded: [] };
  hear("heartbeat", "notice", { kind: "takeover.finished", ...took });
}

test("what a person moves away and gets back does not flap; a group that moves by itself does, and its VIP with it", async () => {
  const ini = "[recipient ops]\naddress = ops@example.org\nseverity = info\n";
  const ordered = await open({ ini });
  moves(ordered, { ordered: true });
  await ordered.pass(minutes(1));
  moves(ordered, { ordered: true });
  await ordered.pass(minutes(30));
  expect(ordered.subjects().filter((subject) => subject.includes("flap"))).toEqual([]);

  const alone = await open({ ini });
  for (let move = 0; move < 1000; move++) {
    moves(alone, {});
    await alone.pass(seconds(5));
  }
  await alone.pass(minutes(30));
  expect(alone.arrivals.length).toBeLessThanOrEqual(5);
  expect(alone.subjects().at(-1)).toContain("who has 192.0.2.10 is calm and up: 2000 changes");
});

test("a link that comes up, dies and comes back does not flap; what was down for long has changed when it is back", async () => {
  const about = { peer: "lb1", medium: "ucast eth1" };
  const { hear, pass, subjects } = await open();
  hear("heartbeat", "info", { kind: "link.up", ...about });
  await pass(minutes(1));
  hear("heartbeat", "warning", { kind: "link.dead", ...about });
  await pass(minutes(10));
  hear("heartbeat", "info", { kind: "link.up", ...about });
  await pass(minutes(1));
  hear("heartbeat", "warning", { kind: "link.dead", ...about });
  await pass(minutes(1));
  expect(subjects().filter((subject) => subject.includes("flapping"))).toEqual([]);
  hear("heartbeat", "info", { kind: "link.up", ...about }); // the third within five minutes
  await pass(minutes(1));
  expect(subjects().filter((subject) => subject.includes("flapping"))).toHaveLength(1);
});

test("flapping goes on over restarts of notifierd without a new letter", async () => {
  const story = await open();
  for (let flap = 0; flap < 20; flap++) {
    story.hear("ldirectord", "warning", down(server(1)));
    await story.pass(seconds(1));
    story.hear("ldirectord", "notice", up(server(1)));
    await story.restart(seconds(1));
  }
  await story.pass(minutes(20));
  expect(story.arrivals.length).toBeLessThanOrEqual(5);
  expect(story.subjects().filter((subject) => subject.includes("is calm"))).toHaveLength(1);
});

/** One node of a pair: what its daemons say when it boots after a power failure. */
async function boots(one: Office, peer: string, groups: readonly string[]): Promise<void> {
  one.hear("heartbeat", "info", { kind: "daemon.started", version: "1" });
  one.hear("ldirectord", "info", { kind: "daemon.started", version: "1" });
  await one.pass(seconds(20));
  one.hear("heartbeat", "info", { kind: "link.up", peer, medium: "ucast eth1" });
  one.hear("heartbeat", "info", { kind: "node.alive", peer, after: "start" });
  if (groups.length > 0) {
    const reason = "start: nobody has it";
    one.hear("heartbeat", "notice", { kind: "takeover.started", groups, reason });
    await one.pass(seconds(1));
    one.hear("heartbeat", "notice", {
      kind: "vip.up",
      address: "192.0.2.10",
      device: "eth0",
      reason: "started",
    });
    const took = {
      groups,
      reason,
      steps: [{ step: "IPaddr2::192.0.2.10", ms: 12 }],
      totalMs: 400,
      degraded: [],
    };
    one.hear("heartbeat", "notice", { kind: "takeover.finished", ...took });
  }
  one.hear("ctsyncd", "info", { kind: "sync.established", peer });
  await one.pass(minutes(10));
}

test("a pair of directors loses power and comes back: two letters, one from each", async () => {
  const lb1 = await open({ node: "lb1" });
  const lb2 = await open({ node: "lb2" });
  for (const one of [lb1, lb2]) {
    await one.pass(minutes(3));
    await one.restart(minutes(12), "kernel2");
  }
  await boots(lb1, "lb2", ["lb1"]);
  await boots(lb2, "lb1", []);
  expect([...lb1.subjects(), ...lb2.subjects()]).toEqual([
    expect.stringMatching(
      /^\[warning\] lb1: this node is back after a power failure or a crash: .* 12 min ago \(and \d more\)$/,
    ),
    expect.stringMatching(/^\[warning\] lb2: this node is back after a power failure or a crash/),
  ]);
  expect(lb1.arrivals[0]!.letter.text).toContain("took over lb1 in 400 ms: start: nobody has it");
});

test("one of the pair dies and comes back: the other one tells it in two letters of one thread", async () => {
  const { hear, pass, arrivals, subjects } = await open();
  const peer = "lb1";
  hear("heartbeat", "warning", { kind: "node.late", peer, silenceMs: 5000, deadtimeMs: 10_000 });
  await pass(seconds(5));
  hear("heartbeat", "warning", { kind: "link.dead", peer, medium: "ucast eth1" });
  hear("heartbeat", "critical", { kind: "node.dead", peer, silenceMs: 10_000, deadtimeMs: 10_000 });
  hear("heartbeat", "notice", { kind: "takeover.started", groups: ["lb1"], reason: "lb1 is dead" });
  await pass(seconds(8));
  const took = { groups: ["lb1"], reason: "lb1 is dead", steps: [], totalMs: 8000, degraded: [] };
  hear("heartbeat", "notice", { kind: "takeover.finished", ...took });
  await pass(minutes(30));
  hear("heartbeat", "info", { kind: "link.up", peer, medium: "ucast eth1" });
  hear("heartbeat", "info", { kind: "node.alive", peer, after: "death" });
  hear("heartbeat", "notice", {
    kind: "release.finished",
    groups: ["lb1"],
    reason: "auto_failback",
    totalMs: 200,
  });
  await pass(minutes(30));
  expect(subjects()).toEqual([
    expect.stringContaining("[critical] lb2: took over lb1 in 8.0 s: lb1 is dead"),
    expect.stringContaining("[notice] lb2: released lb1 in 200 ms: auto_failback"),
  ]);
  const [first, second] = arrivals.map(({ letter }) => letter);
  expect(second!.inReplyTo).toBe(first!.messageId);
  expect(first!.text).toContain("From the last heartbeat to the end of the takeover: 18.0 s.");
});

test("no mail server for an hour: all letters arrive, in order, and no more than the probes were tried", async () => {
  let isDown = true;
  let tries = 0;
  const answer: OfficeOptions["answer"] = (_letter, to) => {
    tries += 1;
    if (isDown) return { type: "unreachable", problem: "mail:25: ECONNREFUSED", alarm: false };
    const answers = to.map((address) => ({ address, verdict: "delivered" as const, reply: "250" }));
    return { ...{ type: "answered", server: "mail", tls: false }, answers };
  };
  const { hear, pass, arrivals } = await open({ answer, ini: `${OPS}[notifier]\nceiling = 0\n` });
  for (let n = 1; n <= 60; n++) {
    hear("ldirectord", "warning", down(server(n)));
    await pass(minutes(1));
  }
  expect(arrivals).toHaveLength(0);
  expect(tries).toBeLessThan(12);
  isDown = false;
  await pass(minutes(40));
  const order = arrivals.map(({ letter }) => Number(/10\.0\.0\.(\d+):80/.exec(letter.subject)?.[1]));
  expect(order).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
}, 60_000);

test("more than the ceiling in an hour: the rest comes as one letter that tells all of it", async () => {
  const { hear, pass, arrivals, office } = await open({ ini: `${OPS}[notifier]\nceiling = 5\n` });
  for (let n = 1; n <= 20; n++) {
    hear("ldirectord", "warning", down(server(n)));
    await pass(seconds(10));
  }
  expect(arrivals).toHaveLength(5);
  await pass(minutes(15));
  expect(arrivals).toHaveLength(6);
  const digest = arrivals[5]!.letter;
  expect(digest.subject).toBe("[warning] lb2: 15 letters in one");
  for (let n = 6; n <= 20; n++) expect(digest.text).toContain(`${server(n)} `);
  expect(office.dispatch.letters()).toEqual([]);
  expect(office.letters("done")).toHaveLength(21);
});

test("what is held survives a restart", async () => {
  const story = await open({ ini: `${OPS}[notifier]\nceiling = 1\n` });
  for (let n = 1; n <= 3; n++) {
    story.hear("ldirectord", "warning", down(server(n)));
    await story.pass(seconds(10));
  }
  await story.restart(seconds(1));
  await story.pass(minutes(15));
  expect(story.subjects()).toEqual([expect.stringContaining(server(1)), "[warning] lb2: 2 letters in one"]);
});

const ONCALL = `${OPS}[recipient oncall@example.org]\nseverity = warning\nafter = 15m\n`;

/** What on-call gets after so long. */
async function oncall(act: (story: Office) => Promise<void>): Promise<readonly string[]> {
  const story = await open({ ini: ONCALL });
  story.hear("ldirectord", "warning", down(server(1)));
  await story.pass(minutes(14));
  expect(story.subjects("oncall@example.org")).toEqual([]);
  await act(story);
  await story.pass(minutes(30));
  return story.subjects("oncall@example.org");
}

test.each<{ name: string; act: (story: Office) => Promise<void>; gets: readonly unknown[] }>([
  {
    name: "nobody acknowledged it: the next one is woken",
    act: async () => {},
    gets: [expect.stringContaining("is down")],
  },
  {
    name: "somebody did: nobody else is woken",
    act: async ({ office }) => void office.acknowledge(office.dispatch.letters()[0]!.letter.id, "anna"),
    gets: [],
  },
  {
    name: "it is over: nobody else is woken",
    act: async ({ hear, pass }) => {
      hear("ldirectord", "notice", up(server(1)));
      await pass(seconds(10));
    },
    gets: [],
  },
  {
    name: "a restart in between does not lose it",
    act: (story) => story.restart(seconds(5)),
    gets: [expect.stringContaining("is down")],
  },
  {
    name: "who was woken hears of the end",
    act: async ({ hear, pass }) => {
      await pass(minutes(5));
      hear("ldirectord", "notice", up(server(1)));
    },
    gets: [expect.stringContaining("is down"), expect.stringContaining("is up again")],
  },
])("escalation: $name", async ({ act, gets }) => expect(await oncall(act)).toEqual(gets));

test("a silence says nothing, then tells what it did not say and what is still down", async () => {
  const story = await open();
  const { hear, pass, office, subjects } = story;
  const silence = { id: "s1", pattern: "10.0.0.1", by: "anna", why: "new disk" };
  office.quiet.silence(silence, minutes(30));
  hear("ldirectord", "warning", down(server(1)));
  hear("ldirectord", "warning", down(server(2)));
  await pass(minutes(10));
  expect(subjects()).toEqual([expect.stringContaining(server(2))]);
  await story.restart(seconds(1));
  await story.pass(minutes(25));
  expect(story.subjects()[1]).toContain(
    "the silence of anna for 10.0.0.1 (new disk) is over: 1 events were not told",
  );
  expect(story.subjects()[1]).toContain("still in trouble: real server 10.0.0.1:80 of tcp 192.0.2.10:80");
});

test("recipients hear what they asked for: services, severity", async () => {
  const ini =
    "[recipient web@example.org]\nservices = 192.0.2.10:80\nseverity = warning\n" +
    "[recipient dns@example.org]\nservices = *:53\n[webhook chat]\nurl = https://hooks.example.org/x\nseverity = critical\n";
  const { hear, pass, subjects, arrivals } = await open({ ini });
  hear("ldirectord", "warning", down(server(1)));
  await pass(seconds(10));
  const fact = { kind: "fallback.used", service: "udp 192.0.2.10:53", server: "127.0.0.1:53" } as const;
  hear("ldirectord", "critical", fact);
  await pass(seconds(10));
  expect(subjects("web@example.org")).toEqual([expect.stringContaining(server(1))]);
  expect(subjects("dns@example.org")).toEqual([expect.stringContaining("udp 192.0.2.10:53")]);
  expect(arrivals.filter(({ channel }) => channel === "webhook chat")).toHaveLength(1);
});

test.each<{ name: string; from: string; standby: boolean; subjects: readonly unknown[] }>([
  {
    name: "all (the default): a standby tells its own view",
    from: "all",
    standby: true,
    subjects: ["link ucast eth1 to lb1 is dead", "resource apache could not start", "released lb1"],
  },
  {
    name: "active: a standby tells only what nobody else knows, and what is critical",
    from: "active",
    standby: true,
    subjects: ["resource apache could not start"],
  },
  {
    name: "active: the active one tells all",
    from: "active",
    standby: false,
    subjects: ["link ucast eth1 to lb1 is dead", "resource apache could not start", "released lb1"],
  },
])("notify-from, $name", async ({ from, standby, subjects: expected }) => {
  const ini = `${OPS}[notifier]\nnotify-from = ${from}\n`;
  const { hear, pass, subjects, office } = await open({ ini, isStandby: () => standby });
  hear("heartbeat", "warning", { kind: "link.dead", peer: "lb1", medium: "ucast eth1" });
  await pass(minutes(1));
  const failed = { kind: "resource.failed", resource: "apache", action: "start", problem: "exit 1" } as const;
  hear("heartbeat", "critical", failed);
  await pass(minutes(1));
  const away = { kind: "vip.down", address: "192.0.2.10", device: "eth0", reason: "standby" } as const;
  hear("heartbeat", "notice", away);
  hear("heartbeat", "notice", { kind: "release.finished", groups: ["lb1"], reason: "standby", totalMs: 200 });
  await pass(minutes(1));
  expect(subjects()).toEqual(expected.map((text) => expect.stringContaining(String(text))));
  expect(office.letters("cur")).toEqual([]);
});

test("what happened while notifierd was away is judged by when it happened: three changes in an hour do not flap", async () => {
  const { office, pass, subjects } = await open();
  const ago = (minutesAgo: number, sequence: number, fact: Fact) =>
    office.take({
      ...{ v: 1, boot: "b9", sequence, node: "lb2", daemon: "ldirectord" },
      ...{ atMs: NOON - minutesAgo * 60_000, severity: "warning", fact },
    });
  ago(60, 1, down(server(1)));
  ago(40, 2, up(server(1)));
  ago(20, 3, down(server(1)));
  await pass(minutes(1));
  expect(subjects()).toEqual([
    expect.stringContaining("real server 10.0.0.1:80 of tcp 192.0.2.10:80 is down"),
  ]);
});

test("a letter that nobody can deliver is told to the others, and breeds no further letter", async () => {
  const answer: OfficeOptions["answer"] = (_letter, to) => ({
    ...{ type: "answered", server: "mail", tls: false },
    answers: to.map((address) => {
      const verdict = address.startsWith("gone") ? ("never" as const) : ("delivered" as const);
      return { address, verdict, reply: verdict === "never" ? "550 no such user" : "250" };
    }),
  });
  const { hear, pass, subjects } = await open({ answer, ini: `${OPS}[recipient gone@example.org]\n` });
  hear("ldirectord", "warning", down(server(1)));
  await pass(minutes(10));
  expect(subjects("ops@example.org")).toEqual([
    expect.stringContaining("is down"),
    expect.stringContaining("to gone@example.org was not delivered: 550 no such user"),
  ]);
});

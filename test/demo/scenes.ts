/** The six scenes, each with what must be seen. */
import type { LabNode } from "../lab/node.js";
import { elapse, until } from "../lab/until.js";
import type { Watcher } from "../lab/watcher.js";
import type { Client } from "./client.js";
import type { Pace } from "./pace.js";
import { type Stage, VIP } from "./stage.js";
import type { Story } from "./story.js";
import { weightOf } from "./table.js";

export interface Play {
  readonly stage: Stage;
  readonly story: Story;
  readonly client: Client;
  readonly watcher: Watcher;
  readonly pace: Pace;
  /** Shows the table of the director that owns the VIP. */
  readonly showTable: (node: LabNode) => Promise<void>;
}

const takeoverLimitMs = ({ deadtimeSeconds, graceMs }: Pace) => deadtimeSeconds * 1000 + graceMs;

/** Waits until exactly this node has the VIP. */
async function owned(play: Play, node: LabNode, limitMs: number): Promise<void> {
  await until(`${node.name} to have ${VIP}`, () => play.watcher.owners.join() === node.name, {
    limitMs,
    everyMs: 5,
  });
}

/** How many of the open connections are answered from now on; waits for TCP to send again what was lost. */
async function survivors(play: Play): Promise<void> {
  const { client, pace, story } = play;
  client.window();
  const limitMs = pace.deadtimeSeconds * 2000 + pace.graceMs;
  const report = await client.reportWhen(
    ({ streams }) => streams.answeredInWindow + streams.broken >= pace.streams,
    limitMs,
  );
  const { answeredInWindow: went } = report.streams;
  story.note("established connections that went on", `${went} of ${pace.streams}`, went === pace.streams);
}

/** Waits until the client is answered without a gap, and notes the outage since the window began. */
async function outage(play: Play, limitMs: number): Promise<void> {
  const { client, pace, story } = play;
  let before = -1;
  const calm = await client.reportWhen(({ answered, errors }) => {
    const settled = errors === before && answered > 0;
    before = errors;
    return settled;
  }, limitMs);
  const ok = calm.longestOutageMs < limitMs;
  const finest = 3 * pace.hammerMs; // shorter gaps are not told from the time between questions
  const seen = calm.longestOutageMs === 0 ? `under ${finest} ms` : `${calm.longestOutageMs} ms`;
  story.note("outage seen by the client", seen, ok);
}

/** (a) Both real servers serve. */
export async function bothServe(play: Play): Promise<void> {
  const { stage, story, client, watcher, pace } = play;
  story.scene("a", "both real servers serve");
  await until("a director to have the VIP", () => watcher.owners.length === 1, { limitMs: 60_000 });
  const [owner = ""] = watcher.owners;
  const serving = await client.reportWhen(
    ({ servers }) => (servers.real1 ?? 0) > 0 && (servers.real2 ?? 0) > 0,
    pace.checkSeconds * 10_000 + pace.graceMs,
  );
  story.note(
    "real servers that answer",
    Object.keys(serving.servers).sort().join(", "),
    Object.keys(serving.servers).length === 2,
  );
  client.openStreams();
  client.window();
  await elapse(pace.checkSeconds * 2000);
  const { answered, errors, servers, problems } = await client.report();
  const share = `real1 ${servers.real1 ?? 0}, real2 ${servers.real2 ?? 0}`;
  story.note("answers in two intervals (weights 1 and 2)", share, answered > 0);
  story.note(
    "client errors",
    `${errors}${problems.length > 0 ? ` (${problems.join("; ")})` : ""}`,
    errors === 0,
  );
  await play.showTable(stage.cluster.node(owner));
}

const REAL1 = "10.0.2.11:80";

/** (b) A real server's page loses the text: weight 0 within two intervals, no error after that; and back. */
export async function pageLost(play: Play): Promise<void> {
  const { stage, story, client, watcher, pace } = play;
  story.scene("b", "the page of real1 loses its text");
  const director = stage.cluster.node(watcher.owners[0] ?? "director1");
  const from = stage.events.length;
  const intervalMs = pace.checkSeconds * 1000;
  client.window();
  stage.setPage("real1", false);
  const lost = performance.now();
  const quiesced = async () => weightOf(await stage.call(director, "ldirectord", "status"), REAL1) === 0;
  await until("weight 0 of real1 in the kernel's table", quiesced, {
    limitMs: intervalMs * 4 + pace.graceMs,
    everyMs: 10,
  });
  const downMs = Math.round(performance.now() - lost);
  const allowed = 2 * intervalMs + pace.graceMs / 4;
  story.note("weight 0 after", `${downMs} ms (two intervals: ${2 * intervalMs} ms)`, downMs <= allowed);
  const { lastErrorMs = 0 } = await client.report();
  client.window();
  await elapse(intervalMs * 2);
  await play.showTable(director);
  const after = await client.report();
  story.note("last client error after", `${lastErrorMs} ms`, lastErrorMs <= downMs + pace.hammerMs);
  story.note("client errors after weight 0", String(after.errors), after.errors === 0);
  stage.setPage("real1", true);
  await stage.event(director, "real-server.up", from, intervalMs * 4 + pace.graceMs);
  client.window();
  const back = await client.reportWhen(
    ({ servers }) => (servers.real1 ?? 0) > 0,
    intervalMs * 4 + pace.graceMs,
  );
  story.note(
    "real1 answers again",
    back.servers.real1 === undefined ? "no" : "yes",
    back.servers.real1 !== undefined,
  );
}

/** (c) The active director dies, all of it. */
export async function activeKilled(play: Play): Promise<void> {
  const { stage, story, client, watcher, pace } = play;
  const [one, two] = stage.directors;
  if (one === undefined || two === undefined) throw new Error("demo: there are no two directors");
  story.scene("c", `${one.name}, which is active, is killed`);
  if (watcher.owners.join() !== one.name)
    throw new Error(`demo: ${watcher.owners.join() || "nobody"} has the VIP`);
  client.window();
  await stage.kill(one);
  story.say(one.name, "is dead");
  await owned(play, two, takeoverLimitMs(pace));
  await outage(play, takeoverLimitMs(pace));
  await survivors(play);
  await play.showTable(two);
  story.say(one.name, "is switched on again");
  const from = stage.events.length;
  await one.boot();
  await stage.startDirector(one);
  await stage.event(one, "sync.established", from, 30_000);
  await ready(play, one, two);
  story.note(
    "after its return the other keeps the VIP",
    watcher.owners.join(),
    watcher.owners.join() === two.name,
  );
}

/** Both directors say that the other is there and all is settled. */
async function ready({ stage }: Play, one: LabNode, two: LabNode): Promise<void> {
  for (const [node, peer] of [[one, two] as const, [two, one] as const]) {
    await until(
      `${node.name} to hear ${peer.name}`,
      () => {
        const words = stage.events.filter((event) => event.node === node.name && "peer" in event.fact);
        const last = words.findLast(({ fact }) => /^node\.(alive|dead)$/.test(fact.kind));
        return last?.fact.kind === "node.alive";
      },
      { limitMs: 30_000 },
    );
  }
}

/** (d) Failback by hand. */
export async function failback(play: Play): Promise<void> {
  const { stage, story, client, pace } = play;
  const [one, two] = stage.directors;
  if (one === undefined || two === undefined) throw new Error("demo: there are no two directors");
  story.scene("d", `failback: hb_standby on ${two.name}`);
  await elapse(pace.checkSeconds * 2000); // so that one has seen its real servers alive
  client.window();
  const { stdout, stderr } = await two.run(stage.program("heartbeat", "hb_standby", []));
  for (const line of `${stdout}${stderr}`.split("\n"))
    if (line.trim() !== "") story.say(two.name, line.trim());
  await owned(play, one, takeoverLimitMs(pace));
  await outage(play, takeoverLimitMs(pace));
  await survivors(play);
}

/** (e) The active heartbeat hangs. */
export async function activeFrozen(play: Play): Promise<void> {
  const { stage, story, client, watcher, pace } = play;
  const [one, two] = stage.directors;
  if (one === undefined || two === undefined) throw new Error("demo: there are no two directors");
  story.scene("e", `heartbeat on ${one.name}, which is active, is frozen (SIGSTOP)`);
  client.window();
  const before = watcher.sighting;
  stage.signal(one, "heartbeat", "SIGSTOP");
  await owned(play, two, takeoverLimitMs(pace));
  await outage(play, takeoverLimitMs(pace));
  story.say(one.name, "heartbeat goes on (SIGCONT)");
  stage.signal(one, "heartbeat", "SIGCONT");
  await elapse(pace.deadtimeSeconds * 1000 + 1000);
  const { samples, doubles, longestGapMs } = watcher.sighting;
  const looks = `${doubles - before.doubles} of ${samples - before.samples} moments (longest gap ${longestGapMs} ms)`;
  story.note("two nodes answered for the VIP at", looks, doubles === before.doubles);
  story.note("the VIP stays with", watcher.owners.join(), watcher.owners.join() === two.name);
  await survivors(play);
}

/** (f) What the mail server received. */
export async function mails(play: Play): Promise<void> {
  const { stage, story, pace } = play;
  story.scene("f", "the mails");
  const about = [/real1|10\.0\.2\.11/, /director1/];
  const subjects = () =>
    stage.letters().map(({ subject, firstLines }) => `${subject} ${firstLines.join(" ")}`);
  await until(
    "the mails",
    () => about.every((pattern) => subjects().some((subject) => pattern.test(subject))),
    { limitMs: 15_000 + pace.graceMs },
  ).catch(() => {}); // noted below
  for (const { to, subject, firstLines } of stage.letters()) {
    story.say("mail", `to ${to.join(", ")}: ${subject}`);
    for (const line of firstLines) console.log(`${" ".repeat(24)}${line}`);
  }
  const letters = stage.letters().length;
  story.note("mails received", String(letters), letters > 0);
  const missing = about.filter((pattern) => !subjects().some((subject) => pattern.test(subject)));
  story.note(
    "mails about the real server and the director",
    missing.length === 0 ? "both" : "missing",
    missing.length === 0,
  );
}

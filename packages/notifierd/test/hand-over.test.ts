/** A hand-over between two directors that live: two post offices in virtual time that can talk, or cannot. */
import { type Millis, milliseconds, seconds } from "@systole/machine";
import { afterEach, expect, test } from "vitest";
import type { Half } from "../src/core/hand-over.js";
import { halfWords, readWords, takenWords } from "../src/shell/half-words.js";
import type { ClusterEvent } from "../src/types.js";
import { NOON, type Office, openOffice } from "./office.js";

const OPS = "[recipient ops]\naddress = ops@example.org\n";
const opened: Office[] = [];
afterEach(() => {
  for (const office of opened.splice(0)) office.close();
});

interface PairOptions {
  readonly ini?: readonly [lb1: string, lb2: string];
  /** How long words are on their way; undefined: they are lost. */
  readonly travelMs?: number | undefined;
  readonly standby?: string;
}

class Pair {
  readonly said: string[] = [];
  readonly #options: PairOptions;
  readonly #offices = new Map<string, Office>();
  #sequence = 0;

  private constructor(options: PairOptions) {
    this.#options = options;
  }

  static async open(options: PairOptions = {}): Promise<Pair> {
    const pair = new Pair(options);
    for (const [index, node] of ["lb1", "lb2"].entries()) {
      const office = await openOffice({
        node,
        ini: options.ini?.[index] ?? OPS,
        isStandby: () => options.standby === node,
        tell: async (peer, text) => pair.#carry(node, peer, text),
      });
      pair.#offices.set(node, office);
      opened.push(office);
    }
    return pair;
  }

  node(name: string): Office {
    return this.#offices.get(name)!;
  }

  async pass(length: Millis): Promise<void> {
    // In small steps: they talk to each other.
    for (let left: number = length; left > 0; left -= 100)
      for (const office of this.#offices.values()) await office.pass(milliseconds(Math.min(100, left)));
  }

  subjects(): readonly string[] {
    return [...this.#offices.values()].flatMap((office) => office.subjects());
  }

  #carry(from: string, to: string, text: string): void {
    const { type } = JSON.parse(text) as { type: string }; // our own words
    this.said.push(`${from} ${type}`);
    const { travelMs = "lost" } = { travelMs: 10, ...this.#options };
    if (travelMs === "lost") return;
    const { clock, office } = this.node(to);
    const event = this.#event(to, text, from);
    clock.at(milliseconds(clock.now() + travelMs) as never, () => office.hearPeer(event));
  }

  #event(node: string, text: string, peer: string): ClusterEvent {
    this.#sequence += 1;
    const atMs = NOON + this.node(node).clock.now();
    const place = { v: 1, boot: "carrier", sequence: this.#sequence, node, daemon: "heartbeat" } as const;
    return { ...place, atMs, severity: "info", fact: { kind: "peer.said", peer, text } };
  }
}

/** hb_standby on lb1, as both heartbeats tell it; lb2 takes a second to start. */
async function handedOver(pair: Pair, extra: (lb1: Office) => void = () => {}): Promise<void> {
  const [lb1, lb2] = [pair.node("lb1"), pair.node("lb2")];
  const groups = ["192.0.2.10"];
  const vip = { address: "192.0.2.10", device: "eth0" };
  await pair.pass(seconds(600)); // nothing flaps
  extra(lb1);
  lb1.hear("heartbeat", "notice", { kind: "vip.down", ...vip, reason: "stopped" });
  const gave = { groups, reason: "standby", totalMs: 200, to: "lb2", ordered: true } as const;
  lb1.hear("heartbeat", "notice", { kind: "release.finished", ...gave });
  await pair.pass(milliseconds(500));
  const took = { groups, reason: "lb1 gave it", from: "lb1" };
  lb2.hear("heartbeat", "notice", { kind: "takeover.started", ...took });
  await pair.pass(seconds(1));
  lb2.hear("heartbeat", "info", { kind: "vip.up", ...vip, reason: "started" });
  const done = { ...took, steps: [{ step: "192.0.2.10", ms: 1000 }], totalMs: 1000, degraded: [] };
  lb2.hear("heartbeat", "notice", { kind: "takeover.finished", ...done });
  await pair.pass(seconds(30));
}

const TOOK = "[notice] lb2: took over VIP 192.0.2.10 in 1.0 s: lb1 gave it";
const RELEASED = "[notice] lb1: released 192.0.2.10 in 200 ms: standby";

test("a hand-over is one letter, of who has the VIP now, with both timelines", async () => {
  const pair = await Pair.open();
  await handedOver(pair);
  expect(pair.subjects()).toEqual([TOOK]);
  expect(pair.said).toEqual(["lb1 half", "lb2 taken"]);
  const [arrival] = pair.node("lb2").arrivals;
  expect(arrival!.at).toBeLessThan(610_000);
  expect(arrival!.letter.text.split("\n").slice(0, 8)).toEqual([
    "* 2026-11-20 12:10:00.001 lb1 heartbeat   VIP 192.0.2.10 is down on eth0: stopped",
    "* 2026-11-20 12:10:00.001 lb1 heartbeat   released 192.0.2.10 in 200 ms: standby",
    "* 2026-11-20 12:10:00.501 lb2 heartbeat   takeover of 192.0.2.10 begins: lb1 gave it",
    "  2026-11-20 12:10:01.501 lb2 heartbeat   VIP 192.0.2.10 is up on eth0: started",
    "* 2026-11-20 12:10:01.501 lb2 heartbeat   took over 192.0.2.10 in 1.0 s: lb1 gave it",
    "",
    "Nobody had 192.0.2.10 for 1.5 s, by the clocks of both.",
    "",
  ]);
  expect(pair.node("lb1").office.letters("done")[0]!.deliveries).toEqual([
    expect.objectContaining({ state: "spared", reply: "lb2 tells it" }),
  ]);
});

test.each<{ name: string; options: PairOptions; subjects: readonly string[]; missing: boolean }>([
  {
    name: "that do not hear each other: a letter from each",
    options: { travelMs: undefined },
    subjects: [RELEASED, TOOK],
    missing: true,
  },
  {
    name: "whose words take longer than the giver waits: a letter from each",
    options: { travelMs: 5000 },
    subjects: [RELEASED, TOOK],
    missing: true,
  },
  {
    name: "of which the taker would tell somebody else: a letter from each",
    options: { ini: [OPS, "[recipient night]\naddress = night@example.org\n"] },
    subjects: [RELEASED, TOOK],
    missing: true,
  },
  {
    name: "of which the taker tells more people: one letter",
    options: { ini: [OPS, `${OPS}[recipient night]\naddress = night@example.org\n`] },
    subjects: [TOOK],
    missing: false,
  },
  {
    name: "with notify-from = active: the standby does not even send what nobody took",
    options: { standby: "lb1", travelMs: undefined, ini: [`[notifier]\nnotify-from = active\n${OPS}`, OPS] },
    subjects: [TOOK],
    missing: true,
  },
  {
    name: "with notify-from = active: both timelines all the same",
    options: { standby: "lb1", ini: [`[notifier]\nnotify-from = active\n${OPS}`, OPS] },
    subjects: [TOOK],
    missing: false,
  },
])("two directors $name", async ({ options, subjects, missing }) => {
  const pair = await Pair.open(options);
  await handedOver(pair);
  expect(pair.subjects()).toEqual(subjects);
  const { text } = pair.node("lb2").arrivals[0]!.letter;
  expect(text.includes("lb1 did not tell its half in time")).toBe(missing);
  expect(text.includes("lb1 heartbeat   released 192.0.2.10")).toBe(!missing);
});

test("what is more than a notice the giver tells itself", async () => {
  const pair = await Pair.open();
  await handedOver(pair, (lb1) => {
    const failed = { resource: "apache", action: "stop", problem: "exit 1" } as const;
    lb1.hear("heartbeat", "critical", { kind: "resource.failed", ...failed });
  });
  expect(pair.subjects()).toEqual([expect.stringMatching(/^\[critical\] lb1: resource apache/), TOOK]);
});

test("a failback ends the giver's trouble in the giver's thread", async () => {
  const pair = await Pair.open();
  const lb1 = pair.node("lb1");
  lb1.hear("heartbeat", "critical", { kind: "node.dead", peer: "lb2", silenceMs: 9000, deadtimeMs: 9000 });
  await pair.pass(seconds(10));
  await handedOver(pair, () =>
    lb1.hear("heartbeat", "info", { kind: "node.alive", peer: "lb2", after: "death" }),
  );
  expect(pair.subjects()).toEqual([expect.stringMatching(/^\[critical\] lb1: lb2 is dead/), TOOK]);
  const [dead] = lb1.arrivals;
  expect(pair.node("lb2").arrivals[0]!.letter.inReplyTo).toBe(dead!.letter.messageId);
  lb1.hear("heartbeat", "info", { kind: "node.alive", peer: "lb2", after: "death" });
  await pair.pass(seconds(10));
  expect(pair.subjects()).toHaveLength(2); // the trouble is over for the giver, too
});

test("a giver that is killed while it waits sends its letter; a taker that is killed has the half in its spool", async () => {
  const pair = await Pair.open({ travelMs: undefined });
  const giver = pair.node("lb1");
  const gave = { groups: ["192.0.2.10"], reason: "standby", totalMs: 200, to: "lb2" } as const;
  giver.hear("heartbeat", "notice", { kind: "release.finished", ...gave });
  await pair.pass(milliseconds(2100));
  expect(giver.office.letters("cur").map(({ deliveries }) => deliveries[0]!.state)).toEqual(["standby"]);
  await giver.restart(seconds(1));
  await pair.pass(seconds(5));
  expect(giver.subjects()).toEqual([RELEASED]);

  const other = await Pair.open();
  const taker = other.node("lb2");
  other.node("lb1").hear("heartbeat", "notice", { kind: "release.finished", ...gave });
  await other.pass(milliseconds(2500));
  expect(other.said).toEqual(["lb1 half", "lb2 taken"]);
  await taker.restart(seconds(1));
  await other.pass(seconds(10));
  expect(other.subjects()).toEqual([expect.stringContaining("lb1: released 192.0.2.10")]);
  expect(taker.arrivals).toHaveLength(1);
});

test("words are printable ASCII and bounded: the story goes first, then there is no offer", () => {
  const event = (text: string): ClusterEvent => ({
    ...{ v: 1, boot: "b", sequence: 1, node: "lb1", daemon: "heartbeat", atMs: 1, severity: "notice" },
    fact: { kind: "release.finished", groups: ["g"], reason: text, totalMs: 1 },
  });
  const half = (events: readonly ClusterEvent[]): Half => ({
    ...{ type: "half", letters: ["1"], waitMs: 1000, to: [["mail", "ops@example.org"]], events, saidAtMs: 5 },
  });
  const umlaut = event("zurück\r\nX: 1");
  const words = halfWords(half([umlaut]), () => true)!;
  expect(words).toMatch(/^[ -~]+$/);
  expect(readWords("lb1", words)).toEqual(half([umlaut]));
  expect(readWords("lb2", words)).toBeUndefined(); // nobody speaks for another node
  const long = event("x".repeat(2900));
  expect(readWords("lb1", halfWords(half([umlaut, long]), (one) => one === umlaut)!)).toEqual(half([umlaut]));
  expect(halfWords(half([long]), () => true)).toBeUndefined();
  expect(readWords("lb2", takenWords({ type: "taken", letters: ["1"] }))).toEqual({
    type: "taken",
    letters: ["1"],
  });
  for (const wrong of [
    "",
    "{",
    "[]",
    "null",
    '{"type":"half","letters":[]}',
    '{"type":"taken","letters":[1]}',
  ])
    expect(readWords("lb1", wrong)).toBeUndefined();
});

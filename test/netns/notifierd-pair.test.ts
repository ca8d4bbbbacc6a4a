/** Two directors with a heartbeat and a notifierd each: what lies in the mailbox, and who wrote it. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { LabNode } from "../lab/node.js";
import { elapse, until } from "../lab/until.js";
import { type Pair, withPair } from "./heartbeat-pair.js";

const BIN = new URL("../../packages/notifierd/dist/bin/", import.meta.url).pathname;
const MAIL = "/var/log/lab/mail";
const ini = (more = "") => `[notifier]
sources = heartbeat
ceiling = 0
${more}
[smtp]
sendmail = /etc/systole/sendmail
[recipient ops@example.org]
`;

/** A director after its boot: a kernel of its own, as far as a container can have one, and notifierd. */
async function startNotifierd(node: LabNode): Promise<void> {
  const bootId = "/proc/sys/kernel/random/boot_id";
  await node.sh(`echo ${randomUUID()} >/run/boot_id && mount --bind /run/boot_id ${bootId}`);
  node.put("/etc/systole/sendmail", `#!/bin/sh\ncat >>${MAIL}\n`, 0o755);
  await node.sh(`mkdir -p -m 0700 /var/spool/systole/drop && touch ${MAIL}`);
  await node.daemon("notifierd", [process.execPath, `${BIN}notifierd.js`]);
}

const notifier = (node: LabNode, ...words: readonly string[]) =>
  node.run([process.execPath, `${BIN}notifier.js`, ...words]);

/** Subjects of all letters that the node wrote, in order. */
const subjects = (node: LabNode): readonly string[] =>
  [
    ...node
      .read(MAIL)
      .replaceAll(/\n[ \t]+/g, " ")
      .matchAll(/^Subject: (.*)$/gm),
  ].map(([, subject]) => subject!);

const heard = async (pair: Pair) =>
  await until("both to hear each other", () => pair.isWell(), { limitMs: 60_000 });

/** What is still collected becomes a letter now: after a power failure a standby waits for two minutes. */
async function settled(nodes: readonly LabNode[]): Promise<void> {
  await elapse(3000); // longer than group-wait
  for (const node of nodes) await notifier(node, "flush");
  for (const node of nodes) await until("letters to leave", async () => (await waitingOf(node)) === 0);
}

async function waitingOf(node: LabNode): Promise<number> {
  const { stdout } = await notifier(node, "status", "--json");
  return (JSON.parse(stdout) as { waiting: number }).waiting; // our own answer
}

test("a pair of directors loses power and comes back: the story in two letters, one from each", {
  timeout: 180_000,
}, async () => {
  const before = async (node: LabNode) => {
    node.put("/etc/systole/notifier.ini", ini());
    await startNotifierd(node);
  };
  await withPair({ before }, async (pair) => {
    await heard(pair);
    await settled(pair.nodes);
    const already = pair.nodes.map((node) => subjects(node).length);
    await Promise.all(pair.nodes.map((node) => node.kill()));
    for (const node of pair.nodes) {
      await node.boot();
      await startNotifierd(node);
      await pair.start(node);
    }
    await pair.ownedBy("director1", 60_000);
    await heard(pair);
    await until("the active one's letter", () => subjects(pair.nodes[0]).length > already[0]!, {
      limitMs: 60_000,
    });
    await settled(pair.nodes);
    const told = pair.nodes.map((node, index) => subjects(node).slice(already[index]));
    const back = /: this node is back after a power failure or a crash: last sign of life/;
    expect(told).toEqual([[expect.stringMatching(back)], [expect.stringMatching(back)]]);
    expect(pair.nodes[0].read(MAIL).replaceAll("=\n", "")).toMatch(
      /\* .* director1 heartbeat +took over IPaddr2::10\.0\.1\.200\/24\/pub in/,
    );
  });
});

test.each([
  { name: "each tells what it sees", from: "all" },
  { name: "the active one tells what both see", from: "active" },
])(
  "a hand-over there and back is one letter each time, with both timelines: $name",
  {
    timeout: 180_000,
  },
  async ({ from }) => {
    const before = async (node: LabNode) => {
      // Long waits: who is slow today shall not write a letter of its own.
      node.put("/etc/systole/notifier.ini", ini(`group-wait = 5s\nnotify-from = ${from}`));
      await startNotifierd(node);
    };
    await withPair({ before }, async (pair) => {
      await heard(pair);
      await settled(pair.nodes);
      const [first, second] = pair.nodes;
      for (const [giver, taker] of [
        [first, second],
        [second, first],
      ] as const) {
        const already = pair.nodes.map((node) => subjects(node).length);
        const index = pair.nodes.indexOf(taker);
        await pair.call(giver, "hb_standby");
        await pair.ownedBy(taker.name, 60_000);
        await until("the letter", () => subjects(taker).length > already[index]!, { limitMs: 90_000 });
        await until("the giver to know", async () => (await waitingOf(giver)) === 0, { limitMs: 30_000 });
        const told = pair.nodes.flatMap((node, at) => subjects(node).slice(already[at]));
        expect(told).toEqual([
          expect.stringMatching(`^\\[notice\\] ${taker.name}: took over VIP 10.0.1.200 in `),
        ]);
        const letter = taker.read(MAIL).replaceAll("=\n", "").split("\nSubject: ").at(-1)!;
        expect(letter).toMatch(`${giver.name} heartbeat   released IPaddr2::10.0.1.200/24/pub in`);
        expect(letter).toMatch(/Nobody had 10\.0\.1\.200 for \d+ ms, by the clocks of both\./);
      }
    });
  },
);

test("one of the pair loses power and comes back, auto_failback on: two letters of one thread, the second tells both sides", {
  timeout: 180_000,
}, async () => {
  const before = async (node: LabNode) => {
    node.put("/etc/systole/notifier.ini", ini("group-wait = 10s"));
    await startNotifierd(node);
  };
  await withPair({ before, haCf: "auto_failback on\n" }, async (pair) => {
    await heard(pair);
    await settled(pair.nodes);
    const [first, second] = pair.nodes;
    const already = pair.nodes.map((node) => subjects(node).length);
    const told = () => pair.nodes.flatMap((node, at) => subjects(node).slice(already[at]));
    await first.kill();
    await pair.ownedBy("director2", 60_000);
    await until("the first letter", () => subjects(second).length > already[1]!, { limitMs: 90_000 });
    await first.boot();
    await startNotifierd(first);
    await pair.start(first);
    await pair.ownedBy("director1", 60_000);
    await until("the second letter", () => told().length > 1, { limitMs: 90_000 });
    await until("the giver to know", async () => (await waitingOf(second)) === 0, { limitMs: 30_000 });
    expect(told()).toEqual([
      expect.stringMatching(/^\[warning\] director1: this node is back after a power failure or a crash: /),
      expect.stringMatching(/^\[critical\] director2: took over VIP 10\.0\.1\.200 in .*: director1 is gone/),
    ]);
    const [death, back] = [second, first].map((node) => node.read(MAIL).replaceAll("=\n", ""));
    const id = [...death!.matchAll(/^Message-ID: (.*)$/gim)].at(-1)![1]!;
    const letter = back!.split("\nSubject: ").at(-1)!;
    expect(back!.split(/^From: /m).at(-1)).toContain(`In-Reply-To: ${id}`);
    expect(letter).toMatch(/director2 heartbeat {3}director1 is alive again, after death/);
    expect(letter).toMatch(/director2 heartbeat {3}released IPaddr2::10\.0\.1\.200\/24\/pub in .*: failback/);
    expect(letter).toMatch(/director1 heartbeat {3}took over IPaddr2::10\.0\.1\.200\/24\/pub in/);
  });
});

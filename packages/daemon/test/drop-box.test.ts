/** Events that nobody keeps are files of the drop box; what a keeper has taken is not. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClusterEvent, type EventLog, eventLog } from "@systole/bus";
import { systemClock } from "@systole/machine";
import { type Logger, pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../test/lab/until.js";
import { type DropBox, openDropBox } from "../src/drop-box.js";

let directory: string;
let events: EventLog;
let complaints: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-drop-"));
  events = eventLog({
    boot: "b1",
    node: "lb1",
    daemon: "ldirectord.shop.cf",
    wallClock: () => 1000,
    monotonicMs: () => 0,
  });
  complaints = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(limit = 1000): DropBox {
  const log = pino({}, { write: (line) => void complaints.push(String(JSON.parse(line).msg)) }) as Logger;
  return openDropBox({
    ...{ directory, daemon: "ldirectord.shop.cf", boot: "b1", events, clock: systemClock(), log, limit },
  });
}

const say = (...files: string[]) =>
  files.map((file) => events.publish("info", { kind: "config.loaded", file }).sequence);
const dropped = (): readonly ClusterEvent[] =>
  readdirSync(directory)
    .filter((name) => !name.startsWith("tmp-")) // being written
    .sort()
    .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")));
const sequences = () => dropped().map(({ sequence }) => sequence);

test("nobody listens: each event is a file of its own, in order, for nobody else to read", async () => {
  open();
  say("a", "b", "c");
  await until("three files", () => sequences().length === 3);
  expect(dropped().map(({ fact }) => fact)).toEqual(
    ["a", "b", "c"].map((file) => ({ kind: "config.loaded", file })),
  );
  const [first] = readdirSync(directory).sort();
  expect(first).toBe("00000000001000.ldirectord-shop-cf.b1.0000000001.json");
  expect(statSync(join(directory, first!)).mode & 0o777).toBe(0o600);
});

test("a keeper listens: nothing is written; it is gone: what it had not taken is", async () => {
  const box = open();
  const keeper = box.keeper();
  say("a", "b", "c");
  keeper.taken(2);
  await box.keeper().gone(); // another one that came and went
  expect(sequences()).toEqual([]);
  keeper.gone();
  await until("the rest", () => sequences().length === 1);
  say("d");
  await until("the next", () => sequences().length === 2);
  expect(sequences()).toEqual([3, 4]);
});

test("a keeper comes back: it asks the event log, and the box gets no more", async () => {
  const box = open();
  say("a");
  await until("the file", () => sequences().length === 1);
  const keeper = box.keeper();
  keeper.taken(1);
  say("b");
  keeper.taken(2);
  await box.stop();
  expect(sequences()).toEqual([1]);
});

test("the daemon stops: its last words are taken or written before it ends", async () => {
  const box = open();
  const keeper = box.keeper();
  say("a", "b");
  keeper.taken(1);
  const stopped = box.stop();
  say("c"); // while it waits for the keeper
  keeper.gone();
  await stopped;
  expect(sequences()).toEqual([2, 3]);
});

test("no box, no notifierd: not a word; when it is there the events are, too", async () => {
  rmSync(directory, { recursive: true });
  open();
  say("a");
  await new Promise((resolve) => setImmediate(resolve));
  mkdirSync(directory);
  await until("the box to be used", () => {
    say("b");
    return sequences().length > 1;
  });
  expect(sequences().slice(0, 2)).toEqual([1, 2]);
  expect(complaints).toEqual([]);
});

test("others can write into the box: nothing is written, one complaint", async () => {
  chmodSync(directory, 0o777);
  open();
  say("a");
  await until("the complaint", () => complaints.length > 0);
  say("b");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(complaints).toEqual([
    `an event could not be left in ${directory} for notifierd: it is no directory, or others can write into it`,
  ]);
  expect(sequences()).toEqual([]);
});

test("more events than there may be files: the rest stays in memory, one complaint, and goes on when there is room", {
  timeout: 60_000,
}, async () => {
  open(20);
  for (let n = 0; n < 25; n++) say(String(n));
  await until("the complaint", () => complaints.length > 0, { limitMs: 30_000 });
  expect(complaints).toEqual([
    expect.stringContaining("20 of ldirectord.shop.cf wait there already; does notifierd run?"),
  ]);
  expect(sequences()).toHaveLength(20);
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  say("one more");
  await until("the rest", () => sequences().length === 6, { limitMs: 30_000 });
  await until("the good news", () => complaints.at(-1)!.includes("takes events again"));
});

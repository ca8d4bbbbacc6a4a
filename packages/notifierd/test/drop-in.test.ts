/** What the other daemons left: taken in order, once, and nothing that is not an event is thrown away. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@systole/daemon";
import { instant, seconds } from "@systole/machine";
import { fakeClock } from "@systole/machine/fake";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDropIn } from "../src/shell/drop-in.js";
import type { ClusterEvent } from "../src/types.js";
import { dead, serverDown } from "./event.js";

let root: string;
let directory: string;
let complaints: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "systole-drop-in-"));
  directory = join(root, "drop");
  mkdirSync(directory);
  complaints = [];
});
afterEach(() => rmSync(root, { recursive: true }));

const name = ({ atMs, daemon, boot, sequence }: ClusterEvent) =>
  `${String(atMs).padStart(14, "0")}.${daemon}.${boot}.${String(sequence).padStart(10, "0")}.json`;
const drop = (...events: readonly ClusterEvent[]) => {
  for (const event of events) writeFileSync(join(directory, name(event)), JSON.stringify(event));
};

function open(take: (event: ClusterEvent) => "taken" | "old" = () => "taken") {
  const clock = fakeClock(instant(0));
  const line = (_fields: object, text: string) => void complaints.push(text);
  const log = { error: line, info() {} } as unknown as Logger; // no more of a logger is used
  let old = 0;
  const parts = {
    directory,
    clock,
    wallClock: Date.now,
    log,
    take,
    onOld(count: number) {
      old += count;
    },
  };
  const dropIn = openDropIn(parts);
  return { clock, old: () => old, close: dropIn.close };
}

test("all that is there at the start, the oldest first, whoever wrote it; then the box is empty", () => {
  drop(serverDown(3), dead(1), serverDown(2, "10.0.0.12:80"));
  const taken: number[] = [];
  open(({ sequence }) => {
    taken.push(sequence);
    return "taken";
  });
  expect([taken, readdirSync(directory)]).toEqual([[1, 2, 3], []]);
});

test("what comes later is found within ten seconds", () => {
  const taken: number[] = [];
  const { clock, close } = open(({ sequence }) => {
    taken.push(sequence);
    return "taken";
  });
  drop(dead(7));
  clock.advance(seconds(9));
  expect(taken).toEqual([]);
  clock.advance(seconds(1));
  expect(taken).toEqual([7]);
  close();
  drop(dead(8));
  clock.advance(seconds(60));
  expect(taken).toEqual([7]);
});

test("the spool is full: the rest stays, one complaint, and it goes on when there is room", () => {
  drop(dead(1), dead(2), dead(3));
  const taken: number[] = [];
  let isFull = true;
  const { clock } = open(({ sequence }) => {
    if (isFull && sequence === 2) throw new Error("no space left (ENOSPC)");
    taken.push(sequence);
    return "taken";
  });
  clock.advance(seconds(30));
  expect([taken, readdirSync(directory).length]).toEqual([[1], 2]);
  expect(complaints).toEqual(["events in the drop box wait, they could not be kept: no space left (ENOSPC)"]);
  isFull = false;
  clock.advance(seconds(10));
  expect([taken, readdirSync(directory)]).toEqual([[1, 2, 3], []]);
});

test("too old to be told: counted", () => {
  drop(dead(1), dead(2));
  expect(open(() => "old").old()).toBe(2);
});

test("no event, and a link to somewhere: named once, left where they are; what a kill tore is swept", () => {
  writeFileSync(join(root, "elsewhere"), JSON.stringify(dead(1)));
  symlinkSync(join(root, "elsewhere"), join(directory, name(dead(1))));
  writeFileSync(join(directory, name(dead(2))), "{}");
  for (const torn of ["tmp-old", "tmp-new"]) writeFileSync(join(directory, torn), "{");
  utimesSync(join(directory, "tmp-old"), 0, 0);
  const { clock } = open(() => {
    throw new Error("nothing to take");
  });
  clock.advance(seconds(30));
  expect(complaints).toEqual([
    expect.stringContaining("left where it is"),
    expect.stringContaining("left where"),
  ]);
  expect(readdirSync(directory)).toEqual([name(dead(1)), name(dead(2)), "tmp-new"].sort());
});

test("no box: one is made where that is ours to do", () => {
  rmSync(directory, { recursive: true });
  open();
  expect(existsSync(directory)).toBe(true);
});

import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "@systole/daemon";
import { afterEach, beforeEach, expect, test } from "vitest";
import { trailTail } from "../src/audit-trail.js";
import { program } from "../src/program.js";

let directory: string;
let trail: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-events-"));
  trail = join(directory, "audit.jsonl");
  write([
    {
      text: "real server 10.0.0.13:80 of tcp 192.0.2.10:80 is down",
      severity: "warning",
      fact: down("10.0.0.13:80"),
    },
    {
      text: "real server 10.0.0.1:80 of tcp 192.0.2.10:80 is down",
      severity: "warning",
      fact: down("10.0.0.1:80"),
    },
    {
      text: "took over web",
      severity: "notice",
      fact: { kind: "takeover.finished", groups: ["web"], steps },
    },
    { text: "lb1 is dead", severity: "critical", fact: { kind: "node.dead", peer: "lb1" } },
  ]);
});
afterEach(() => rmSync(directory, { recursive: true }));

const steps = [{ step: "IPaddr2::192.0.2.10", ms: 12.4, error: "no such device" }];
const down = (server: string) => ({
  ...{ kind: "real-server.down", service: "tcp 192.0.2.10:80", server },
  transcript: "> GET /alive.html\n< \u001b[31mHTTP/1.1 500",
});

function write(records: readonly object[]): void {
  let previous = "0".repeat(64);
  const lines = records.map((record, index) => {
    const at = `2026-11-20T12:00:0${index}.000Z`;
    const line = JSON.stringify({ at, node: "lb2", daemon: "ldirectord", ...record, previous });
    previous = createHash("sha256").update(line).digest("hex");
    return line;
  });
  writeFileSync(trail, `${lines.join("\n")}\n`);
}

async function systole(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const add = (more: string) => {
    text += more;
  };
  const code = await runProgram(program(), {
    args: [...args, "--trail", trail],
    stdout: add,
    stderr: add,
    color: false,
  });
  return { code, text };
}

test("why: the story of a real server and of nobody else, with what was said to it", async () => {
  expect(await systole("why", "10.0.0.13")).toEqual({
    code: 0,
    text:
      "2026-11-20 12:00:00.000 ! lb2 ldirectord  real server 10.0.0.13:80 of tcp 192.0.2.10:80 is down\n" +
      "      > GET /alive.html\n      < ?[31mHTTP/1.1 500\n",
  });
});

test.each([
  { name: "10.0.0.13:80", events: 1 },
  { name: "192.0.2.10:80", events: 2 },
  { name: "192.0.2.10", events: 2 },
  { name: "LB1", events: 1 },
  { name: "web", events: 1 },
  { name: "10.0.0", events: 0 },
])("why $name: $events events", async ({ name, events }) => {
  const { code, text } = await systole("why", name, "--json");
  expect(JSON.parse(text).events).toHaveLength(events);
  expect(code).toBe(events === 0 ? 1 : 0);
});

test("why tells the steps of a takeover", async () => {
  expect((await systole("why", "web")).text).toContain(
    "      12 ms  IPaddr2::192.0.2.10  failed: no such device",
  );
});

test("events: the last ones, from a severity upwards", async () => {
  const { text } = await systole("events", "--last", "2", "--severity", "warning");
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(24, 25)),
  ).toEqual(["!", "X"]);
});

test("verify finds a line that was changed, and one that was removed", async () => {
  expect(await systole("events", "--verify")).toMatchObject({
    code: 0,
    text: "4 lines, 0 torn by a crash, 0 breaks\n",
  });
  const lines = readFileSync(trail, "utf8").split("\n");
  writeFileSync(
    trail,
    lines.map((line, index) => (index === 1 ? line.replace("10.0.0.1", "10.0.0.2") : line)).join("\n"),
  );
  expect(await systole("events", "--verify")).toMatchObject({
    code: 1,
    text: expect.stringContaining("line 3: "),
  });
  writeFileSync(trail, lines.toSpliced(1, 1).join("\n"));
  expect(await systole("events", "--verify")).toMatchObject({
    code: 1,
    text: expect.stringContaining("line 2: "),
  });
});

test("what follows is read once, whole lines only, also in a new file", () => {
  const more = trailTail(trail);
  expect(more()).toEqual([]);
  appendFileSync(trail, "one\ntw");
  expect(more()).toEqual(["one"]);
  appendFileSync(trail, "o\n");
  expect(more()).toEqual(["two"]);
  rmSync(trail);
  writeFileSync(trail, "three\n");
  expect(more()).toEqual(["three"]);
});

test("without a trail it says what is missing", async () => {
  rmSync(trail);
  expect(await systole("events")).toMatchObject({
    code: 1,
    text: expect.stringContaining("does notifierd run here"),
  });
});

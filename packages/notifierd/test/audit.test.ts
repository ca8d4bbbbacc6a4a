import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@systole/daemon";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AUDIT_FILE_BYTES, FIRST_HASH, hashOf, openAuditTrail } from "../src/shell/audit.js";
import { alive, dead, serverDown } from "./event.js";

let directory: string;
let path: string;
let complaints: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "systole-audit-"));
  path = join(directory, "audit.jsonl");
  complaints = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const log = { error: (_fields: object, text: string) => complaints.push(text) } as unknown as Logger; // all it uses
const lines = (file = path) => readFileSync(file, "utf8").trimEnd().split("\n");

test("each line has the hash of the line before, over a restart, too; nothing is written twice", () => {
  const trail = openAuditTrail(path, log);
  for (const event of [dead(1), serverDown(2), dead(1)]) trail.append(event);
  const again = openAuditTrail(path, log);
  for (const event of [serverDown(2), serverDown(3)]) again.append(event);
  const written = lines();
  const previous = written.map((line) => JSON.parse(line).previous);
  expect(previous).toEqual([FIRST_HASH, hashOf(written[0]!), hashOf(written[1]!)]);
  expect(JSON.parse(written[0]!)).toMatchObject({
    id: "lb2.heartbeat.b1.1",
    severity: "critical",
    node: "lb2",
  });
});

test("events of one story share an id, over a restart, too; the clock that never jumps is there", () => {
  openAuditTrail(path, log).append({ ...dead(1), monotonicMs: 61_000 });
  openAuditTrail(path, log).append({ ...alive(2), monotonicMs: 64_000 });
  expect(lines().map((line) => JSON.parse(line))).toMatchObject([
    { correlation: "lb2.heartbeat.b1.1", monotonicMs: 61_000 },
    { correlation: "lb2.heartbeat.b1.1", monotonicMs: 64_000 },
  ]);
});

test("each line says which configuration its daemon had read, over a restart, too", () => {
  const haCf = { kind: "config.loaded", file: "/etc/ha.d/ha.cf", sha256: "ab".repeat(32) } as const;
  openAuditTrail(path, log).append({ ...dead(1), fact: haCf });
  openAuditTrail(path, log).append(dead(2));
  openAuditTrail(path, log).append(serverDown(3));
  const config = { "ha.cf": "abababababab" };
  expect(lines().map((line) => JSON.parse(line))).toMatchObject([{ config }, { config }, { config: {} }]);
});

test("a line that a crash tore stays alone; the next one begins anew", () => {
  openAuditTrail(path, log).append(dead(1));
  appendFileSync(path, '{"half');
  openAuditTrail(path, log).append(dead(2));
  const written = lines();
  expect(written.map((line) => line.slice(0, 6))).toEqual(['{"sche', '{"half', '{"sche']);
  expect(JSON.parse(written[2]!).previous).toBe(hashOf(written[0]!));
});

test("a full file moves away, and the chain goes on", () => {
  openAuditTrail(path, log).append(dead(1));
  const first = lines()[0]!;
  appendFileSync(path, `${first}\n`.repeat(Math.ceil(AUDIT_FILE_BYTES / first.length)));
  const trail = openAuditTrail(path, log);
  trail.append(dead(2));
  expect(lines()).toHaveLength(1);
  expect(JSON.parse(lines()[0]!).previous).toBe(hashOf(lines(`${path}.1`).at(-1)!));
  expect(existsSync(`${path}.2`)).toBe(false);
});

test("a link in its place is not followed; that is told once", () => {
  const target = join(directory, "target");
  writeFileSync(target, "");
  symlinkSync(target, path);
  const trail = openAuditTrail(path, log);
  for (const event of [dead(1), dead(2)]) trail.append(event);
  expect(readFileSync(target, "utf8")).toBe("");
  expect(complaints).toHaveLength(1);
});

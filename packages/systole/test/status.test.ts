/** `systole status` against control sockets of a directory of its own: what it prints, and its exit code. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "@systole/daemon";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClusterStatus } from "../src/cluster.js";
import type { DirectorStatus, RealStatus } from "../src/director-status.js";
import { program } from "../src/program.js";
import { ageText } from "../src/status-view.js";

let root: string;
const servers: Server[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "systole-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
  rmSync(root, { recursive: true });
});

/** A daemon that answers every question with the same. */
async function daemon(name: string, answer: unknown): Promise<void> {
  mkdirSync(join(root, name));
  const server = createServer((socket) => {
    socket.on("data", () => socket.write(`${JSON.stringify({ id: 1, ok: true, result: answer })}\n`));
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((listening) => server.listen(join(root, name, "control"), listening));
  servers.push(server);
}

async function run(...args: readonly string[]) {
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  const code = await runProgram(program(root), { args, stdout: write, stderr: write, color: false });
  return { code, lines: text.trimEnd().split("\n") };
}

const up: RealStatus = {
  server: "10.0.0.11:80",
  forwarding: "gate",
  weight: 10,
  state: "up",
  forMs: 4 * 86_400_000,
  inTable: { weight: 10, activeConnections: 402, inactiveConnections: 7 },
};
const down: RealStatus = {
  ...up,
  ...{ server: "10.0.0.12:80", state: "down", forMs: 125_000, reason: "HTTP 500 on /alive.html" },
  transcript: "> GET /alive.html HTTP/1.1\n< HTTP/1.1 500 Oops",
  inTable: { weight: 0, activeConnections: 3, inactiveConnections: 0 },
};

const status = (reals: readonly RealStatus[], more: Partial<DirectorStatus> = {}) => ({
  schemaVersion: 1,
  active: true,
  config: "/etc/ha.d/ldirectord.cf",
  loadedAt: "2026-11-26T10:00:00.000Z",
  newerConfigRefused: false,
  dataPlane: "ip_vs",
  services: [{ service: "tcp 192.0.2.80:80", scheduler: "wlc", reals }],
  refused: [],
  ...more,
});

test("one line for each real server, and why one is down; degraded is 1", async () => {
  await daemon("ldirectord", status([up, down]));
  expect(await run("status", "--transcripts")).toEqual({
    code: 1,
    lines: [
      "ldirectord: active, ip_vs, /etc/ha.d/ldirectord.cf (loaded 2026-11-26T10:00:00Z)",
      "",
      "tcp 192.0.2.80:80  wlc  1 of 2 serve  DEGRADED",
      "    10.0.0.11:80  gate  weight 10/10  up    4d 0h  402 active",
      "    10.0.0.12:80  gate  weight 0/10   DOWN  2m     3 active    HTTP 500 on /alive.html",
      "      | > GET /alive.html HTTP/1.1",
      "      | < HTTP/1.1 500 Oops",
      "",
      "degraded, 1 down",
    ],
  });
});

test.each([
  { name: "all is well", reals: [up], more: {}, code: 0, last: "ok" },
  { name: "nobody serves", reals: [down], more: {}, code: 2, last: "critical, 1 down" },
  {
    name: "the kernel refused a change",
    reals: [up],
    more: { refused: ["change-real 10.0.0.11:80 of tcp:192.0.2.80:80: no such service (ESRCH)"] },
    code: 1,
    last: "degraded",
  },
  {
    name: "a broken file on disk",
    reals: [up],
    more: { newerConfigRefused: true },
    code: 1,
    last: "degraded",
  },
  {
    name: "drained by hand is as it should be while another one serves",
    reals: [up, { ...up, operator: { state: "drain", by: "anna", since: "2026-11-26T10:00:00.000Z" } }],
    more: {},
    code: 0,
    last: "ok, 1 changed by an operator",
  },
] as const)("$name: exit $code", async ({ reals, more, code, last }) => {
  await daemon("ldirectord", status(reals, more));
  const seen = await run("status");
  expect({ code: seen.code, last: seen.lines.at(-1) }).toEqual({ code, last });
});

const NOTHING = "neither heartbeat nor ldirectord runs here";

test("no daemon, one that was stopped, one that was killed, one of another version: unknown is 3", async () => {
  expect(await run("status")).toEqual({ code: 3, lines: [NOTHING] });
  mkdirSync(join(root, "ldirectord.stopped.cf"));
  expect(await run("status")).toEqual({ code: 3, lines: [NOTHING] });
  mkdirSync(join(root, "ldirectord.killed.cf"));
  writeFileSync(join(root, "ldirectord.killed.cf", "control"), "");
  await daemon("ldirectord", { ...status([up]), schemaVersion: 2 });
  const { code, lines } = await run("status");
  expect(code).toBe(3);
  expect(lines[0]).toBe("ldirectord: UNKNOWN");
  expect(lines[1]).toMatch(/another version/);
  expect(lines[3]).toBe("ldirectord.killed.cf: UNKNOWN");
  expect(lines[4]).toMatch(/nobody answers there/);
  expect(lines.at(-1)).toBe("unknown, 2 silent daemons");
});

test("--json: every director, with its answer as it came", async () => {
  await daemon("ldirectord", status([up]));
  const { code, lines } = await run("status", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(lines.join("\n"))).toMatchObject({
    schemaVersion: 1,
    health: "ok",
    directors: [{ kind: "status", daemon: "ldirectord", status: { services: [{ reals: [up] }] } }],
  });
});

test.each([
  [59_999, "59s"],
  [60_000, "1m"],
  [3_600_000 + 20 * 60_000, "1h 20m"],
  [90_000_000, "1d 1h"],
])("%i ms is %s", (ms, text) => expect(ageText(ms)).toBe(text));

const cluster: ClusterStatus = {
  node: "lb1",
  life: "operational",
  lease: { kind: "address", length: 3500 },
  nodes: [
    { node: "lb1", state: "active", silentMs: 0, links: [] },
    { node: "lb2", state: "up", silentMs: 40, links: ["hb1", "hb2"] },
  ],
  pings: [{ node: "10.0.0.254", state: "ping" }],
  groups: [
    { group: "IPaddr2::192.0.2.80/24/eth0", preferred: "lb1", here: "running", owner: "lb1" },
    { group: "backup", preferred: "lb2", here: "none", owner: "lb2" },
  ],
  vips: [{ address: "192.0.2.80", group: "IPaddr2::192.0.2.80/24/eth0" }],
};

test("nodes and VIPs stand first: who is alive, who has what", async () => {
  await daemon("heartbeat", cluster);
  await daemon("ldirectord", status([up]));
  const { code, lines } = await run("status");
  expect({ code, lines: lines.slice(0, 7), last: lines.at(-1) }).toEqual({
    code: 0,
    lines: [
      "heartbeat: lb1, operational",
      "    node  lb1         active   this node",
      "    node  lb2         up       heard 40 ms ago  hb1 hb2",
      "    ping  10.0.0.254  answers",
      "    vip    192.0.2.80  lb1  lease 3.5 s  prefers lb1",
      "    group  backup      lb2               prefers lb2",
      "",
    ],
    last: "ok",
  });
});

test("a peer that speaks with another key is told in its line", async () => {
  const other = { node: "lb2", state: "init", links: [], otherKey: "waits" };
  await daemon("heartbeat", { ...cluster, life: "joining", nodes: [cluster.nodes[0]!, other] });
  const { lines } = await run("status");
  expect(lines.slice(1, 3)).toEqual([
    "    node  lb1         active   this node",
    "    node  lb2         init     ANOTHER KEY: compare authkeys  this node waits",
  ]);
});

test("a resource that this node found down has a line of its own", async () => {
  const [first, second] = cluster.groups;
  await daemon("heartbeat", { ...cluster, groups: [{ ...first!, down: ["apache"] }, second!] });
  const { lines } = await run("status");
  expect(lines).toContain("    resource  apache  DOWN  of IPaddr2::192.0.2.80/24/eth0");
});

test.each([
  {
    name: "a dead node",
    more: { nodes: [cluster.nodes[0]!, { node: "lb2", state: "dead", links: [] }] },
    code: 1,
    last: "degraded, 1 dead nodes",
  },
  {
    name: "a peer with another key",
    more: { nodes: [cluster.nodes[0]!, { node: "lb2", state: "dead", links: [], otherKey: "noticed" }] },
    code: 1,
    last: "degraded, 1 dead nodes",
  },
  {
    name: "a start that waits because the peer has another key",
    more: {
      life: "joining",
      nodes: [cluster.nodes[0]!, { node: "lb2", state: "init", links: [], otherKey: "waits" }],
      groups: cluster.groups.map(({ owner: _, ...group }) => ({ ...group, here: "none" })),
    },
    code: 2,
    last: "critical",
  },
  {
    name: "a VIP that nobody has",
    more: { groups: cluster.groups.map(({ owner: _, ...group }) => ({ ...group, here: "none" })) },
    code: 2,
    last: "critical",
  },
  {
    name: "a resource that is down",
    more: { groups: [{ ...cluster.groups[0]!, down: ["apache"] }, cluster.groups[1]!] },
    code: 1,
    last: "degraded, 1 resources down",
  },
  { name: "another version", more: { vips: undefined }, code: 3, last: "unknown, 1 silent daemons" },
])("a cluster with $name: exit $code", async ({ more, code, last }) => {
  await daemon("heartbeat", { ...cluster, ...more });
  const seen = await run("status");
  expect({ code: seen.code, last: seen.lines.at(-1) }).toEqual({ code, last });
});

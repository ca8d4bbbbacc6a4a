/** Orders of operators: what they do to the table, how long they stand, and what they leave alone. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant } from "@systole/machine";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readOverrides, writeOverrides } from "../src/shell/overrides-file.js";
import { tableText } from "./ipvsadm.js";
import { makeWorld, type World } from "./world.js";

const CONFIG = (
  more = "",
  reals = "\treal=192.0.2.21:80 masq 5\n\treal=192.0.2.22:80 masq 7\n",
) => `checkinterval=1
negotiatetimeout=2
fallback=127.0.0.1:80
virtual=198.51.100.10:80
${reals}\treceive="OK"
${more}`;

const table = (world: World) => tableText(world.kernel.balancer.readNow()).slice(1);
const facts = (world: World) => world.events.since("test", 0).events.map(({ fact }) => fact.kind);
const BOTH = ["  192.0.2.21:80 Masq 5", "  192.0.2.22:80 Masq 7"];

async function running(more = ""): Promise<World> {
  const world = makeWorld();
  for (const server of ["192.0.2.21:80", "192.0.2.22:80"]) world.servers.set(server, { kind: "http" });
  world.configure(CONFIG(more));
  await world.advance(2500);
  expect(table(world)).toEqual(BOTH);
  return world;
}

test.each([
  { name: "drain", args: {}, line: "  192.0.2.21:80 Masq 0" },
  { name: "weight", args: { weight: 2 }, line: "  192.0.2.21:80 Masq 2" },
])("$name stands through checks and reloads, ready takes it back", async ({ name, args, line }) => {
  const world = await running();
  await world.operate({ order: name, server: "192.0.2.21", by: "anna", ...args });
  expect(table(world)).toEqual([line, BOTH[1]]);
  await world.advance(3000);
  world.configure(CONFIG("\tscheduler=rr\n"));
  await world.advance(3000);
  expect(table(world)).toEqual([line, BOTH[1]]);
  await world.operate({ order: "ready", server: "192.0.2.21:80" });
  expect(table(world)).toEqual(BOTH);
  expect(facts(world)).toEqual(["real-server.operated", "real-server.operated"]);
});

test("drain keeps the entry also where a dead server is removed: its connections go on", async () => {
  const world = await running("\tquiescent=no\n");
  await world.operate({ order: "drain", server: "192.0.2.21:80" });
  expect(table(world)).toEqual(["  192.0.2.21:80 Masq 0", BOTH[1]]);
  await world.operate({ order: "maint", server: "192.0.2.21:80" });
  expect(table(world)).toEqual([BOTH[1]]);
});

test("maint: nobody hears of its failing checks; ready gives weight only to one that passes", async () => {
  const world = await running();
  await world.operate({ order: "maint", server: "192.0.2.21" });
  world.servers.set("192.0.2.21:80", { kind: "down" });
  await world.advance(3000);
  expect(facts(world)).toEqual(["real-server.operated"]);
  await world.operate({ order: "ready", server: "192.0.2.21" });
  await world.advance(1500);
  expect(table(world)).toEqual([BOTH[1]]);
  world.servers.set("192.0.2.21:80", { kind: "http" });
  await world.advance(1500);
  expect(table(world)).toEqual(BOTH);
});

test("the last one is taken out: the fallback serves, until it is ready again", async () => {
  const world = await running();
  for (const server of ["192.0.2.21", "192.0.2.22"]) await world.operate({ order: "drain", server });
  expect(table(world)).toEqual([
    "  127.0.0.1:80 Route 1",
    "  192.0.2.21:80 Masq 0",
    "  192.0.2.22:80 Masq 0",
  ]);
  await world.operate({ order: "ready", server: "192.0.2.22" });
  expect(table(world)).toEqual(["  192.0.2.21:80 Masq 0", BOTH[1]]);
});

test("an order with an end takes itself back", async () => {
  const world = await running();
  await world.operate({ order: "drain", server: "192.0.2.21", forMs: 5000 });
  await world.advance(4900);
  expect(table(world)).toEqual(["  192.0.2.21:80 Masq 0", BOTH[1]]);
  await world.advance(200);
  expect(table(world)).toEqual(BOTH);
  expect(world.kept.at(-1)?.size).toBe(0);
});

test("a server that a reload takes away and another one brings back is still drained", async () => {
  const world = await running();
  await world.operate({ order: "drain", server: "192.0.2.21:80" });
  world.configure(CONFIG("", "\treal=192.0.2.22:80 masq 7\n"));
  await world.advance(1500);
  expect(table(world)).toEqual([BOTH[1]]);
  world.configure(CONFIG());
  await world.advance(3000);
  expect(table(world)).toEqual(["  192.0.2.21:80 Masq 0", BOTH[1]]);
});

test("a new process goes on with the orders that were kept, and gives a drained server no weight for a moment", async () => {
  const before = await running("\tquiescent=yes\n");
  await before.operate({ order: "drain", server: "192.0.2.21:80" });
  const world = makeWorld("active", undefined, before.kept.at(-1)!);
  for (const server of ["192.0.2.21:80", "192.0.2.22:80"]) world.servers.set(server, { kind: "http" });
  world.configure(CONFIG("\tquiescent=yes\n"));
  await world.advance(3000);
  expect(table(world)).toEqual(["  192.0.2.21:80 Masq 0", BOTH[1]]);
  const weights = world.changes.flatMap((change) =>
    "real" in change && "weight" in change.real && change.real.endpoint.address === "192.0.2.21"
      ? [change.real.weight]
      : [],
  );
  expect(weights).toEqual([0]);
});

test.each([
  [{ order: "drain", server: "192.0.2.99" }, /no real server 192\.0\.2\.99; there are: 192\.0\.2\.21:80 192/],
  [{ order: "drain", server: "192.0.2.21", service: "198.51.100.11:80" }, /in 198\.51\.100\.11:80/],
  [{ order: "weight", server: "192.0.2.21", weight: 65_536 }, /from 0 to 65535/],
  [{ order: "weight", server: "192.0.2.21" }, /from 0 to 65535/],
  [{ order: "stop", server: "192.0.2.21" }, /must be drain, ready, maint or weight/],
  [{ order: "drain", server: "192.0.2.21", forMs: -1 }, /forMs/],
])("%j is refused and changes nothing", async (args, problem) => {
  const world = await running();
  await expect(world.operate(args)).rejects.toThrow(problem);
  expect(table(world)).toEqual(BOTH);
});

test("a fact about a real server is told only when the table has followed", async () => {
  const world = await running("\tquiescent=yes\n");
  const seen: string[] = [];
  world.events.watch(({ fact }) => {
    if (fact.kind.startsWith("real-server.")) seen.push(`${fact.kind} ${table(world)[0]!.trim()}`);
  });
  world.servers.set("192.0.2.21:80", { kind: "down" });
  await world.advance(2000);
  world.servers.set("192.0.2.21:80", { kind: "http" });
  await world.advance(2000);
  expect(seen).toEqual(["real-server.down 192.0.2.21:80 Masq 0", "real-server.up 192.0.2.21:80 Masq 5"]);
});

test("a change that is refused does not keep others waiting", async () => {
  const world = makeWorld("active", (change) =>
    change.type === "add-real" && change.real.endpoint.address === "192.0.2.23" ? "EPERM" : undefined,
  );
  for (const last of [21, 22, 23]) world.servers.set(`192.0.2.${last}:80`, { kind: "http" });
  world.configure(
    CONFIG("", "\treal=192.0.2.21:80 masq 5\n\treal=192.0.2.22:80 masq 7\n\treal=192.0.2.23:80 masq\n"),
  );
  await world.advance(20_000); // by now the pause between two tries is long
  world.servers.set("192.0.2.21:80", { kind: "down" });
  await world.advance(1500);
  expect(table(world)).toEqual([BOTH[1]]);
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ldirectord-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("on disk and back; what ended meanwhile is gone, what is no such file is put aside", () => {
  const path = join(directory, "ldirectord", "overrides.json");
  const base = { by: "anna", why: "disk swap", sinceMs: 1000 };
  const forever = {
    ...base,
    order: { kind: "weight", weight: 3 },
    untilMs: undefined,
    until: undefined,
  } as const;
  const short = { ...base, order: { kind: "drain" }, untilMs: 5000, until: instant(1) } as const;
  writeOverrides(
    path,
    new Map([
      [
        "tcp:198.51.100.10:80",
        new Map<string, typeof forever | typeof short>([
          ["192.0.2.21:80", forever],
          ["192.0.2.22:80", short],
        ]),
      ],
    ]),
  );
  const at = (wallMs: number) =>
    readOverrides(path, { now: instant(100), wallMs }).overrides.get("tcp:198.51.100.10:80");
  expect(at(6000)).toEqual(new Map([["192.0.2.21:80", forever]]));
  expect(at(4000)?.get("192.0.2.22:80")).toEqual({ ...short, until: instant(1100) });
  writeFileSync(path, '{"orders":[{"service":1}]}');
  const { overrides, problem } = readOverrides(path, { now: instant(0), wallMs: 0 });
  expect(overrides.size).toBe(0);
  expect(problem).toMatch(/kept as .*overrides\.json\.unreadable/);
  expect(readFileSync(`${path}.unreadable`, "utf8")).toContain('"service":1');
});

/** The director in virtual time: what must hold at every moment, whatever the servers do. */
import { formatEndpoint } from "@systole/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { tableText } from "./ipvsadm.js";
import { makeWorld, type World } from "./world.js";

const CONFIG = (more = "") => `checkinterval=1
negotiatetimeout=2
fallback=127.0.0.1:80
virtual=198.51.100.10:80
\treal=192.0.2.21:80 masq 5
\treal=192.0.2.22:80 masq 7
\treceive="OK"
${more}`;

const facts = (world: World) => world.events.since("test", 0).events.map(({ fact }) => fact);

/** No weight without a success, fallback exactly when nobody is up: as the table has it now. */
function invariants(world: World): void {
  if (world.state().table.phase.kind !== "idle") return; // the table is about to follow
  const [entry] = world.kernel.balancer.readNow();
  if (entry === undefined) return;
  const service = [...world.state().services.values()][0]!;
  const weights = new Map(entry.reals.map(({ endpoint, weight }) => [formatEndpoint(endpoint), weight]));
  for (const [key, { up }] of service.reals) if (!up) expect(weights.get(key) ?? 0).toBe(0);
  const anyUp = [...service.reals.values()].some(({ up }) => up);
  expect(weights.has("127.0.0.1:80")).toBe(!anyUp);
}

test("whatever the servers do, no dead server has weight, and the fallback is in exactly when nobody is up", async () => {
  const move = fc.record({
    server: fc.constantFrom("192.0.2.21:80", "192.0.2.22:80"),
    kind: fc.constantFrom("http", "down", "tarpit", "drop", "bad"),
    seconds: fc.integer({ min: 0, max: 4 }),
  });
  const more = fc.constantFrom("", "\tquiescent=yes\n", "\tfailurecount=2\n");
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 8 }), more, async (moves, extra) => {
      const world = makeWorld();
      world.configure(CONFIG(extra));
      for (const { server, kind, seconds } of moves) {
        world.servers.set(server, kind === "bad" ? { kind: "http", body: "no" } : { kind });
        await world.advance(seconds * 1000);
        invariants(world);
      }
      for (const server of ["192.0.2.21:80", "192.0.2.22:80"]) world.servers.set(server, { kind: "http" });
      await world.advance(5000);
      expect(tableText(world.kernel.balancer.readNow())).toEqual([
        "TCP 198.51.100.10:80 wrr",
        "  192.0.2.21:80 Masq 5",
        "  192.0.2.22:80 Masq 7",
      ]);
    }),
    { numRuns: 40 },
  );
}, 60_000);

test("a thousand first verdicts within a second are at most fifty batches, and nobody waits longer for weight", async () => {
  const world = makeWorld();
  const reals = Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
  for (const real of reals) world.servers.set(real, { kind: "http" });
  const lines = reals.map((real) => `\treal=${real} masq\n`);
  world.configure(`checkinterval=1\nvirtual=198.51.100.10:80\n${lines.join("")}\tquiescent=yes\n`);
  await world.advance(1100);
  expect(world.looks.count).toBeLessThanOrEqual(1 + 1100 / 20);
  const [entry] = world.kernel.balancer.readNow();
  expect(entry!.reals.filter(({ weight }) => weight === 1)).toHaveLength(1000);
});

test("events: why a server is down, what was said, the fallback and the way back; nothing for a healthy start", async () => {
  const world = makeWorld();
  for (const server of ["192.0.2.21:80", "192.0.2.22:80"]) world.servers.set(server, { kind: "http" });
  world.configure(CONFIG());
  await world.advance(3000);
  expect(facts(world)).toEqual([]);
  world.servers.set("192.0.2.21:80", { kind: "http", status: "500 Oops", body: "sorry" });
  await world.advance(1500);
  world.servers.set("192.0.2.22:80", { kind: "down" });
  await world.advance(1500);
  world.servers.set("192.0.2.22:80", { kind: "http" });
  await world.advance(1500);
  expect(facts(world)).toEqual([
    {
      kind: "real-server.down",
      service: "tcp 198.51.100.10:80",
      server: "192.0.2.21:80",
      reason: "HTTP 500 Oops on /",
      action: "removed",
      transcript: expect.stringContaining("> GET / HTTP/1.1\n> Host: 192.0.2.21\n"),
    },
    {
      kind: "real-server.down",
      service: "tcp 198.51.100.10:80",
      server: "192.0.2.22:80",
      reason: "192.0.2.22:80 refused the connection",
      action: "removed",
    },
    { kind: "fallback.used", service: "tcp 198.51.100.10:80", server: "127.0.0.1:80" },
    {
      kind: "real-server.up",
      service: "tcp 198.51.100.10:80",
      server: "192.0.2.22:80",
      weight: 7,
      downMs: expect.any(Number),
    },
    { kind: "fallback.left", service: "tcp 198.51.100.10:80", server: "127.0.0.1:80" },
  ]);
});

test("standby: nothing is touched and nothing published; activate brings what is known, at once", async () => {
  const world = makeWorld("standby");
  world.servers.set("192.0.2.21:80", { kind: "http" });
  world.configure(CONFIG("\tquiescent=yes\n"));
  await world.advance(3000);
  expect([world.changes, facts(world)]).toEqual([[], []]);
  expect(await world.request("activate")).toEqual([]);
  expect(tableText(world.kernel.balancer.readNow())).toEqual([
    "TCP 198.51.100.10:80 wrr",
    "  192.0.2.21:80 Masq 5",
    "  192.0.2.22:80 Masq 0",
  ]);
  expect(await world.request("deactivate")).toEqual([]);
  expect(world.kernel.balancer.readNow()).toEqual([]);
});

test("cleanstop=no: deactivate leaves the table as it is", async () => {
  const world = makeWorld();
  world.servers.set("192.0.2.21:80", { kind: "http" });
  world.configure(CONFIG("\tcleanstop=no\n"));
  await world.advance(2000);
  const before = tableText(world.kernel.balancer.readNow());
  await world.request("deactivate");
  expect(tableText(world.kernel.balancer.readNow())).toEqual(before);
});

test("a refusal is told once, tried again with pauses, and mends itself", async () => {
  let refusing = true;
  const world = makeWorld("active", (change) =>
    refusing && change.type === "add-service" ? "EPERM" : undefined,
  );
  world.servers.set("192.0.2.21:80", { kind: "http" });
  world.configure(CONFIG());
  await world.advance(10_000);
  const refusals = facts(world).filter(({ kind }) => kind === "table.refused");
  const services = new Set(refusals.map((fact) => ("change" in fact ? fact.change : "")));
  expect([...services]).toContain("add-service tcp:198.51.100.10:80");
  expect(refusals).toHaveLength(services.size);
  refusing = false;
  await world.advance(20_000);
  expect(tableText(world.kernel.balancer.readNow())).toEqual([
    "TCP 198.51.100.10:80 wrr",
    "  192.0.2.21:80 Masq 5",
  ]);
});

test("reconcile: a service that vanished comes back, a real server deleted by hand does not; with strict it does", async () => {
  for (const [directive, wanted] of [
    ["reconcile=2", ["  192.0.2.22:80 Masq 7"]],
    ["reconcile=2 strict", ["  192.0.2.21:80 Masq 5", "  192.0.2.22:80 Masq 7"]],
  ] as const) {
    const world = makeWorld();
    for (const server of ["192.0.2.21:80", "192.0.2.22:80"]) world.servers.set(server, { kind: "http" });
    world.configure(`${directive}\n${CONFIG()}`);
    await world.advance(3000);
    const [{ service, reals }] = world.kernel.balancer.readNow() as [
      ReturnType<typeof world.kernel.balancer.readNow>[number],
    ];
    const gone = reals.find(({ endpoint }) => formatEndpoint(endpoint) === "192.0.2.21:80")!;
    world.kernel.balancer.applyNow([{ type: "remove-real", id: service.id, real: gone.endpoint }]);
    await world.advance(3000);
    expect(tableText(world.kernel.balancer.readNow())).toEqual(["TCP 198.51.100.10:80 wrr", ...wanted]);
    world.kernel.balancer.applyNow([{ type: "remove-service", id: service.id }]);
    await world.advance(3000);
    expect(tableText(world.kernel.balancer.readNow())).toEqual([
      "TCP 198.51.100.10:80 wrr",
      "  192.0.2.21:80 Masq 5",
      "  192.0.2.22:80 Masq 7",
    ]);
  }
});

test("a thousand checks start within a second and are spread over the interval after it", async () => {
  const world = makeWorld();
  const reals = Array.from(
    { length: 1000 },
    (_, index) => `\treal=10.1.${index >> 8}.${index & 255}:80 masq\n`,
  );
  world.configure(`checkinterval=10\nvirtual=198.51.100.10:80\n${reals.join("")}\treceive="OK"\n`);
  await world.advance(1100);
  const due = [...world.state().checks.values()].map(({ phase }) =>
    phase.kind === "waiting" ? phase.dueAt : 0,
  );
  const perSecond = Array.from(
    { length: 11 },
    (_, second) => due.filter((at) => Math.floor(at / 1000) === second).length,
  );
  expect(Math.max(...perSecond)).toBeLessThan(120);
  expect(due.filter((at) => at === 0)).toEqual([]);
});

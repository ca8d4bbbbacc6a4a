/** Real packets through the nftables data plane: client, director and two real servers in namespaces. */
import { type Kernel, openKernel, type RealServer, type VirtualService } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { parseEndpoint } from "@systole/wire";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";
import { ask, gateReal, masqDirector, openStream, serve, tally, VIP, VIP6 } from "./traffic/traffic.js";

let cluster: Cluster;
let kernel: Kernel;

const client = () => cluster.node("client");

const service = (endpoint: string, more: Partial<VirtualService> = {}): VirtualService => ({
  id: { kind: "address", protocol: "tcp", ...parseEndpoint(endpoint)! }, // written out below, all valid
  scheduler: "wrr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
  ...more,
});

const udp = (endpoint: string): VirtualService => {
  const tcp = service(endpoint);
  return tcp.id.kind === "address" ? { ...tcp, id: { ...tcp.id, protocol: "udp" } } : tcp;
};

const real = (
  endpoint: string,
  weight: number,
  forwarding: RealServer["forwarding"] = "masq",
): RealServer => ({
  endpoint: parseEndpoint(endpoint)!, // written out below, all valid
  forwarding,
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
});

async function apply(...changes: Parameters<Kernel["balancer"]["apply"]>[0]): Promise<void> {
  for (const { error } of await kernel.balancer.apply(changes)) if (error) throw error;
}

const setUp = (wanted: VirtualService, ...reals: readonly RealServer[]) =>
  apply(
    { type: "add-service", service: wanted },
    ...reals.map((each) => ({ type: "add-real", id: wanted.id, real: each }) as const),
  );

const change = (wanted: VirtualService, ...reals: readonly RealServer[]) =>
  apply(...reals.map((each) => ({ type: "change-real", id: wanted.id, real: each }) as const));

const tearDown = async () =>
  apply(
    ...(await kernel.balancer.read()).map(({ service: { id } }) => ({ type: "remove-service", id }) as const),
  );

async function openDirector(): Promise<void> {
  const director = cluster.node("director1");
  kernel = await openKernel({
    dataPlane: "nftables",
    nftCommand: director.enter(["nft"]),
    within: (make) => inNamespace(`/proc/${director.pid}/ns/net`, make),
  });
}

describe("masq", () => {
  beforeAll(async () => {
    cluster = await makeCluster({ topology: ultraMonkey({ directors: 1 }) });
    await masqDirector(cluster, "director1");
    await Promise.all(["real1", "real2"].map((name) => serve(cluster.node(name), 80, 8080)));
    await openDirector();
  });
  afterEach(tearDown);
  afterAll(async () => {
    await kernel.close();
    await cluster.close();
  });

  test("wrr: weights 3 and 1, exactly, smoothly, and counted", async () => {
    await setUp(service(`${VIP}:80`), real("10.0.2.11:80", 3), real("10.0.2.12:80", 1));
    const answers = await ask(client(), { host: VIP, port: 80, count: 16 });
    expect(tally(answers)).toEqual({ real1: 12, real2: 4 });
    expect(answers.slice(0, 4)).toEqual(["real1", "real1", "real2", "real1"]);
    const [entry] = await kernel.balancer.read();
    expect(entry!.reals.map(({ counters }) => counters.connections)).toEqual([12n, 4n]);
  });

  test("the real servers' ports may differ", async () => {
    await setUp(service(`${VIP}:80`), real("10.0.2.11:8080", 1), real("10.0.2.12:80", 1));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 4 }))).toEqual({ real1: 2, real2: 2 });
  });

  test("weight 0: no new connection, the established one goes on; all weights 0: refused", async () => {
    const web = service(`${VIP}:80`);
    await setUp(web, real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    const streams = [await openStream(client(), VIP, 80), await openStream(client(), VIP, 80)];
    expect(streams.map(({ server }) => server).sort()).toEqual(["real1", "real2"]);
    const [entry] = await kernel.balancer.read();
    expect(entry!.reals.map(({ counters }) => counters.activeConnections)).toEqual([1, 1]);

    await change(web, real("10.0.2.11:80", 0));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 4 }))).toEqual({ real2: 4 });
    for (const stream of streams) expect(await stream.echo()).toBe(stream.server);

    await change(web, real("10.0.2.12:80", 0));
    expect(await ask(client(), { host: VIP, port: 80 })).toEqual(["ECONNREFUSED"]);
    for (const stream of streams) expect(await stream.echo()).toBe(stream.server);

    await change(web, real("10.0.2.11:80", 2));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 2 }))).toEqual({ real1: 2 });
    for (const stream of streams) {
      expect(await stream.echo()).toBe(stream.server);
      await stream.close();
    }
  });

  test("no connection is lost while the weights change all the time", async () => {
    const web = service(`${VIP}:80`);
    await setUp(web, real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    let changes = 0;
    const changing = (async () => {
      for (; changes < 12; changes++)
        await change(web, real("10.0.2.11:80", changes % 3), real("10.0.2.12:80", 1 + (changes % 2)));
    })();
    const answers: string[] = [];
    do answers.push(...(await ask(client(), { host: VIP, port: 80, count: 200 })));
    while (changes < 12);
    await changing;
    const { real1 = 0, real2 = 0, ...others } = tally(answers);
    expect(others).toEqual({});
    expect(real1 + real2).toBe(answers.length);
  });

  test("persistence: a client's network stays with its real server, and forgets after the timeout", async () => {
    const from = ["10.0.1.101", "10.0.1.102", "10.0.1.165", "10.0.1.166"];
    for (const address of from) await client().run(["ip", "address", "add", `${address}/24`, "dev", "pub"]);
    const sticky = service(`${VIP}:80`, { persistence: { timeoutSeconds: 2, prefixLength: 26 } });
    await setUp(sticky, real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    const answers = await ask(client(), { host: VIP, port: 80, count: 12, from });
    const [first, , third] = answers;
    expect(new Set([first, third])).toEqual(new Set(["real1", "real2"]));
    expect(answers).toEqual(Array(3).fill([first, first, third, third]).flat());
    await elapse(3500);
    const later = await ask(client(), { host: VIP, port: 80, count: 1, from: [from[2]!] });
    expect(later).toEqual([first]);
  });

  test("persistence: weight 0 keeps the clients it has, removal does not", async () => {
    const sticky = service(`${VIP}:80`, { persistence: { timeoutSeconds: 60, prefixLength: 32 } });
    await setUp(sticky, real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    const [mine] = await ask(client(), { host: VIP, port: 80 });
    const endpoint = mine === "real1" ? "10.0.2.11:80" : "10.0.2.12:80";
    await change(sticky, real(endpoint, 0));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 3 }))).toEqual({ [mine!]: 3 });
    await apply({ type: "remove-real", id: sticky.id, real: parseEndpoint(endpoint)! });
    const { [mine!]: stayed = 0, ...others } = tally(await ask(client(), { host: VIP, port: 80, count: 3 }));
    expect(stayed).toBe(0);
    expect(Object.values(others)).toEqual([3]);
  });

  test("UDP, each client port a flow of its own", async () => {
    await setUp(udp(`${VIP}:80`), real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    const answers = await ask(client(), { host: VIP, port: 80, protocol: "udp", count: 6 });
    expect(tally(answers)).toEqual({ real1: 3, real2: 3 });
  });

  test("IPv6", async () => {
    await setUp(service(`[${VIP6}]:80`), real("[fd00:2::11]:80", 1), real("[fd00:2::12]:8080", 1));
    expect(tally(await ask(client(), { host: VIP6, port: 80, count: 4 }))).toEqual({ real1: 2, real2: 2 });
  });

  test("IPv6 with persistence of a network, and with sh by port", async () => {
    const reals = [real("[fd00:2::11]:80", 1), real("[fd00:2::12]:80", 1)];
    const web = service(`[${VIP6}]:80`, { persistence: { timeoutSeconds: 60, prefixLength: 64 } });
    await setUp(web, ...reals);
    expect(new Set(await ask(client(), { host: VIP6, port: 80, count: 4 })).size).toBe(1);
    await apply({
      type: "change-service",
      service: service(`[${VIP6}]:80`, { scheduler: "sh", schedulerFlags: 2 }),
    });
    expect(new Set(await ask(client(), { host: VIP6, port: 80, count: 12 })).size).toBe(2);
  });

  test.each([
    { name: "sh sends one client to one real server", scheduler: "sh", flags: 0, servers: 1 },
    { name: "sh-port and mh with ports use both", scheduler: "sh", flags: 2, servers: 2 },
    { name: "mh sends one client to one real server", scheduler: "mh", flags: 0, servers: 1 },
    { name: "mh-port uses both", scheduler: "mh", flags: 2, servers: 2 },
    { name: "dh sends one VIP to one real server", scheduler: "dh", flags: 0, servers: 1 },
  ])("$name", async ({ scheduler, flags, servers }) => {
    const hashed = service(`${VIP}:80`, { scheduler, schedulerFlags: flags });
    await setUp(hashed, real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    const answers = await ask(client(), { host: VIP, port: 80, count: 12 });
    expect(new Set(answers).size).toBe(servers);
  });

  test("a firewall mark is a service of several addresses and ports", async () => {
    const director = cluster.node("director1");
    await director.run(["nft", "-f", "-"], {
      input: [
        "add table inet marks",
        "add chain inet marks set_mark { type filter hook prerouting priority mangle; }",
        `add rule inet marks set_mark ip daddr ${VIP} tcp dport { 80, 8080 } meta mark set 5`,
      ].join("\n"),
    });
    await setUp(
      { ...service(`${VIP}:80`), id: { kind: "fwmark", fwmark: 5, family: "inet" } },
      real("10.0.2.11:80", 1),
      real("10.0.2.12:80", 1),
    );
    const answers = [80, 8080, 80, 8080].map(async (port) => (await ask(client(), { host: VIP, port }))[0]!);
    expect(tally(await Promise.all(answers))).toEqual({ real1: 2, real2: 2 });
    await director.run(["nft", "delete", "table", "inet", "marks"]);
  });

  test("a fallback on the director itself answers when nobody else serves", async () => {
    const fallback = await serve(cluster.node("director1"), 80);
    const web = service(`${VIP}:80`);
    await setUp(web, real("10.0.2.11:80", 0), real("127.0.0.1:80", 1, "gate"));
    expect(await ask(client(), { host: VIP, port: 80 })).toEqual(["director1"]);
    await apply({ type: "remove-real", id: web.id, real: parseEndpoint("127.0.0.1:80")! });
    expect(await ask(client(), { host: VIP, port: 80 })).toEqual(["ECONNREFUSED"]);
    await fallback.stop();
  });

  test("a VIP that is not here is not balanced: the packet is somebody else's", async () => {
    const director = cluster.node("director1");
    await setUp(service(`${VIP}:80`), real("10.0.2.11:80", 1));
    await director.run(["ip", "address", "del", `${VIP}/32`, "dev", "pub"]);
    await client().run(["ip", "route", "add", `${VIP}/32`, "via", "10.0.1.1"]);
    expect(await ask(client(), { host: VIP, port: 80 })).not.toContain("real1");
    await client().run(["ip", "route", "del", `${VIP}/32`]);
    await director.run(["ip", "address", "add", `${VIP}/32`, "dev", "pub"]);
  });

  test("a second director process adopts the table, and changes it without a break", async () => {
    const web = service(`${VIP}:80`);
    await setUp(web, real("10.0.2.11:80", 1), real("10.0.2.12:80", 1));
    const stream = await openStream(client(), VIP, 80);
    await kernel.close();
    await openDirector();
    const [entry] = await kernel.balancer.read();
    expect(entry!.service).toEqual(web);
    expect(entry!.reals.map(({ weight }) => weight)).toEqual([1, 1]);
    await change(web, real("10.0.2.11:80", 0));
    expect(await stream.echo()).toBe(stream.server);
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 2 }))).toEqual({ real2: 2 });
    await stream.close();
  });
});

describe("gate", () => {
  beforeAll(async () => {
    cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, realsOn: "pub" }) });
    const director = cluster.node("director1");
    await director.sh(`ip address add ${VIP}/32 dev pub; ip address add ${VIP6}/128 dev pub nodad`);
    for (const name of ["real1", "real2"]) {
      await gateReal(cluster.node(name));
      await serve(cluster.node(name), 80);
    }
    await openDirector();
  });
  afterEach(tearDown);
  afterAll(async () => {
    await kernel.close();
    await cluster.close();
  });

  const two = [real("10.0.1.11:80", 3, "gate"), real("10.0.1.12:80", 1, "gate")];

  test("wrr: weights 3 and 1; each packet of a connection to the same real server; counted", async () => {
    await setUp(service(`${VIP}:80`), ...two);
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 8 }))).toEqual({ real1: 6, real2: 2 });
    const [entry] = await kernel.balancer.read();
    expect(entry!.reals.map(({ counters }) => counters.connections)).toEqual([6n, 2n]);
    expect(entry!.reals[0]!.counters.inPackets).toBeGreaterThan(12n);
  });

  test("weight 0 keeps the established connection, removal of all refuses new ones", async () => {
    const web = service(`${VIP}:80`);
    await setUp(web, ...two);
    const stream = await openStream(client(), VIP, 80);
    expect(stream.server).toBe("real1");
    await change(web, real("10.0.1.11:80", 0, "gate"));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 3 }))).toEqual({ real2: 3 });
    for (let turn = 0; turn < 3; turn++) expect(await stream.echo()).toBe("real1");
    await change(web, real("10.0.1.12:80", 0, "gate"));
    expect(await ask(client(), { host: VIP, port: 80 })).toEqual(["ECONNREFUSED"]);
    expect(await stream.echo()).toBe("real1");
    await stream.close();
  });

  test("persistence", async () => {
    const sticky = service(`${VIP}:80`, { persistence: { timeoutSeconds: 60, prefixLength: 32 } });
    await setUp(sticky, ...two);
    const answers = await ask(client(), { host: VIP, port: 80, count: 6 });
    expect(new Set(answers).size).toBe(1);
  });

  test("UDP", async () => {
    await setUp(udp(`${VIP}:80`), ...two);
    const answers = await ask(client(), { host: VIP, port: 80, protocol: "udp", count: 4 });
    expect(tally(answers)).toEqual({ real1: 3, real2: 1 });
  });

  test("IPv6: also there each connection stays with its real server", async () => {
    const ipv6 = [real("[fd00:1::11]:80", 1, "gate"), real("[fd00:1::12]:80", 1, "gate")];
    const web = service(`[${VIP6}]:80`);
    await setUp(web, ...ipv6);
    expect(tally(await ask(client(), { host: VIP6, port: 80, count: 4 }))).toEqual({ real1: 2, real2: 2 });
    const stream = await openStream(client(), VIP6, 80);
    await change(web, real(stream.server === "real1" ? "[fd00:1::11]:80" : "[fd00:1::12]:80", 0, "gate"));
    for (let turn = 0; turn < 3; turn++) expect(await stream.echo()).toBe(stream.server);
    await stream.close();
  });

  test("a service of both kinds: gate, masq and a fallback on the director, each in its turn", async () => {
    const director = await serve(cluster.node("director1"), 80);
    await cluster.node("director1").sh("echo 1 >/proc/sys/net/ipv4/ip_forward");
    const web = service(`${VIP}:80`);
    await setUp(web, real("10.0.1.11:80", 1, "gate"), real("127.0.0.1:80", 1, "gate"));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 4 }))).toEqual({ real1: 2, director1: 2 });
    const stream = await openStream(client(), VIP, 80);
    await change(web, real("10.0.1.11:80", 0, "gate"));
    expect(tally(await ask(client(), { host: VIP, port: 80, count: 2 }))).toEqual({ director1: 2 });
    expect(await stream.echo()).toBe(stream.server);
    await stream.close();
    await director.stop();
  });
});

/** Real packets through ip_vs, set by @systole/kernel: gate and masq, and weight 0 with an established connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Kernel, openKernel, type RealServer, type VirtualService } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { parseEndpoint } from "@systole/wire";
import { type Cluster, withCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { ask, gateReal, masqDirector, openStream, serve, tally, VIP } from "../netns/traffic/traffic.js";

const service = (endpoint: string): VirtualService => ({
  id: { kind: "address", protocol: "tcp", ...parseEndpoint(endpoint)! }, // written out below, all valid
  scheduler: "wrr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
});

const real = (endpoint: string, weight: number, forwarding: RealServer["forwarding"]): RealServer => ({
  endpoint: parseEndpoint(endpoint)!, // written out below, all valid
  forwarding,
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
});

async function withKernel(cluster: Cluster, body: (kernel: Kernel) => Promise<void>): Promise<void> {
  const { pid } = cluster.node("director1");
  const kernel = await openKernel({
    dataPlane: "ip_vs",
    within: (make) => inNamespace(`/proc/${pid}/ns/net`, make),
  });
  try {
    await body(kernel);
  } finally {
    await kernel.close();
  }
}

/** Two real servers share the connections 3 to 1; the one with weight 0 gets none, and keeps the one it has. */
async function shareAndQuiesce(
  cluster: Cluster,
  kernel: Kernel,
  reals: readonly [RealServer, RealServer],
): Promise<void> {
  const client = cluster.node("client");
  const web = service(`${VIP}:80`);
  const [heavy, light] = reals;
  async function apply(...changes: Parameters<Kernel["balancer"]["apply"]>[0]) {
    for (const { error } of await kernel.balancer.apply(changes)) assert.ifError(error ?? null);
  }
  await apply(
    { type: "add-service", service: web },
    { type: "add-real", id: web.id, real: heavy },
    { type: "add-real", id: web.id, real: light },
  );
  assert.deepEqual(tally(await ask(client, { host: VIP, port: 80, count: 8 })), { real1: 6, real2: 2 });
  let stream = await openStream(client, VIP, 80);
  for (let turn = 0; turn < 3 && stream.server !== "real1"; turn++) {
    await stream.close(); // one connection of four goes to real2: one of the next does not
    stream = await openStream(client, VIP, 80);
  }

  await apply({ type: "change-real", id: web.id, real: { ...heavy, weight: 0 } });
  assert.deepEqual(tally(await ask(client, { host: VIP, port: 80, count: 3 })), { real2: 3 });
  for (let turn = 0; turn < 3; turn++) assert.equal(await stream.echo(), "real1");

  // ip_vs adds the counts of its processors up every two seconds; active connections are exact at once.
  await until("the connections of the quiesced real server to be counted", async () => {
    const table = await kernel.balancer.read();
    const quiesced = table.flatMap((entry) => entry.reals).find(({ weight }) => weight === 0)!.counters;
    assert.ok(quiesced.activeConnections >= 1);
    return quiesced.connections >= 7n;
  });
  await stream.close();
  await apply({ type: "remove-service", id: web.id });
}

test("masq through two real servers", async () => {
  await withCluster(ultraMonkey({ directors: 1, heartbeats: 0 }), async (cluster) => {
    await masqDirector(cluster, "director1");
    for (const name of ["real1", "real2"]) await serve(cluster.node(name), 80, 8080);
    await withKernel(cluster, async (kernel) => {
      await shareAndQuiesce(cluster, kernel, [
        real("10.0.2.11:80", 3, "masq"),
        real("10.0.2.12:8080", 1, "masq"),
      ]);
    });
  });
});

test("gate through two real servers", async () => {
  await withCluster(ultraMonkey({ directors: 1, heartbeats: 0, realsOn: "pub" }), async (cluster) => {
    await cluster.node("director1").sh(`ip address add ${VIP}/32 dev pub`);
    for (const name of ["real1", "real2"]) {
      await gateReal(cluster.node(name));
      await serve(cluster.node(name), 80);
    }
    await withKernel(cluster, async (kernel) => {
      await shareAndQuiesce(cluster, kernel, [
        real("10.0.1.11:80", 3, "gate"),
        real("10.0.1.12:80", 1, "gate"),
      ]);
    });
  });
});

/** ctsyncd with real kernels: flows reach the peer, and a masqueraded connection outlives its director. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import {
  ctsync,
  kernelLines,
  type Medium,
  masquerade,
  peerHas,
  peerLines,
  startCtsyncd,
  takeAddresses,
} from "./ctsyncd-pair.js";
import { ask, openStream, serve, VIP } from "./traffic/traffic.js";

let cluster: Cluster;
const active = () => cluster.node("director1");
const standby = () => cluster.node("director2");

beforeEach(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ reals: 1 }) });
  await serve(cluster.node("real1"), 8080);
  for (const node of [active(), standby()]) await masquerade(node);
  await takeAddresses(cluster, active());
});
afterEach(() => cluster.close());

async function startBoth(medium: Medium): Promise<void> {
  await Promise.all([startCtsyncd(active(), medium), startCtsyncd(standby(), medium)]);
}

test.each<Medium>(["udp", "udp6", "multicast"])(
  "%s: the standby knows the active's flows and their state",
  async (medium) => {
    await startBoth(medium);
    const stream = await openStream(cluster.node("client"), VIP, 80);
    const pattern =
      /^tcp +6 ESTABLISHED src=10\.0\.1\.100 dst=10\.0\.1\.200 sport=\d+ dport=80 .*\[ASSURED\]/;
    await peerHas(standby(), pattern);
    await stream.close();
    await peerHas(standby(), /^tcp +6 (TIME_WAIT|CLOSE|LAST_ACK) src=10\.0\.1\.100 /);
  },
);

test("a masqueraded connection goes on at the standby after the active's power failed", async () => {
  await startBoth("udp");
  const stream = await openStream(cluster.node("client"), VIP, 80);
  expect(await stream.echo()).toBe("real1");
  await peerHas(standby(), /ESTABLISHED src=10\.0\.1\.100 /);
  await active().kill();
  const { stdout } = await ctsync(standby(), ["activate"]);
  expect(JSON.parse(stdout)).toMatchObject({ done: true, summary: { failed: 0 } });
  await takeAddresses(cluster, standby());
  expect(await stream.echo()).toBe("real1");
  expect(
    (await kernelLines(standby())).filter((line) => /ESTABLISHED src=10\.0\.1\.100 .*sport=8080/.test(line))
      .length,
  ).toBe(1);
});

test("without a commit that connection would be lost", async () => {
  const stream = await openStream(cluster.node("client"), VIP, 80);
  expect(await stream.echo()).toBe("real1");
  await active().kill();
  await takeAddresses(cluster, standby());
  expect(await stream.echo()).not.toBe("real1");
});

test("a planned switch and back: the connection goes on both times, and old flows are not committed", async () => {
  await startBoth("udp");
  const client = cluster.node("client");
  const stream = await openStream(client, VIP, 80);
  await peerHas(standby(), /ESTABLISHED src=10\.0\.1\.100 /);
  const release = async (node: ReturnType<typeof active>) => {
    await node.sh(`ip address del ${VIP}/24 dev pub; ip address del 10.0.2.254/24 dev lan`);
    await ctsync(node, ["deactivate"]);
  };
  await release(active());
  await ctsync(standby(), ["activate"]);
  await takeAddresses(cluster, standby());
  expect(await stream.echo()).toBe("real1");
  const second = await openStream(client, VIP, 80);
  await second.close();
  await until("the closed one to be closed there, too", async () =>
    (await peerLines(active())).every((line) => !/ESTABLISHED|SYN/.test(line) || /ESTABLISHED/.test(line)),
  );
  await release(standby());
  await ctsync(active(), ["activate"]);
  await takeAddresses(cluster, active());
  expect(await stream.echo()).toBe("real1");
});

test("a standby that was restarted asks for everything, and gets it", async () => {
  await startBoth("udp");
  const stream = await openStream(cluster.node("client"), VIP, 80);
  await peerHas(standby(), /ESTABLISHED/);
  await ctsync(standby(), ["stop"]);
  await until("it to be gone", async () => (await ctsync(standby(), ["status"], false)).status === 1, {
    everyMs: 100,
  });
  await startCtsyncd(standby(), "udp");
  await peerHas(standby(), /ESTABLISHED src=10\.0\.1\.100 /);
  await stream.close();
});

test("many connections reach the standby and its kernel", async () => {
  await startBoth("udp");
  const answers = await ask(cluster.node("client"), { host: VIP, port: 80, count: 300 });
  expect(new Set(answers)).toEqual(new Set(["real1"]));
  const known = async () => (await peerLines(standby())).length;
  await until("300 flows to arrive", async () => (await known()) >= 300, { everyMs: 100 });
  const { stdout } = await ctsync(standby(), ["activate"]);
  const { summary } = JSON.parse(stdout);
  expect(summary.failed).toBe(0);
  expect(summary.written).toBeGreaterThanOrEqual(300);
  expect((await kernelLines(standby())).length).toBeGreaterThanOrEqual(300);
});

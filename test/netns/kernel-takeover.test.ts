/** A takeover by hand: table, flows, VIP; the established connections of masq go on through the other director. */
import { type Kernel, openKernel, type RealServer, type VirtualService } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { familyOf, type IpAddress, parseEndpoint, parseIp } from "@systole/wire";
import { expect, test } from "vitest";
import { type Cluster, withCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { ask, openStream, serve, VIP, VIP6 } from "./traffic/traffic.js";

const service = (endpoint: string): VirtualService => ({
  id: { kind: "address", protocol: "tcp", ...parseEndpoint(endpoint)! }, // written out below, all valid
  scheduler: "rr",
  schedulerFlags: 0,
  persistence: undefined,
  persistenceEngine: undefined,
  onePacket: false,
});

const real = (endpoint: string): RealServer => ({
  endpoint: parseEndpoint(endpoint)!, // written out below, all valid
  forwarding: "masq",
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
});

const table: readonly (readonly [VirtualService, readonly RealServer[]])[] = [
  [service(`${VIP}:80`), [real("10.0.2.11:8080"), real("10.0.2.12:8080")]],
  [service(`[${VIP6}]:80`), [real("[fd00:2::11]:8080"), real("[fd00:2::12]:8080")]],
];

const ip = (text: string): IpAddress => parseIp(text)!; // written out below, all valid
const VIPS = [
  { address: ip(VIP), prefixLength: 24, device: "pub" },
  { address: ip(VIP6), prefixLength: 64, device: "pub" },
  { address: ip("10.0.2.254"), prefixLength: 24, device: "lan" },
  { address: ip("fd00:2::fe"), prefixLength: 64, device: "lan" },
];

async function director(cluster: Cluster, name: string): Promise<Kernel> {
  const node = cluster.node(name);
  await node.sh("echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
  const kernel = await openKernel({
    dataPlane: "nftables",
    nftCommand: node.enter(["nft"]),
    within: (make) => inNamespace(`/proc/${node.pid}/ns/net`, make),
  });
  for (const [each, reals] of table)
    await kernel.balancer.apply([
      { type: "add-service", service: each },
      ...reals.map((one) => ({ type: "add-real", id: each.id, real: one }) as const),
    ]);
  return kernel;
}

test("connections go on when flows are committed before the VIPs come up", async () => {
  await withCluster(ultraMonkey({ heartbeats: 0 }), async (cluster) => {
    for (const name of ["real1", "real2"]) {
      await serve(cluster.node(name), 8080);
      await cluster.node(name).run(["ip", "-6", "route", "add", "default", "via", "fd00:2::fe"]);
    }
    const one = await director(cluster, "director1");
    const two = await director(cluster, "director2");
    for (const vip of VIPS) await one.addresses.hold(vip, undefined);
    const client = cluster.node("client");
    const streams = [];
    for (const host of [VIP, VIP, VIP6, VIP6]) streams.push(await openStream(client, host, 80));
    expect(streams.map(({ server }) => server).sort()).toEqual(["real1", "real1", "real2", "real2"]);

    const flows = (await one.conntrack.dump()).filter(({ tcp }) => tcp?.state === 3);
    expect(flows.map(({ original }) => familyOf(original.source)).sort()).toEqual([
      "inet",
      "inet",
      "inet6",
      "inet6",
    ]);
    for (const vip of VIPS) await one.addresses.drop(vip);
    expect(await two.conntrack.commit(flows)).toEqual({
      written: 4,
      updated: 0,
      failed: 0,
      firstError: undefined,
    });
    for (const vip of VIPS) {
      await two.addresses.hold(vip, undefined);
      await two.announcer.announce(vip.address, vip.device);
    }
    for (const stream of streams) expect(await stream.echo()).toBe(stream.server);
    expect(await ask(client, { host: VIP, port: 80 })).toEqual(["real1"]);

    // Committed once more over what the traffic made of them meanwhile: nothing breaks.
    expect((await two.conntrack.commit(flows)).failed).toBe(0);
    for (const stream of streams) {
      expect(await stream.echo()).toBe(stream.server);
      await stream.close();
    }
    await one.close();
    await two.close();
  });
});

/** The lease guard on this machine's kernel: a VIP answers while its lease lasts, and not a moment longer. */
import { type Network, openNetwork } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { type IpAddress, parseIp } from "@systole/wire";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";

const VIPS = { IPv4: "10.0.1.200", IPv6: "fd00:1::200" } as const;
const vipOf = (family: keyof typeof VIPS): IpAddress => parseIp(VIPS[family])!; // valid addresses

let cluster: Cluster;
let network: Network;

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0, heartbeats: 0 }) });
  const director = cluster.node("director1");
  await director.run(["ip", "address", "add", `${VIPS.IPv4}/32`, "dev", "pub"]);
  await director.run(["ip", "address", "add", `${VIPS.IPv6}/128`, "dev", "pub", "nodad"]);
  network = await openNetwork({
    nftCommand: director.enter(["nft"]),
    within: (make) => inNamespace(`/proc/${director.pid}/ns/net`, make),
  });
});
afterAll(async () => {
  await network.close();
  await cluster.close();
});
beforeEach(() => network.leaseGuard.arm());

/** Does the VIP answer the client, which has forgotten its MAC address? */
async function answers(vip: string): Promise<boolean> {
  const client = cluster.node("client");
  await client.run(["ip", "neigh", "flush", "dev", "pub"]);
  const ping = await client.run(["ping", "-c", "1", "-W", "1", vip], { check: false });
  return ping.status === 0;
}

test.each(["IPv4", "IPv6"] as const)(
  "%s: silent once the lease is over, until it is granted again",
  async (family) => {
    const { leaseGuard } = network;
    const vip = vipOf(family);
    expect(await answers(vip)).toBe(true);
    await leaseGuard.grant([vip], 60_000);
    expect(await answers(vip)).toBe(true);
    await leaseGuard.grant([vip], 100);
    await elapse(150);
    expect(await answers(vip)).toBe(false);
    await leaseGuard.grant([vip], 60_000);
    expect(await answers(vip)).toBe(true);
    await leaseGuard.silence([vip]);
    expect(await answers(vip)).toBe(false);
    await leaseGuard.release([vip]);
    expect(await answers(vip)).toBe(true);
  },
);

test("the director itself does not speak with a silenced VIP either: no neighbour learns it anew", async () => {
  const { leaseGuard } = network;
  await leaseGuard.grant([vipOf("IPv4")], 60_000);
  await leaseGuard.silence([vipOf("IPv4")]);
  const director = cluster.node("director1");
  await director.run(["ip", "neigh", "flush", "dev", "pub"]);
  const ping = await director.run(["ping", "-I", VIPS.IPv4, "-c", "1", "-W", "1", "10.0.1.100"], {
    check: false,
  });
  expect(ping.status).not.toBe(0);
  expect((await cluster.node("client").run(["ip", "neigh", "show", VIPS.IPv4])).stdout).not.toContain(
    "lladdr",
  );
});

/** Announcements on a real wire: a neighbour that knew another owner of the VIP knows the new one at once. */
import { type Kernel, openKernel } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { type IpAddress, parseIp } from "@systole/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

let cluster: Cluster;
const kernels: Kernel[] = [];

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ reals: 0, heartbeats: 0 }) });
  for (const name of ["director1", "director2"]) {
    const { pid } = cluster.node(name);
    const within = <T>(make: () => T): T => inNamespace(`/proc/${pid}/ns/net`, make);
    kernels.push(await openKernel({ dataPlane: "nftables", within }));
  }
});
afterAll(async () => {
  for (const kernel of kernels) await kernel.close();
  await cluster.close();
});

/** The MAC address at which the client believes the VIP; undefined if it does not know. */
async function believed(vip: IpAddress): Promise<string | undefined> {
  const { stdout } = await cluster.node("client").run(["ip", "neigh", "show", vip, "dev", "pub"]);
  return /lladdr (\S+)/.exec(stdout)?.[1];
}

test.each([
  { name: "IPv4: gratuitous ARP", address: "10.0.1.200", prefixLength: 24 },
  { name: "IPv6: unsolicited neighbour advertisement", address: "fd00:1::c8", prefixLength: 64 },
])("$name", async ({ address, prefixLength }) => {
  const vip = { address: parseIp(address)!, prefixLength, device: "pub" };
  const [one, two] = kernels;
  await one!.addresses.hold(vip, 60);
  await cluster.node("client").run(["ping", "-c1", "-W2", address]);
  expect(await believed(vip.address)).toBe("02:00:00:00:01:01");

  await one!.addresses.drop(vip);
  await two!.addresses.hold(vip, 60);
  await two!.announcer.announce(vip.address, "pub");
  await until("the client to believe", async () => (await believed(vip.address)) === "02:00:00:00:01:02", {
    limitMs: 500,
  });
  await cluster.node("client").run(["ping", "-c3", "-i0.3", "-W2", address]);
  await two!.addresses.drop(vip);
});

test("links that lose and regain their carrier are told", async () => {
  const heard: string[] = [];
  const stop = kernels[0]!.links.watch(({ name, carrier }) => heard.push(`${name} ${carrier}`));
  await cluster.faults.cut("director1", ["pub"]);
  await until("the loss", () => heard.includes("pub false"));
  await cluster.faults.heal();
  await until("the return", () => heard.includes("pub true"));
  stop();
});

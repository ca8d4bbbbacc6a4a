/** The contract of @systole/kernel on this machine's kernel, in a namespace: everything over netlink, and nftables. */

import { type Kernel, openKernel } from "@systole/kernel";
import { contractCases } from "@systole/kernel/contract";
import { inNamespace } from "@systole/sys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";

let cluster: Cluster;
let kernel: Kernel;

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0, heartbeats: 0 }) });
  const director = cluster.node("director1");
  kernel = await openKernel({
    dataPlane: "nftables",
    nftCommand: director.enter(["nft"]),
    within: (make) => inNamespace(`/proc/${director.pid}/ns/net`, make),
  });
});
afterAll(async () => {
  await kernel.close();
  await cluster.close();
});

test.each(contractCases)("$part: $name", async ({ run }) => {
  await run({ kernel, device: "pub", elapse });
});

test("the suite left nothing behind", async () => {
  expect(await kernel.balancer.read()).toEqual([]);
  expect(await kernel.conntrack.dump()).toEqual([]);
  const addresses = (await kernel.addresses.list()).map(({ address }) => address);
  expect(addresses.filter((address) => /^(192\.0\.2\.|2001:db8:)/.test(address))).toEqual([]);
});

test("a request of hold has left the process when the call returns", async () => {
  const vip = { address: "192.0.2.77", prefixLength: 32, device: "pub" } as Parameters<
    Kernel["addresses"]["hold"]
  >[0]; // a valid address
  const answered = kernel.addresses.hold(vip, 60);
  expect(cluster.node("director1").holds("192.0.2.77")).toBe(true);
  await answered;
  await kernel.addresses.drop(vip);
});

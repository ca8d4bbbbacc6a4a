/** The guest itself: its kernel has ip_vs, and a cluster of namespaces works inside it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withCluster } from "../lab/cluster.js";
import { run } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";

test("the kernel of the guest has ip_vs", async () => {
  const { stdout } = await run(["ipvsadm", "-Ln"]);
  assert.match(stdout, /^IP Virtual Server version 1\.2\.1/);
});

test("a cluster in namespaces works inside the guest, each director with an IPVS table of its own", async () => {
  await withCluster(ultraMonkey({ directors: 2, reals: 1 }), async (cluster) => {
    const [one, two] = [cluster.node("director1"), cluster.node("director2")];
    await one.run(["ping", "-c1", "-W5", "real1"]);
    await one.run(["ipvsadm", "-A", "-t", "10.0.1.200:80", "-s", "wrr"]);
    assert.match((await one.run(["ipvsadm", "-Sn"])).stdout, /-A -t 10\.0\.1\.200:80 -s wrr/);
    assert.equal((await two.run(["ipvsadm", "-Sn"])).stdout, "");
  });
});

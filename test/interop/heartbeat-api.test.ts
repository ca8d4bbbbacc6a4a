/**
 * The client API of our heartbeat, asked by clients of the original: cl_status and ipfail of 3.0.6, which know only
 * /var/run/heartbeat/register, get the answers that our own cl_status gives.
 */

import { expect, test } from "vitest";
import { NODE_OPTIONS } from "../../packages/heartbeat/src/shell/node-options.js";
import { type Cluster, withCluster } from "../lab/cluster.js";
import { peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

const BIN = new URL("../../packages/heartbeat/dist/bin/", import.meta.url).pathname;
const ROOT = "/run/peer/cluster";

const HA_CF = `
keepalive 200ms
deadtime 3
initdead 3
auto_failback on
node director1 director2
bcast hb1
ping 10.0.1.100 10.0.1.99
apiauth ipfail uid=root
`;

const ASKED = [
  "hbstatus",
  "listnodes",
  "listnodes -p",
  "listnodes -v",
  "nodestatus director1",
  "nodestatus director2",
  "nodestatus nosuch",
  "nodestatus 10.0.1.100",
  "nodetype 10.0.1.99",
  "nodeweight director1",
  "nodesite director1",
  "listhblinks -v director1",
  "listhblinks -v director2",
  "listhblinks nosuch",
  "hblinkstatus director1 hb1",
  "hblinkstatus 10.0.1.99 10.0.1.99",
  "hblinkstatus director1 none",
  "rscstatus",
  "rscstatus -m",
  "hbparameter -p keepalive",
  "hbparameter -p warntime",
  "hbparameter -p nosuch",
  "clientstatus director1 nobody",
  "clientstatus director2 nobody",
];

async function start(cluster: Cluster): Promise<void> {
  const node = cluster.node("director1");
  node.put("/etc/ha.d/ha.cf", HA_CF);
  node.put("/etc/ha.d/authkeys", "auth 1\n1 sha1 k\n", 0o600);
  node.put("/etc/ha.d/haresources", "director1 IPaddr2::10.0.1.200/24/pub\n");
  await node.daemon("heartbeat", [process.execPath, ...NODE_OPTIONS, `${BIN}heartbeat.js`, "-f"]);
  await until("the VIP", () => node.holds("10.0.1.200"), { limitMs: 60_000 });
}

test("the original's cl_status and ipfail are served", { timeout: 900_000 }, async () => {
  await withCluster(ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 }), async (cluster) => {
    await start(cluster);
    const node = cluster.node("director1");
    const peer = await peerOn(node, "cluster");
    await node.sh(`mkdir -p ${ROOT}/run/heartbeat && mount --bind /run/heartbeat ${ROOT}/run/heartbeat`);
    const original = (line: string) => peer.run(["/usr/bin/cl_status", ...line.split(" ")], { check: false });
    const ours = (line: string) =>
      node.run([process.execPath, `${BIN}cl_status.js`, ...line.split(" ")], { check: false });
    const differ: unknown[] = [];
    for (const line of ASKED) {
      const [theirs, own] = await Promise.all([original(line), ours(line)]);
      if (theirs.status !== own.status || theirs.stdout !== own.stdout) differ.push({ line, theirs, own });
    }
    expect(differ).toEqual([]);

    const ipfail = await peer.spawn(["/usr/libexec/heartbeat/ipfail"]);
    const online = async () => (await ours("clientstatus director1 ipfail")).stdout === "online\n";
    await until("ipfail to sign on", online, { everyMs: 200, limitMs: 30_000 });
    expect((await original("clientstatus director1 ipfail")).stdout).toBe("online\n");
    await ipfail.stop();
    const offline = async () => (await ours("clientstatus director1 ipfail")).stdout === "offline\n";
    await until("ipfail to be gone", offline, { everyMs: 200, limitMs: 30_000 });
  });
});

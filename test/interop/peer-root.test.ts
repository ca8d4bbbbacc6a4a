/** The peers themselves: Debian's programs run inside a node, with its network, from a root of their own. */
import { expect, test } from "vitest";
import { withCluster } from "../lab/cluster.js";
import { peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";

test("Debian's programs see the node's network and keep their files across a power failure", async () => {
  await withCluster(ultraMonkey({ directors: 1, reals: 1 }), async (cluster) => {
    const node = cluster.node("director1");
    let peer = await peerOn(node, "cluster");
    expect((await peer.sh("grep VERSION_CODENAME /etc/os-release")).stdout).toContain("bookworm");
    expect((await peer.sh("ip -4 -o address show dev hb1")).stdout).toContain(node.ipv4("hb1"));
    expect((await peer.run(["/usr/libexec/heartbeat/heartbeat", "-V"])).stdout).toMatch(/^3\.0\.6/);
    expect((await peer.sh("id -u hacluster && command -v ldirectord conntrackd keepalived")).status).toBe(0);
    peer.put("/var/lib/heartbeat/kept", "yes\n");
    await node.kill();
    await node.boot();
    peer = await peerOn(node, "cluster");
    expect(peer.read("/var/lib/heartbeat/kept")).toBe("yes\n");
  });
});

test("servers that ldirectord checks are there", async () => {
  await withCluster(ultraMonkey({ directors: 1, reals: 1 }), async (cluster) => {
    const peer = await peerOn(cluster.node("real1"), "services");
    const programs = "nginx vsftpd named dovecot slapd mariadbd freeradius exim4 sipp tinyproxy";
    expect((await peer.sh(`command -v ${programs} | wc -l`)).stdout.trim()).toBe("10");
    expect(peer.has("/opt/postfix/usr/sbin/smtp-sink")).toBe(true);
  });
});

/** ctsyncd with real kernels: flows reach the peer, and a masqueraded connection outlives its director. */

import { openKernel } from "@systole/kernel";
import type { Flow } from "@systole/node-netlink";
import { inNamespace } from "@systole/sys";
import { parseIp } from "@systole/wire";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import {
  configuration,
  ctsync,
  kernelLines,
  type Medium,
  masquerade,
  peerHas,
  peerLines,
  program,
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

test.each<Medium>(["udp", "udp6", "multicast", "tcp"])(
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

test("DisableExternalCache: the peer's flows are in our kernel before anything happens, and go when they end", async () => {
  const settings = { mode: "NOTRACK { DisableInternalCache on DisableExternalCache on }" };
  await startCtsyncd(active(), "udp", settings);
  await startCtsyncd(standby(), "udp", settings);
  const stream = await openStream(cluster.node("client"), VIP, 80);
  const there = async () =>
    (await kernelLines(standby())).some((line) => /ESTABLISHED src=10\.0\.1\.100 .*sport=8080/.test(line));
  await until("the flow to be in the standby's kernel", there, { everyMs: 200 });
  await active().kill();
  await takeAddresses(cluster, standby());
  expect(await stream.echo()).toBe("real1");
});

test("the link loses its carrier: the other one carries on", async () => {
  const second = (node: LabNode, peer: number) => ({
    links: `UDP { IPv4_address ${node.ipv4("pub")} IPv4_Destination_Address 10.0.1.${peer} Port 3781 Interface pub }`,
  });
  await startCtsyncd(active(), "udp", second(active(), 2));
  await startCtsyncd(standby(), "udp", second(standby(), 1));
  await until("contact", () => standby().log("ctsyncd").includes("in contact with"), { everyMs: 200 });
  await active().run(["ip", "link", "set", "hb1", "down"]);
  const stream = await openStream(cluster.node("client"), VIP, 80);
  await peerHas(standby(), /ESTABLISHED src=10\.0\.1\.100 /);
  expect(active().log("ctsyncd")).toContain("`pub' becomes dedicated link");
  const { peers } = JSON.parse((await ctsync(standby(), ["status", "--json"])).stdout);
  expect(peers.map(({ address }: { address: string }) => address)).toEqual(["10.0.3.1"]);
  await stream.close();
});

test("the interface of the link is replaced by another one of its name: it is heard again", async () => {
  const made = "ip link add sync0 type bridge; ip link set hb1 master sync0; ip link set sync0 up";
  const bridge = `${made}; ip address add 10.0.3.2/24 dev sync0`;
  await standby().sh(`ip address del 10.0.3.2/24 dev hb1; ${bridge}`);
  await startCtsyncd(active(), "udp");
  await startCtsyncd(standby(), "udp", { device: "sync0" });
  await until("contact", () => standby().log("ctsyncd").includes("in contact with"), { everyMs: 200 });
  await standby().sh(`ip link del sync0; ${bridge}`);
  const stream = await openStream(cluster.node("client"), VIP, 80);
  await peerHas(standby(), /ESTABLISHED src=10\.0\.1\.100 /);
  await stream.close();
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
  await peerHas(active(), /^tcp +6 (TIME_WAIT|CLOSE|LAST_ACK) src=10\.0\.1\.100 /);
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

test("started before its address is there, it waits for it and says so", async () => {
  const own = `${active().ipv4("hb1")}/24`;
  await active().run(["ip", "address", "del", own, "dev", "hb1"]);
  await startBoth("udp");
  expect(active().log("ctsyncd")).toMatch(/warn .*synchronisation link on hb1: .*EADDRNOTAVAIL/);
  await active().run(["ip", "address", "add", own, "dev", "hb1"]);
  const contact = () => active().log("ctsyncd").includes("in contact with 10.0.3.2");
  await until("contact", contact, { everyMs: 100 });
});

test("a file with mistakes: all of them at once, and exit code 1", async () => {
  active().put(
    "/etc/conntrackd/conntrackd.conf",
    configuration(active(), "udp").replace("Port 3780", "Prot 3780"),
  );
  const { status, stderr } = await active().run(program("ctsyncd"), { check: false });
  expect(status).toBe(1);
  expect(stderr).toContain('conntrackd.conf:3:65: error: "Prot" is not known in UDP [unknown-keyword]');
  expect(stderr).toContain("did you mean Port?");
});

test("Filter From Kernelspace: events of other protocols are not even delivered", async () => {
  await startCtsyncd(active(), "udp", { filter: "From Kernelspace { Protocol Accept { TCP } }" });
  await active().sh("echo >/dev/udp/10.0.2.11/9");
  await ask(cluster.node("client"), { host: VIP, port: 80, count: 3 });
  const own = async () => (await ctsync(active(), ["list-own"])).stdout;
  await until("the TCP flows", async () => (await own()).split("\n").length > 3, { everyMs: 100 });
  expect(await own()).not.toContain("udp");
  expect((await kernelLines(active())).some((line) => /^udp .* dport=9 /.test(line))).toBe(true);
  const { kernel } = JSON.parse((await ctsync(active(), ["status", "--json"])).stdout);
  expect(kernel.events).toBeGreaterThan(3);
  expect(kernel.filtered).toBe(0);
});

/** So many flows from nowhere to the VIP, written into a director's kernel at once. */
async function flood(node: LabNode, count: number): Promise<void> {
  const within = <Made>(make: () => Made) => inNamespace(`/proc/${node.pid}/ns/net`, make);
  const kernel = await openKernel({ dataPlane: "nftables", within });
  const flows = Array.from({ length: count }, (_, n): Flow => {
    const ends = { source: parseIp(`10.9.${n >> 8}.${n & 255}`)!, destination: parseIp(VIP)! };
    const original = { ...ends, protocol: 6, sourcePort: 4000, destinationPort: 80 };
    const reply = {
      source: ends.destination,
      destination: ends.source,
      protocol: 6,
      sourcePort: 80,
      destinationPort: 4000,
    };
    return { original, reply, status: 0x0e, timeoutSeconds: 600, tcp: { state: 3 } };
  });
  const { failed, firstError } = await kernel.conntrack.commit(flows);
  await kernel.close();
  if (failed > 0) throw firstError;
}

/** `list-peer | head -1`: who reads has had enough of many times what a pipe holds. */
async function endsQuietly(node: LabNode, words: readonly string[]): Promise<void> {
  const { stdout, stderr } = await node.sh(`${words.join(" ")} | head -n 1; echo "code \${PIPESTATUS[0]}"`);
  expect(stdout).toMatch(/^tcp .*\ncode 0\n$/);
  expect(stderr).toBe("");
}

test("the kernel drops events that nobody reads in time: the peer has every flow all the same", async () => {
  const pid = await startCtsyncd(active(), "udp", { general: "NetlinkBufferSize 4096" });
  await startCtsyncd(standby(), "udp");
  signalTo(pid, "SIGSTOP");
  await flood(active(), 3000);
  signalTo(pid, "SIGCONT");
  const known = async () => (await peerLines(standby())).filter((line) => line.includes("src=10.9.")).length;
  await until("3000 flows to arrive", async () => (await known()) === 3000, { everyMs: 200 });
  const { kernel } = JSON.parse((await ctsync(active(), ["status", "--json"])).stdout);
  expect(kernel.overruns).toBeGreaterThan(0);
  await endsQuietly(standby(), [...program("ctsync"), "list-peer"]);
  await endsQuietly(standby(), [...program("ctsyncd"), "-e"]);
});

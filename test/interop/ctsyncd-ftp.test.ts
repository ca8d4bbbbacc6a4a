/**
 * The case that conntrackd loses: a data connection of FTP, foretold through NAT on the director that then fails, begins
 * only at the other one. Its expectation must have been committed with its NAT, or the client hears from a stranger.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { peerOn } from "../lab/peer.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { ctsync, masquerade, startCtsyncd, takeAddresses } from "../netns/ctsyncd-pair.js";
import { VIP } from "../netns/traffic/traffic.js";
import { conntrackd, startConntrackd } from "./conntrackd-peer.js";

/** Two daemons start, one node dies, connections find their way again: on a busy machine that takes a minute. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let cluster: Cluster;
const active = () => cluster.node("director1");
const standby = () => cluster.node("director2");
const program = (name: string) => new URL(name, import.meta.url).pathname;
const OPTIONS = { options: "ExpectationSync on" };

beforeEach(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ reals: 1 }) });
  for (const node of [active(), standby()]) {
    await masquerade(node);
    await node.run(["nft", "-f", "-"], { input: FTP });
  }
  await takeAddresses(cluster, active());
});
afterEach(() => cluster.close());

/** FTP to the VIP goes to the real server, watched by the kernel's helper. */
const FTP = `table ip ftp {
  ct helper watch { type "ftp" protocol tcp; }
  chain to_real { type nat hook prerouting priority -99; ip daddr ${VIP} tcp dport 21 dnat to 10.0.2.11:21; }
  chain helped { type filter hook prerouting priority -150; tcp dport 21 ct helper set "watch"; }
}
`;

/** Programs start, and a SYN that found nobody is sent again after 1, 3, 7 and 15 s. */
const PATIENCE = { limitMs: 60_000, everyMs: 200 };
/** For a data connection of which none is expected to come. */
const IMPATIENCE = { limitMs: 10_000, everyMs: 200 };

/** A client that told the server where to connect to; `data` lets the server do so and answers from where it came. */
async function session() {
  const server = await cluster.node("real1").spawn([process.execPath, program("ftp-server.mjs")]);
  await until("the FTP server", () => server.lines.includes("ready"), PATIENCE);
  const client = await cluster
    .node("client")
    .spawn([process.execPath, program("ftp-client.mjs"), VIP, "10.0.1.100"]);
  await until("PORT to be taken", () => client.lines.some((line) => line.startsWith("200")), PATIENCE);
  return {
    async data(patience = PATIENCE): Promise<string> {
      server.write("go\n");
      await until("the data connection", () => server.lines.includes("done"), patience);
      // What the client says comes by another way, perhaps a little later.
      const heard = () => client.lines.find((line) => line.startsWith("data from"));
      return until("the client to say who it was", heard, IMPATIENCE).catch(() => "nobody");
    },
  };
}

const expectations = async (node: LabNode) =>
  (await node.run(["conntrack", "-L", "expect"])).stdout
    .split("\n")
    .filter((line) => line.includes("dport="));

test("through one director, which lives: the data connection comes from the VIP", async () => {
  const ftp = await session();
  expect((await expectations(active())).length).toBe(1);
  expect(await ftp.data()).toMatch(new RegExp(`^data from ${VIP}:`));
});

test("ctsyncd on both: the data connection begins at the other director, and comes from the VIP", async () => {
  await startCtsyncd(active(), "udp", OPTIONS);
  await startCtsyncd(standby(), "udp", OPTIONS);
  const ftp = await session();
  const known = async () => (await ctsync(standby(), ["list-expected"])).stdout.includes("helper=ftp");
  await until("the standby to know the expectation", known, PATIENCE);
  await active().kill();
  const { stdout } = await ctsync(standby(), ["activate"]);
  expect(JSON.parse(stdout)).toMatchObject({ done: true, summary: { failed: 0, expectations: 1 } });
  await takeAddresses(cluster, standby());
  expect((await expectations(standby())).length).toBe(1);
  expect(await ftp.data()).toMatch(new RegExp(`^data from ${VIP}:`));
});

const theirExpectations = async (node: LabNode) => {
  const peer = await peerOn(node, "cluster");
  return (await peer.run(["conntrackd", "-e", "expect"])).stdout;
};

test("conntrackd fails, ctsyncd takes over: the data connection comes from the VIP", async () => {
  await startConntrackd(active(), "udp", OPTIONS);
  await startCtsyncd(standby(), "udp", OPTIONS);
  const ftp = await session();
  const known = async () => (await ctsync(standby(), ["list-expected"])).stdout.includes("helper=ftp");
  await until("the standby to know the expectation", known, PATIENCE);
  await active().kill();
  await ctsync(standby(), ["activate"]);
  await takeAddresses(cluster, standby());
  expect(await ftp.data()).toMatch(new RegExp(`^data from ${VIP}:`));
});

test("ctsyncd fails, conntrackd takes over: it commits the expectation without its NAT, and the client hears a stranger", async () => {
  await startConntrackd(standby(), "udp", OPTIONS);
  await startCtsyncd(active(), "udp", OPTIONS);
  const ftp = await session();
  const known = async () => (await theirExpectations(standby())).includes("helper=ftp");
  await until("conntrackd to know the expectation", known, PATIENCE);
  await active().kill();
  await conntrackd(standby(), "-c");
  await takeAddresses(cluster, standby());
  const heard = await ftp.data(IMPATIENCE).catch(() => "nobody"); // it asks for a while
  expect(heard).not.toMatch(new RegExp(`^data from ${VIP}:`));
});

/**
 * Strangers on a real wire, who know the protocol: a message that would be believed from the peer is not believed from
 * anybody else, nor from the peer's own address when it comes in where the peer is not.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { ctsync, kernelLines, type Medium, peerHas, peerLines, startCtsyncd } from "./ctsyncd-pair.js";

let cluster: Cluster;
const peer = () => cluster.node("director1");
const standby = () => cluster.node("director2");
const stranger = () => cluster.node("stranger");
const SAYS = new URL("ctsync-stranger.mjs", import.meta.url).pathname;

/** CT_NEW with HELLO, sequence 1: an established connection of 10.60.1.2:45001 to 10.60.2.2:8080. */
const MESSAGE = [
  ...[
    "1020003c",
    "00000001",
    "000c0000",
    "0a3c0102",
    "0a3c0202",
    "00080005",
    "0000000e",
    "00050002",
    "06000000",
  ],
  ...["00080003", "afc91f90", "00050004", "03000000", "00080006", "00069780"],
].join("");
const INJECTED = /src=10\.60\.1\.2 /;

beforeEach(async () => {
  const { networks, nodes } = ultraMonkey({ reals: 0 });
  const more = { stranger: { host: 66, networks: ["hb1", "pub"] } };
  cluster = await makeCluster({ topology: { networks, nodes: { ...nodes, ...more } } });
});
afterEach(() => cluster.close());

/** Only the peer of the configuration may speak, on the group, too. */
const settings = (medium: Medium) => ({
  ...(medium === "multicast" && { link: "IPv4_Destination_Address 10.0.3.1" }),
});

const say = (node: typeof stranger, kind: string, own: string) =>
  node().run([
    process.execPath,
    SAYS,
    kind,
    own,
    kind === "multicast" ? "225.0.0.50" : "10.0.3.2",
    "3780",
    MESSAGE,
  ]);

async function status() {
  // ctsyncd's own answer
  return JSON.parse((await ctsync(standby(), ["status", "--json"])).stdout) as {
    strangers: number;
    peers: readonly { address: string }[];
  };
}

/** Nothing is known, and a commit writes nothing. */
async function nothingIsInjected(): Promise<void> {
  expect((await peerLines(standby())).filter((line) => INJECTED.test(line))).toEqual([]);
  await ctsync(standby(), ["commit"]);
  expect((await kernelLines(standby())).filter((line) => INJECTED.test(line))).toEqual([]);
}

test.each<Medium>(["udp", "multicast", "tcp"])(
  "%s: a stranger on the synchronisation network injects nothing, and is counted",
  async (medium) => {
    await startCtsyncd(standby(), medium, settings(medium));
    await say(stranger, medium, "10.0.3.66");
    await until("the stranger to be noticed", async () => (await status()).strangers > 0, { everyMs: 100 });
    expect((await status()).peers).toEqual([]);
    expect(standby().log("ctsyncd")).toContain("10.0.3.66 is not a configured peer");
    await nothingIsInjected();
    await say(peer, medium, "10.0.3.1");
    await peerHas(standby(), INJECTED); // the message was a good one
  },
);

test("the peer's address on another interface is not the peer", async () => {
  await startCtsyncd(standby(), "udp");
  for (const place of ["all", "pub", "hb1"]) {
    await standby().sh(`echo 0 >/proc/sys/net/ipv4/conf/${place}/rp_filter`); // nobody else protects us
  }
  await stranger().sh("ip address del 10.0.3.66/24 dev hb1");
  await stranger().sh("ip address add 10.0.3.1/32 dev pub; ip route add 10.0.3.2/32 via 10.0.1.2 dev pub");
  const before = await received();
  await say(stranger, "udp", "10.0.3.1");
  await until("ten datagrams to arrive", async () => (await received()) >= before + 10, { everyMs: 100 });
  await elapse(300);
  expect((await status()).peers).toEqual([]);
  await nothingIsInjected();
  await say(peer, "udp", "10.0.3.1");
  await peerHas(standby(), INJECTED);
});

/** Packets that came in at the standby's public interface. */
const received = async () =>
  Number((await standby().sh("cat /sys/class/net/pub/statistics/rx_packets")).stdout);

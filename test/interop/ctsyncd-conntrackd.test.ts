/**
 * ctsyncd and a real conntrackd as peers, in both directions: the same flows on both sides, and a connection that
 * outlives its director. conntrackd comes from the root of peers (`test/setup/peer-root cluster`).
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import {
  ctsync,
  type Medium,
  masquerade,
  peerHas,
  peerLines,
  startCtsyncd,
  takeAddresses,
} from "../netns/ctsyncd-pair.js";
import { ask, openStream, serve, VIP } from "../netns/traffic/traffic.js";
import { conntrackd, startConntrackd } from "./conntrackd-peer.js";

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

/** Lines of a cache as a set: without the age, and without what is in flux when two caches are read one by one. */
const normal = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/ \[active since \d+s\]$/, ""))
    .sort();

const externalOfTheirs = async (node: LabNode) => normal((await conntrackd(node, "-e")).stdout);
/** The internal cache as the peer would print it: without the reply tuple. */
const internalOfTheirs = async (node: LabNode) =>
  normal(
    (await conntrackd(node, "-i")).stdout.replaceAll(
      /( sport=\d+ dport=\d+)( \[UNREPLIED\])? src=.*? dport=\d+/g,
      "$1$2",
    ),
  );

const sameInTheEnd = async (
  mine: () => Promise<readonly string[]>,
  other: () => Promise<readonly string[]>,
) => {
  let last = "";
  await until(
    "both caches to be equal",
    async () => {
      const [x, y] = [await mine(), await other()];
      last = `${x.length} and ${y.length}: ${x.filter((line) => !y.includes(line))[0]} / ${y.filter((line) => !x.includes(line))[0]}`;
      return JSON.stringify(x) === JSON.stringify(y);
    },
    { everyMs: 300 },
  ).catch((error: unknown) => {
    throw new Error(`${error}: ${last}`);
  });
};

const ESTABLISHED =
  /^tcp +6 ESTABLISHED src=10\.0\.1\.100 dst=10\.0\.1\.200 sport=\d+ dport=80 .*\[ASSURED\]/;

interface Way {
  readonly medium: Medium;
  readonly mode: string;
}

const WAYS: readonly Way[] = [
  { medium: "udp", mode: "FTFW { }" },
  { medium: "multicast", mode: "FTFW { }" },
  { medium: "udp6", mode: "FTFW { }" },
  { medium: "tcp", mode: "FTFW { }" },
  { medium: "udp", mode: "NOTRACK { }" },
  { medium: "tcp", mode: "NOTRACK { }" },
  { medium: "multicast", mode: "NOTRACK { }" },
  { medium: "multicast", mode: "NOTRACK { DisableInternalCache on }" },
  { medium: "tcp", mode: "NOTRACK { DisableInternalCache on }" },
  { medium: "udp", mode: "ALARM { RefreshTime 2 CacheTimeout 60 }" },
  { medium: "multicast", mode: "ALARM { RefreshTime 2 CacheTimeout 60 }" },
];

test.each(WAYS)("$mode $medium: conntrackd is active, ctsyncd takes over", async ({ medium, mode }) => {
  await startConntrackd(active(), medium, { mode });
  await startCtsyncd(standby(), medium, { mode });
  const stream = await openStream(cluster.node("client"), VIP, 80);
  await ask(cluster.node("client"), { host: VIP, port: 80, count: 10 });
  await peerHas(standby(), ESTABLISHED);
  const known = async () => (await peerLines(standby())).length;
  await until("ctsyncd to know them all", async () => (await known()) >= 11, { everyMs: 200 });
  await active().kill();
  const { stdout } = await ctsync(standby(), ["activate"]);
  expect(JSON.parse(stdout)).toMatchObject({ done: true, summary: { failed: 0 } });
  await takeAddresses(cluster, standby());
  expect(await stream.echo()).toBe("real1");
});

test.each(WAYS)("$mode $medium: ctsyncd is active, conntrackd takes over", async ({ medium, mode }) => {
  await startConntrackd(standby(), medium, { mode });
  await startCtsyncd(active(), medium, { mode });
  const stream = await openStream(cluster.node("client"), VIP, 80);
  await ask(cluster.node("client"), { host: VIP, port: 80, count: 10 });
  const known = () => externalOfTheirs(standby());
  await until("conntrackd to know it", async () => (await known()).some((line) => ESTABLISHED.test(line)));
  await until("conntrackd to know them all", async () => (await known()).length >= 11, { everyMs: 200 });
  await active().kill();
  await conntrackd(standby(), "-c");
  await takeAddresses(cluster, standby());
  expect(await stream.echo()).toBe("real1");
});

test("one datagram in ten is lost: FTFW heals it", async () => {
  await startConntrackd(active(), "udp");
  await startCtsyncd(standby(), "udp");
  await cluster.faults.loss(active().name, "hb1", 10);
  await cluster.faults.loss(standby().name, "hb1", 10);
  await ask(cluster.node("client"), { host: VIP, port: 80, count: 200 });
  await cluster.faults.heal();
  await sameInTheEnd(
    async () => normal((await peerLines(standby())).join("\n")),
    () => internalOfTheirs(active()),
  );
});

test("conntrackd is restarted and knows nothing: ctsyncd tells it everything", async () => {
  const pid = await startConntrackd(standby(), "udp");
  await startCtsyncd(active(), "udp");
  await ask(cluster.node("client"), { host: VIP, port: 80, count: 5 });
  await until("conntrackd to know them", async () => (await externalOfTheirs(standby())).length >= 5);
  signalTo(pid, "SIGTERM");
  await until("it to be gone", async () => (await conntrackd(standby(), "-s", false)).status !== 0);
  await elapse(200);
  await startConntrackd(standby(), "udp");
  await until("it to know them again", async () => (await externalOfTheirs(standby())).length >= 5, {
    everyMs: 200,
  });
});

test("ctsyncd is restarted: it asks for everything, and gets it", async () => {
  await startConntrackd(active(), "udp");
  await startCtsyncd(standby(), "udp");
  await ask(cluster.node("client"), { host: VIP, port: 80, count: 5 });
  const known = async () => (await peerLines(standby())).length;
  await until("ctsyncd to know them", async () => (await known()) >= 5, { everyMs: 200 });
  await ctsync(standby(), ["stop"]);
  await until("it to be gone", async () => (await ctsync(standby(), ["status"], false)).status === 1);
  await startCtsyncd(standby(), "udp");
  await until("ctsyncd to know them again", async () => (await known()) >= 5, { everyMs: 200 });
});

/**
 * A mixed pair of ctsyncd and conntrackd, the active one of which loses its power: what the other's kernel holds then,
 * field by field, and a download through NAT that goes on.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import {
  ctsync,
  kernelLines,
  masquerade,
  peerLines,
  startCtsyncd,
  takeAddresses,
} from "../netns/ctsyncd-pair.js";
import { openStream, serve, VIP } from "../netns/traffic/traffic.js";
import { conntrackd, externalOf, startConntrackd } from "./conntrackd-peer.js";

/** Two daemons start, one node dies, connections find their way again: on a busy machine that takes minutes. */
vi.setConfig({ testTimeout: 480_000, hookTimeout: 120_000 });

let cluster: Cluster;
const active = () => cluster.node("director1");
const standby = () => cluster.node("director2");
const PATIENCE = { limitMs: 60_000, everyMs: 200 };

beforeEach(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ reals: 1 }) });
});
afterEach(() => cluster.close());

/** How one of them is started, what it knows of the other, and how it takes over. */
interface Program {
  readonly name: string;
  readonly start: typeof startCtsyncd;
  readonly known: (node: LabNode) => Promise<readonly string[]>;
  readonly takeOver: (node: LabNode) => Promise<unknown>;
}

const OURS: Program = {
  name: "ctsyncd",
  start: startCtsyncd,
  known: peerLines,
  takeOver: (node) => ctsync(node, ["activate"]),
};
const THEIRS: Program = {
  name: "conntrackd",
  start: startConntrackd,
  known: externalOf,
  takeOver: (node) => conntrackd(node, "-c"),
};
const PAIRS = [
  { from: OURS, to: THEIRS },
  { from: THEIRS, to: OURS },
] as const;

async function startPair(from: Program, to: Program, mode = "FTFW { }"): Promise<void> {
  await to.start(standby(), "udp", { mode });
  await from.start(active(), "udp", { mode });
}

/** One flow of each kind, as the active director's kernel may have them. */
const FLOWS = [
  "-p tcp -s 10.0.1.100 -d 10.0.1.200 --sport 1001 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 400",
  "-p tcp -s 10.0.1.100 -d 10.0.1.200 --sport 1002 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 300 --dst-nat 10.0.2.11:8080 --mark 7",
  "-p tcp -s 10.0.2.11 -d 10.0.1.100 --sport 1003 --dport 25 --state SYN_SENT -t 90 --src-nat 10.0.1.200:4003",
  "-p udp -s 10.0.1.100 -d 10.0.1.200 --sport 1004 --dport 53 -u SEEN_REPLY,ASSURED -t 170 -w 5",
  "-p icmp -s 10.0.1.100 -d 10.0.1.200 --icmp-type 8 --icmp-code 0 --icmp-id 99 -t 80",
  "-p tcp -s fd00:1::100 -d fd00:1::200 --sport 1005 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -t 350 --mark 9",
  "-p udp -s fd00:1::100 -d fd00:1::200 --sport 1006 --dport 53 -t 160 --label-add blue",
];

/** Not the datagrams of the pair itself. */
const isOfOurs = (line: string): boolean => /src=(10\.0\.[12]\.|fd00:1:)/.test(line);

/** A kernel keeps labels only where a rule might set one. */
const LABELS =
  "table inet label { chain never { type filter hook input priority 0; tcp dport 9 ct label set blue; }; }";

async function allowLabels(node: LabNode): Promise<void> {
  for (const file of ["/etc/xtables/connlabel.conf", "/etc/connlabel.conf"]) node.put(file, "3 blue\n");
  await node.run(["nft", "-f", "-"], { input: LABELS });
}

/** A timeout, and the moments between which it was read: a busy machine takes seconds for that. */
interface Reading {
  readonly timeout: number;
  readonly afterMs: number;
  readonly beforeMs: number;
}

/** Every flow of a kernel, by everything but its timeout. */
async function table(node: LabNode): Promise<ReadonlyMap<string, Reading>> {
  const flows = new Map<string, Reading>();
  for (const family of ["ipv4", "ipv6"]) {
    const afterMs = performance.now();
    const { stdout } = await node.run(["conntrack", "-L", "-f", family, "-o", "labels"]);
    const beforeMs = performance.now();
    for (const line of stdout.split("\n").filter(isOfOurs)) {
      const found = /^(\S+ +\d+) (\d+) (.* (?:sport|type)=.*)$/.exec(line);
      if (found === null) continue;
      const fields = `${found[1]} ${found[3]!.replace(/ use=\d+/, "")}`.trim();
      flows.set(fields, { timeout: Number(found[2]), afterMs, beforeMs });
    }
  }
  return flows;
}

/** By how many seconds a timeout went on otherwise than time did, at least. */
function drift(first: Reading, then: Reading): number {
  const ran = first.timeout - then.timeout;
  const least = (then.afterMs - first.beforeMs) / 1000;
  const most = (then.beforeMs - first.afterMs) / 1000;
  return ran < least ? least - ran : Math.max(0, ran - most);
}

test.each(PAIRS)(
  "$from.name fails, $to.name takes over: its kernel holds the same flows in every field",
  async ({ from, to }) => {
    for (const node of [active(), standby()]) await allowLabels(node);
    await startPair(from, to);
    for (const flow of FLOWS) await active().run(["conntrack", "-I", ...flow.split(" ")]);
    await until(
      `${to.name} to know them`,
      async () => (await to.known(standby())).filter(isOfOurs).length === FLOWS.length,
      PATIENCE,
    );
    const wanted = await table(active());
    expect(wanted.size).toBe(FLOWS.length);
    await active().kill();
    await to.takeOver(standby());
    const found = await table(standby());
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [flow, reading] of wanted) {
      // Whole seconds here, on the wire, in the cache and there: what they cannot tell is no drift.
      expect(drift(reading, found.get(flow)!), flow).toBeLessThanOrEqual(2);
    }
  },
);

const program = (name: string) => new URL(name, import.meta.url).pathname;

test.each(PAIRS)(
  "$from.name fails, $to.name takes over: a download through NAT goes on to its last byte",
  async ({ from, to }) => {
    for (const node of [active(), standby()]) await masquerade(node);
    await takeAddresses(cluster, active());
    await startPair(from, to);
    const server = await cluster
      .node("real1")
      .spawn([process.execPath, program("download-server.mjs"), "8080"]);
    await until("the server", () => server.lines.includes("ready"));
    const client = await cluster
      .node("client")
      .spawn([process.execPath, program("download-client.mjs"), VIP, "80"]);
    await until("the download to run", () => client.lines.includes("megabyte 2"), PATIENCE);
    const known = async () =>
      (await to.known(standby())).some((line) => /ESTABLISHED .*\[ASSURED\]/.test(line));
    await until(`${to.name} to know the connection`, known, PATIENCE);
    await active().kill();
    await to.takeOver(standby());
    await takeAddresses(cluster, standby());
    server.write("end\n");
    await until(
      "the download to end",
      () => client.ended || client.lines.some((line) => /^(done|error|wrong)/.test(line)),
      { limitMs: 240_000 },
    );
    expect(client.lines.at(-1)).toBe(server.lines.at(-1)?.replace("sent", "done"));
  },
);

test.each(PAIRS)(
  "DisableExternalCache: $from.name tells, the flow is in the kernel of $to.name at once",
  async ({ from, to }) => {
    for (const node of [active(), standby()]) await masquerade(node);
    await takeAddresses(cluster, active());
    await serve(cluster.node("real1"), 8080);
    await startPair(from, to, "NOTRACK { DisableInternalCache on DisableExternalCache on }");
    const stream = await openStream(cluster.node("client"), VIP, 80);
    expect(await stream.echo()).toBe("real1");
    const there = async () =>
      (await kernelLines(standby())).some((line) => /ESTABLISHED src=10\.0\.1\.100 .*sport=8080/.test(line));
    await until("the flow to be in the standby's kernel", there, PATIENCE);
    await active().kill();
    await takeAddresses(cluster, standby());
    expect(await stream.echo()).toBe("real1");
  },
);

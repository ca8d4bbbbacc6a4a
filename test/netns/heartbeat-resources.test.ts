/** Resources of heartbeat on the real kernel: routes, blocked ports, and a group of scripts with its environment. */
import { portBlock } from "@systole/heartbeat/resources/port-block";
import type { ResourceSpec } from "@systole/heartbeat/resources/resource";
import { sourceAddress } from "@systole/heartbeat/resources/source-address";
import { type Network, openNetwork } from "@systole/kernel";
import { inNamespace } from "@systole/sys";
import { parseIp } from "@systole/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { withPair } from "./heartbeat-pair.js";

const spec = (text: string): ResourceSpec => {
  const [script = "", ...args] = text.split("::");
  return { text, script, args };
};
/** What the script noted so far. */
const NOTES = "/run/heartbeat/rsctmp/noted";
const noteOf = (node: LabNode): string => (node.has(NOTES) ? node.read(NOTES) : "");

const never = new AbortController().signal;

describe("on one director", () => {
  let cluster: Cluster;
  let node: LabNode;
  let kernel: Network;

  beforeAll(async () => {
    cluster = await makeCluster({ topology: ultraMonkey({ directors: 1, reals: 0, heartbeats: 0 }) });
    node = cluster.node("director1");
    const within = <T>(make: () => T): T => inNamespace(`/proc/${node.pid}/ns/net`, make);
    kernel = await openNetwork({ within, nftCommand: node.enter(["nft"]) });
  });
  afterAll(async () => {
    await kernel.close();
    await cluster.close();
  });

  test("IPsrcaddr: packets over the default route come from the VIP, and no longer after the stop", async () => {
    await node.run(["ip", "route", "replace", "default", "via", "10.0.1.100", "dev", "pub"]);
    const vip = { address: parseIp("10.0.1.200")!, prefixLength: 24, device: "pub" };
    await kernel.addresses.hold(vip, undefined);
    const resource = sourceAddress(spec("IPsrcaddr::10.0.1.200"), { kernel });
    const source = async (to: string) =>
      /src (\S+)/.exec((await node.run(["ip", "route", "get", to])).stdout)?.[1];
    const own = await source("198.51.100.1");
    await resource.start(never);
    expect([await source("198.51.100.1"), await source("10.0.1.100")]).toEqual(["10.0.1.200", "10.0.1.200"]);
    expect(await resource.status(never)).toBe(true);
    await resource.stop(never);
    expect([await source("198.51.100.1"), await source("10.0.1.100"), own]).toEqual([own, own, "10.0.1.1"]);
    await kernel.addresses.drop(vip);
  });

  test("portblock: a blocked port answers nobody, others do", async () => {
    const resource = portBlock(spec("portblock::tcp::8080,8443::block"), { kernel });
    expect(await resource.status(never)).toBe(false);
    await resource.start(never);
    await resource.start(never);
    expect(await resource.status(never)).toBe(true);
    const listener = "require('net').createServer().listen(8080);require('net').createServer().listen(8081)";
    await node.spawn([process.execPath, "-e", listener]);
    const client = cluster.node("client");
    const open = async (port: number) => {
      const connect =
        `const s = require('net').connect(${port}, '10.0.1.1', () => process.exit(0));` +
        "s.on('error', () => process.exit(1)); setTimeout(() => process.exit(2), 1500)";
      return (await client.run([process.execPath, "-e", connect], { check: false })).status;
    };
    await until("the open port", async () => (await open(8081)) === 0);
    expect(await open(8080)).toBe(2);
    await resource.stop(never);
    expect([await resource.status(never), await open(8080)]).toEqual([false, 0]);
    await resource.stop(never);
  });
});

test("scripts get the original's arguments and environment, and rsctmp", async () => {
  const body = 'echo "$1 $2 $HA_CURHOST $HA_keepalive $HA_COLOUR $HA_NICEFAILBACK" >> $HA_RSCTMP/noted';
  const options = {
    haCf: "env COLOUR=red\n",
    resources: "IPaddr2::10.0.1.200/24/pub noting::one",
    script: { noting: body },
  };
  await withPair(options, async (pair) => {
    const [first] = pair.nodes;
    const noted = () => noteOf(first);
    await until("the script", () => noted().includes("one start"));
    expect(noted().split("\n").slice(0, 2)).toEqual([
      "one status director1 500ms red yes",
      "one start director1 500ms red yes",
    ]);
    await pair.call(first, "hb_standby");
    await until("its stop", () => noted().includes("one stop"));
  });
});

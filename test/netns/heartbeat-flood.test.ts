/** A stranger on the heartbeat segment floods the standby node with datagrams that are not ours. */
import { expect, test } from "vitest";
import { scenarios } from "../../packages/heartbeat/test/vectors.js";
import { withCluster } from "../lab/cluster.js";
import { type Topology, ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";
import { Pair } from "./heartbeat-pair.js";

const PER_SECOND = 100_000;
const SECONDS = 10;

/** As ever, and the client can reach the heartbeat segment. */
function topology(): Topology {
  const { networks, nodes } = ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 });
  return { networks, nodes: { ...nodes, client: { host: 100, networks: ["pub", "hb1"] } } };
}

/** Real datagrams of strangers with other keys, their halves, and noise. */
function badDatagrams(): string {
  const bytes = scenarios().flatMap(({ datagrams }) => datagrams.slice(0, 20).map(({ hex }) => hex));
  const halves = bytes
    .filter((_, index) => index % 3 === 0)
    .map((hex) => hex.slice(0, (hex.length >> 2) << 1));
  return [...bytes, ...halves, "", "00", "ff".repeat(300)].filter((hex) => hex !== "").join("\n");
}

test(`of ${PER_SECOND.toLocaleString("en")} a second for ${SECONDS} s: nobody takes over, and the log stays short`, async () => {
  await withCluster(topology(), async (cluster) => {
    const pair = new Pair(cluster);
    pair.configure({ media: "ucast hb1 10.0.3.1\nucast hb1 10.0.3.2\n" });
    for (const node of pair.nodes) await pair.start(node);
    await pair.ownedBy("director1");
    const [, standby] = pair.nodes;
    const lines = () => standby.log("heartbeat").split("\n").length;
    const before = lines();
    const client = cluster.node("client");
    client.put("/run/bad", badDatagrams());
    const flood = new URL("flood.mjs", import.meta.url).pathname;
    const { stdout } = await client.run([
      ...[process.execPath, flood, "10.0.3.2", "694"],
      ...[String(PER_SECOND), String(SECONDS), "/run/bad"],
    ]);
    await elapse(1000);
    const status = await pair.status(standby);
    const dropped = Object.values(status?.dropped ?? {}).reduce((sum, number) => sum + number, 0);
    console.log(`${stdout.trim()} sent, ${dropped} read and dropped`);
    expect(Number(stdout)).toBeGreaterThan(1000); // as many as this machine can spare
    expect(dropped).toBeGreaterThan(Number(stdout) / 10);
    expect(pair.owners()).toEqual(["director1"]);
    for (const node of pair.nodes) expect(node.log("heartbeat")).not.toContain("is dead");
    expect(lines() - before).toBeLessThan(20);
  });
}, 120_000);

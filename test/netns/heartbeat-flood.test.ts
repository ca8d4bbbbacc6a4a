/** A stranger on the heartbeat segment floods the standby node with datagrams that are not ours. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scenarios } from "../../packages/heartbeat/test/vectors.js";
import { withCluster } from "../lab/cluster.js";
import { type Topology, ultraMonkey } from "../lab/topology.js";
import { elapse } from "../lab/until.js";
import { Pair } from "./heartbeat-pair.js";

const PER_SECOND = 100_000;
/** Ten seconds of it; longer on a machine that cannot. */
const COUNT = 10 * PER_SECOND;

/** As ever, and the client can reach the heartbeat segment. */
function topology(): Topology {
  const { networks, nodes } = ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 });
  return { networks, nodes: { ...nodes, client: { host: 100, networks: ["pub", "hb1"] } } };
}

/** Real datagrams of strangers with other keys, their halves, and noise: each behind its length in two bytes. */
function badDatagrams(): Buffer {
  const whole = scenarios().flatMap(({ datagrams }) =>
    datagrams.slice(0, 20).map(({ hex }) => Buffer.from(hex, "hex")),
  );
  const halves = whole
    .filter((_, index) => index % 3 === 0)
    .map((bytes) => bytes.subarray(0, bytes.length >> 1));
  const noise = [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(300, 0xff)];
  return Buffer.concat(
    [...whole, ...halves, ...noise].flatMap((bytes) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** The sender, compiled; inside of the checkout, which nodes see at the same path. */
function sender(): string {
  const folder = join(process.cwd(), ".cache/netns");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "flood");
  const source = new URL("flood.c", import.meta.url).pathname;
  execFileSync("cc", ["-O2", "-Wall", "-o", program, source], { stdio: "inherit" });
  return program;
}

test(`a flood, up to ${PER_SECOND.toLocaleString("en")} a second, ${COUNT.toLocaleString("en")} in all: nobody takes over, and the log stays short`, async () => {
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
    const { stdout } = await client.run(
      // A stranger has processors of its own; here it must get its share of ours beside other tests.
      ["nice", "-n", "-15", sender(), "10.0.3.2", "694", String(PER_SECOND), String(COUNT), "/run/bad"],
      { timeoutMs: 120_000 },
    );
    await elapse(1000);
    const status = await pair.status(standby);
    const dropped = Object.values(status?.dropped ?? {}).reduce((sum, number) => sum + number, 0);
    const perSecond = Math.round(COUNT / Number(stdout)).toLocaleString("en");
    console.log(`${COUNT} sent in ${stdout.trim()} s: ${perSecond} a second; ${dropped} read and dropped`);
    expect(dropped).toBeGreaterThan(COUNT / 10); // what did not fit into the socket was dropped by the kernel
    expect(pair.owners()).toEqual(["director1"]);
    for (const node of pair.nodes) expect(node.log("heartbeat")).not.toContain("is dead");
    expect(lines() - before).toBeLessThan(20);
  });
}, 180_000);

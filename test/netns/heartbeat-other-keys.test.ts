/** Two directors with different authkeys, and a stranger who forges heartbeats: what waits, and what must not. */
import { milliseconds } from "@systole/machine";
import { expect, test } from "vitest";
import { seal } from "../../packages/heartbeat/src/wire/datagram.js";
import { bytesOf } from "../../packages/heartbeat/src/wire/field.js";
import { encodeMessage } from "../../packages/heartbeat/src/wire/vocabulary.js";
import { withCluster } from "../lab/cluster.js";
import { type Topology, ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { Pair, withPair } from "./heartbeat-pair.js";

const TIMES = "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 5\n";
const INITDEAD_MS = 5000;
const TOLD = "speaks on hb1 with a key that this node does not have";

const count = (text: string, part: string): number => text.split(part).length - 1;

test("different keys: nobody takes anything, both say why; then the same keys, and all is well", async () => {
  await withPair({ times: TIMES, keys: ["spring", "autumn"], owner: "nobody" }, async (pair) => {
    const [first, second] = pair.nodes;
    const saw = () => pair.nodes.every((node) => node.log("heartbeat").includes(TOLD));
    await until("both to say that the keys differ", saw, { limitMs: 20_000 });
    await elapse(3 * INITDEAD_MS);
    expect(pair.owners()).toEqual([]);
    for (const node of pair.nodes) {
      expect(count(node.log("heartbeat"), TOLD)).toBe(1);
      expect(node.log("heartbeat")).not.toContain("is dead");
      const status = await pair.status(node);
      const peer = status?.nodes.find((one) => one.node !== node.name);
      expect([status?.life, peer?.state, peer?.otherKey]).toEqual(["joining", "init", "waits"]);
    }
    second.put("/etc/ha.d/authkeys", first.read("/etc/ha.d/authkeys"), 0o600);
    pair.signal(second, "SIGHUP");
    await pair.ownedBy("director1", 5000);
    await until("both to be well", () => pair.isWell(), { everyMs: 50 });
    expect(second.log("heartbeat")).toContain("director1 speaks with a key of ours now");
  });
});

test("otherkeys ignore on one: that one takes all, the other waits until it is silent", async () => {
  const before: Parameters<typeof withPair>[0]["before"] = async (node, host) => {
    if (host === 2) await node.sh("echo '#% otherkeys ignore' >> /etc/ha.d/ha.cf");
  };
  await withPair({ times: TIMES, keys: ["spring", "autumn"], owner: "director2", before }, async (pair) => {
    const [, second] = pair.nodes;
    await elapse(2 * INITDEAD_MS);
    expect(pair.owners()).toEqual(["director2"]);
    await second.kill();
    await pair.ownedBy("director1", 5000);
  });
});

/** As ever, and the client can reach the heartbeat segment. */
function topology(): Topology {
  const { networks, nodes } = ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 });
  return { networks, nodes: { ...nodes, client: { host: 100, networks: ["pub", "hb1"] } } };
}

/** A status of director1 by somebody who has not got the key. */
function forged(): Uint8Array {
  const key = { index: 1, method: "sha1", key: bytesOf("forged") } as const;
  const message = { type: "status", state: "active", deadtime: milliseconds(1000), protocol: 1 } as const;
  const fields = encodeMessage(message, {
    ...{ dest: undefined, destUuid: undefined, src: "director1", srcUuid: new Uint8Array(16) },
    ...{ generation: 7, sequence: 1, sentAt: 1_795_167_684, load: "0.00 0.00 0.00 1/99 1", ttl: 3 },
  });
  return seal(fields, { framing: "netstring", innerAuth: true }, { signing: key, keys: new Map([[1, key]]) });
}

/** Sends a file as a datagram to an address, ten times a second. */
const FORGER = `
const socket = require("node:dgram").createSocket("udp4");
const bytes = require("node:fs").readFileSync(process.argv[1]);
setInterval(() => socket.send(bytes, 694, process.argv[2]), 100);
`;

test("forged heartbeats of the owner do not delay its takeover; a start waits for their end", async () => {
  await withCluster(topology(), async (cluster) => {
    const pair = new Pair(cluster);
    pair.configure({ times: TIMES, media: "ucast hb1 10.0.3.1\nucast hb1 10.0.3.2\n" });
    for (const node of pair.nodes) await pair.start(node);
    await pair.ownedBy("director1");
    await until("both to be well", () => pair.isWell(), { everyMs: 50 });
    const [first, second] = pair.nodes;
    const client = cluster.node("client");
    client.put("/run/forged", forged());
    const forger = await client.spawn([process.execPath, "-e", FORGER, "/run/forged", "10.0.3.2"]);
    await elapse(2000);
    const at = performance.now();
    await first.kill();
    await pair.ownedBy("director2", 5000);
    expect(performance.now() - at).toBeLessThan(2000);
    await until("it to be told", () => second.log("heartbeat").includes(TOLD));

    await pair.call(second, "heartbeat", ["-k"]);
    await pair.start(second, "again");
    await elapse(2 * INITDEAD_MS);
    expect(pair.owners()).toEqual([]);
    expect(count(second.log("again"), TOLD)).toBe(1);
    await forger.stop();
    await pair.ownedBy("director2", 5000);
  });
});

/** Programs that a running heartbeat starts and runs: respawn, event scripts; what they hear and what becomes of them. */

import { expect, test } from "vitest";
import { NODE_OPTIONS } from "../../packages/heartbeat/src/shell/node-options.js";
import { type Cluster, withCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

const BIN = new URL("../../packages/heartbeat/dist/bin/", import.meta.url).pathname;
const HA_CF = `
keepalive 200ms
deadtime 3
initdead 3
auto_failback on
node director1 director2
bcast hb1
env COLOUR=blue
respawn root /etc/lab/keeper one
respawn root /etc/lab/quitter
`;
/** Says that it lives, and with which environment; ends when it is told. */
const KEEPER = '#!/bin/sh\nenv >/run/keeper.env\necho "$$ $*" >>/run/keeper.lives\nexec sleep 1000\n';
const QUITTER = "#!/bin/sh\necho once >>/run/quitter.lives\nexit 100\n";
const EVENT = '#!/bin/sh\necho "$HA_t $HA_src $HA_OSTATUS $HA_st$HA_foo" >>/run/events\n';

async function begin(cluster: Cluster): Promise<{ node: LabNode; pid: number }> {
  const node = cluster.node("director1");
  node.put("/etc/ha.d/ha.cf", HA_CF);
  node.put("/etc/ha.d/authkeys", "auth 1\n1 sha1 k\n", 0o600);
  node.put("/etc/ha.d/haresources", "");
  node.put("/etc/lab/keeper", KEEPER, 0o755);
  node.put("/etc/lab/quitter", QUITTER, 0o755);
  for (const name of ["status", "custom"]) node.put(`/etc/ha.d/rc.d/${name}`, EVENT, 0o755);
  return { node, pid: await daemon(node) };
}

const daemon = (node: LabNode): Promise<number> =>
  node.daemon("heartbeat", [process.execPath, ...NODE_OPTIONS, `${BIN}heartbeat.js`, "-f"]);

const linesOf = (node: LabNode, file: string): readonly string[] =>
  node.has(file) ? node.read(file).trim().split("\n") : [];

const patience = { limitMs: 60_000, everyMs: 50 };

test("a program of respawn lives as long as heartbeat does, one that exits with 100 once", {
  timeout: 600_000,
}, async () => {
  await withCluster(ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 }), async (cluster) => {
    const { node, pid } = await begin(cluster);
    const lives = () => linesOf(node, "/run/keeper.lives");
    await until("the program to run", () => lives().length === 1, patience);
    expect(node.read("/run/keeper.env")).toMatch(/^HA_COLOUR=blue$/m);
    expect(node.read("/run/keeper.env")).toMatch(/^HA_CURHOST=director1$/m);
    await node.sh(`kill ${lives()[0]!.split(" ")[0]}`);
    await until("it to run again", () => lives().length === 2, patience);
    expect(linesOf(node, "/run/quitter.lives")).toEqual(["once"]);

    signalTo(pid, "SIGKILL"); // what it left behind ends when the next one starts
    const orphan = lives()[1]!.split(" ")[0];
    const second = await daemon(node);
    await until("a new one", () => lives().length === 3, patience);
    expect((await node.sh(`kill -0 ${orphan}`, { check: false })).status).not.toBe(0);

    signalTo(second, "SIGTERM");
    const last = lives()[2]!.split(" ")[0];
    const gone = async () => (await node.sh(`kill -0 ${last}`, { check: false })).status !== 0;
    await until("it to end with heartbeat", gone, patience);
    expect(linesOf(node, "/run/quitter.lives")).toEqual(["once", "once"]);
  });
});

test("event scripts hear of deaths, and of what a script tells the cluster", {
  timeout: 600_000,
}, async () => {
  await withCluster(ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 }), async (cluster) => {
    const { node } = await begin(cluster);
    const events = () => linesOf(node, "/run/events");
    await until(
      "the death of the other node",
      () => events().includes("status director2 active dead"),
      patience,
    );
    await node.sh("printf '>>>\\nt=custom\\nfoo=bar\\n<<<\\n' >/var/lib/heartbeat/fifo");
    await until("its own event", () => events().includes("custom director1 active bar"), patience);
  });
});

/** The laboratory itself: what it builds, what it breaks, and that nothing of it stays. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { alive, type Cluster, makeCluster } from "../lab/cluster.js";
import { start } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ mail: true }) });
});
afterAll(() => cluster.close());

const pings = async (from: string, address: string) =>
  (await cluster.node(from).run(["ping", "-c1", "-W1", address], { check: false })).status === 0;

test("nodes of one network reach each other, by IPv4, IPv6 and name", async () => {
  expect(await pings("client", "10.0.1.1")).toBe(true);
  expect(await pings("client", "fd00:1::2")).toBe(true);
  expect(await pings("director1", "real2")).toBe(true);
  expect(await pings("director1", "director2.hb1")).toBe(true);
});

test("a node has its own name and its own /etc, /var and /run", async () => {
  const node = cluster.node("director1");
  node.put("/etc/ha.d/ha.cf", "keepalive 1\n");
  node.put("/run/mark", "d1");
  expect((await node.run(["cat", "/etc/ha.d/ha.cf", "/proc/sys/kernel/hostname"])).stdout).toBe(
    "keepalive 1\ndirector1\n",
  );
  expect(cluster.node("director2").has("/run/mark")).toBe(false);
});

test("a command that fails is an error with its output", async () => {
  const failing = cluster.node("client").sh("echo reason >&2; exit 3");
  await expect(failing).rejects.toThrow(/exit code 3\nreason/);
});

test("an address is seen at once, from outside", async () => {
  const node = cluster.node("director1");
  expect(node.holds("10.0.1.200")).toBe(false);
  await node.run(["ip", "address", "add", "10.0.1.200/24", "dev", "pub"]);
  await node.run(["ip", "address", "add", "fd00:1::c8/64", "dev", "pub", "nodad"]);
  expect([node.holds("10.0.1.200"), node.holds("10.0.1.20"), node.holds("fd00:1::c8")]).toEqual([
    true,
    false,
    true,
  ]);
});

test("a pulled cable, a one-way loss, and the cure", async () => {
  await cluster.faults.cut("director1", ["hb1"]);
  expect((await cluster.node("director1").run(["cat", "/sys/class/net/hb1/carrier"])).stdout).toBe("0\n");
  await cluster.faults.drop("director1", "client");
  expect(await pings("client", "director1")).toBe(false);
  await cluster.faults.heal();
  expect(await pings("client", "director1")).toBe(true);
  expect(await pings("director2", "director1.hb1")).toBe(true);
});

test("signals reach the process itself, which dies with the node", async () => {
  const node = cluster.node("real1");
  const script = 'trap "echo term; exit 5" TERM; echo up; while :; do sleep 0.05; done';
  const first = await node.spawn(["bash", "-c", script]);
  const second = await node.spawn(["sleep", "1000"]);
  const daemon = await node.daemon("sleeper", ["bash", "-c", "echo started; exec sleep 1000"]);
  await expect.poll(() => first.lines).toEqual(["up"]);
  expect([await first.stop(), first.lines]).toEqual([5, ["up", "term"]]);
  await expect.poll(() => node.log("sleeper")).toBe("started\n");
  await node.kill();
  expect(await second.exited).toBe(137);
  expect(alive(daemon)).toBe(false);
  expect(await pings("director1", "real1")).toBe(false);
  await node.boot();
  // the first question for its MAC address may still be pending: one more ping may be needed
  await until("real1 to answer", () => pings("director1", "real1"));
});

test("a frozen node answers ping; its processes do not go on before it is thawed", async () => {
  const node = cluster.node("real2");
  const ticks = await node.spawn(["bash", "-c", "while :; do echo tick; sleep 0.01; done"]);
  await expect.poll(() => ticks.lines.length).toBeGreaterThan(1);
  await node.freeze();
  const seen = ticks.lines.length;
  expect(await pings("director1", "real2")).toBe(true);
  expect(ticks.lines.length - seen).toBeLessThan(3);
  await node.thaw();
  await expect.poll(() => ticks.lines.length).toBeGreaterThan(seen + 3);
});

test("after close nothing is left: no process, no mount, no network card", async () => {
  const other = await makeCluster({ topology: ultraMonkey() });
  const pids = [other.pid, ...other.nodes.map((node) => node.pid)];
  await other.close();
  await expect.poll(() => pids.filter(alive)).toEqual([]);
});

test("a test that is killed with SIGKILL leaves nothing behind, either", async () => {
  const holder = await start([process.execPath, "test/setup/run-ts.mjs", "test/netns/fixtures/holder.ts"]);
  const line = await until("the other laboratory", () => holder.lines.find((text) => text.startsWith("[")));
  const pids: number[] = JSON.parse(line);
  expect(pids.filter(alive)).toEqual(pids);
  holder.send("SIGKILL");
  await until("it to go", () => pids.every((pid) => !alive(pid)));
});

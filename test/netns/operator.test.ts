/** An operator at a director that serves: plan, drain with a connection that goes on, restart, drift, status. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { ask, masqDirector, openStream, type Stream, serve, tally, VIP } from "./traffic/traffic.js";

const built = (path: string) => new URL(`../../packages/${path}`, import.meta.url).pathname;
const PROGRAMS = {
  ldirectord: built("ldirectord/dist/bin/ldirectord.js"),
  systole: built("systole/dist/bin/systole.js"),
};
const CONFIG = "/etc/ha.d/ldirectord.cf";
const file = (reals: string) => `checkinterval=1\nchecktimeout=2\nquiescent=yes\nvirtual=${VIP}:80
${reals}\tchecktype=connect\n\tscheduler=rr\n`;
const TWO = "\treal=10.0.2.11:80 masq 1\n\treal=10.0.2.12:80 masq 1\n";

let cluster: Cluster;
let director: LabNode;

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1 }) });
  director = cluster.node("director1");
  await masqDirector(cluster, director.name);
  for (const name of ["real1", "real2"]) await serve(cluster.node(name), 80);
  director.put(CONFIG, file(TWO));
});
afterAll(() => cluster.close());

const run = (program: keyof typeof PROGRAMS, ...words: readonly string[]) =>
  director.run([process.execPath, PROGRAMS[program], ...words], { check: false });
const answers = async () => tally(await ask(cluster.node("client"), { host: VIP, port: 80, count: 8 }));
const systole = async (...words: readonly string[]) => {
  const { status, stdout, stderr } = await run("systole", ...words);
  return { status, text: `${stdout}${stderr}` };
};

test("plan before the start: what a start would do, exit 2; after it nothing, exit 0; a broken file, exit 1", async () => {
  const first = await run("ldirectord", "--plan");
  expect(first).toMatchObject({ status: 2 });
  expect(first.stdout.split("\n")).toEqual([
    `tcp:${VIP}:80`,
    "  + virtual service  scheduler rr",
    "  + 10.0.2.11:80  masq, weight 0, 1 once its check has passed",
    "  + 10.0.2.12:80  masq, weight 0, 1 once its check has passed",
    "Plan: 3 to add, 0 to change, 0 to remove.",
    "",
  ]);
  expect(await run("ldirectord", "start")).toMatchObject({ status: 0 });
  await until("both to serve", async () => Object.keys(await answers()).length === 2);
  expect(await run("ldirectord", "--plan")).toMatchObject({ status: 0, stdout: "Plan: no changes.\n" });
  expect(await systole("status")).toMatchObject({ status: 0 });
  director.put(CONFIG, file("\treal=10.0.2.11:80 mask 1\n"));
  const broken = await run("ldirectord", "--plan");
  expect(broken).toMatchObject({ status: 1, stdout: "" });
  expect(broken.stderr).toContain(`${CONFIG}:5:7: error: real: "mask"`);
  director.put(CONFIG, file(TWO));
});

test("the plan of a running daemon is what its reload does", async () => {
  director.put(CONFIG, file("\treal=10.0.2.11:80 masq 3\n"));
  const { status, stdout } = await run("ldirectord", "--plan", "--json");
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ daemon: "running", added: 0, changed: 1, removed: 1 });
  await run("ldirectord", "reload");
  await until("the reload", async () => (await run("ldirectord", "--plan")).status === 0);
  expect(await answers()).toEqual({ real1: 8 });
  director.put(CONFIG, file(TWO));
  await run("ldirectord", "reload");
  await until("both to serve again", async () => Object.keys(await answers()).length === 2);
});

test("drain: what is open goes on, nothing new comes, --wait ends with the last connection", async () => {
  const streams: Stream[] = [];
  for (let left = 4; left > 0; left--) streams.push(await openStream(cluster.node("client"), VIP, 80));
  const mine = streams.filter(({ server }) => server === "real1");
  expect(mine.length).toBeGreaterThan(0);
  const early = await systole(
    "server",
    "drain",
    "10.0.2.11",
    "--why",
    "disk swap",
    "--wait",
    "--timeout",
    "1s",
  );
  expect(early).toMatchObject({ status: 1 });
  expect(early.text).toMatch(/10\.0\.2\.11:80 of tcp 10\.0\.1\.200:80: drain\n\d+ connections left\n/);
  expect(await answers()).toEqual({ real2: 8 });
  for (const stream of mine) expect(await stream.echo()).toBe("real1");
  const status = await systole("status");
  expect(status).toMatchObject({ status: 0 });
  expect(status.text).toMatch(/10\.0\.2\.11:80 +masq +weight 0\/1 +up .* active +drain by .+ "disk swap"/);
  const waiting = systole("server", "drain", "10.0.2.11", "--why", "disk swap", "--wait", "--timeout", "5m");
  for (const stream of streams) await stream.close();
  expect(await waiting).toMatchObject({ status: 0, text: expect.stringMatching(/drained\n$/) });
}, 120_000);

test("the order outlives reload, restart and SIGKILL; ready takes it back", async () => {
  for (const way of ["reload", "restart", "kill"]) {
    if (way === "kill") {
      await director.sh("kill -KILL $(cat /run/ldirectord.ldirectord.pid)");
      await until("its death", async () => (await run("ldirectord", "status")).status === 1);
      await run("ldirectord", "start");
    } else await run("ldirectord", way);
    await until(`real2 to serve after ${way}`, async () => (await answers()).real2 === 8);
  }
  expect(await systole("server", "ready", "10.0.2.11")).toMatchObject({ status: 0 });
  await until("both to serve", async () => Object.keys(await answers()).length === 2);
}, 120_000);

test("maint, weight, an order that ends by itself, and words that mean nothing", async () => {
  expect(await systole("server", "maint", `${VIP}:80`, "10.0.2.12:80", "--for", "2s")).toMatchObject({
    status: 0,
  });
  expect(await answers()).toEqual({ real1: 8 });
  await until("its end", async () => Object.keys(await answers()).length === 2);
  expect(await systole("server", "weight", "0", "10.0.2.12")).toMatchObject({ status: 0 });
  expect(await answers()).toEqual({ real1: 8 });
  expect(await systole("server", "ready", "10.0.2.12")).toMatchObject({ status: 0 });
  expect(await systole("server", "drain", "10.0.2.99")).toMatchObject({
    status: 1,
    text: expect.stringContaining("no real server 10.0.2.99; there are: 10.0.2.11:80 10.0.2.12:80"),
  });
  expect(await systole("server", "weight", "x", "10.0.2.12")).toMatchObject({ status: 2 });
  expect(await systole("server", "drain")).toMatchObject({ status: 2 });
}, 120_000);

test("why it is down: the reason, and what was said", async () => {
  director.put(CONFIG, file(TWO).replace("connect", 'negotiate\n\tservice=http\n\trequest="x"'));
  await run("ldirectord", "reload");
  await until("both to be down", async () => (await systole("status")).status === 2);
  const { text } = await systole("status", "--transcripts");
  expect(text).toMatch(/tcp 10\.0\.1\.200:80 {2}rr {2}0 of 2 serve {2}CRITICAL/);
  expect(text).toMatch(/DOWN/);
  expect(text).toContain("| > GET /x HTTP/1.1");
}, 120_000);

/** ldirectord between a client and two real servers, in namespaces, on nftables: what an administrator would see. */
import { controlClient } from "@systole/daemon";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alive, type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { elapse, until } from "../lab/until.js";
import { masqDirector } from "./traffic/traffic.js";

const VIP = "10.0.1.200";
const PROGRAM = new URL("../../packages/ldirectord/dist/bin/ldirectord.js", import.meta.url).pathname;
const CONFIG = "/etc/ha.d/ldirectord.cf";
const PAGE = "/etc/page";

/** Answers `/check` with what stands in a file, and everything else with its name. */
const SERVER = `
  const [name, port] = process.argv.slice(1);
  require("node:http").createServer((request, response) => {
    const page = request.url === "/check.html" ? require("node:fs").readFileSync("${PAGE}") : name;
    response.writeHead(200, { connection: "close" }).end(page);
  }).listen(Number(port));`;

const config = (
  more = "",
  reals = "\treal=10.0.2.11:80 masq 1\n\treal=10.0.2.12:80 masq 1\n",
) => `checkinterval=1
checktimeout=2
quiescent=yes
reconcile=2
fallback=10.0.2.12:8080 masq
virtual=${VIP}:80
${reals}\trequest="check.html"
\treceive="I'm alive!"
${more}`;

let cluster: Cluster;
let director: LabNode;
const page = (real: string, alive: boolean) =>
  cluster.node(real).put(PAGE, alive ? "I'm alive!\n" : "closed\n");

beforeAll(async () => {
  cluster = await makeCluster({ topology: ultraMonkey({ directors: 1 }) });
  director = cluster.node("director1");
  await masqDirector(cluster, director.name);
  for (const name of ["real1", "real2"]) {
    page(name, true);
    await cluster.node(name).daemon("server", [process.execPath, "-e", SERVER, name, "80"]);
  }
  await cluster.node("real2").daemon("fallback", [process.execPath, "-e", SERVER, "fallback", "8080"]);
  director.put(CONFIG, config());
});
afterAll(() => cluster.close());

const ldirectord = (...words: readonly string[]) =>
  director.run([process.execPath, PROGRAM, ...words], { check: false });
const control = () => controlClient(director.path("/run/systole/ldirectord/control"), { limitMs: 10_000 });

interface Status {
  readonly active: boolean;
  readonly newerConfigRefused: boolean;
  readonly table: readonly {
    readonly reals: readonly { readonly server: string; readonly weight: number }[];
  }[];
}

/** Undefined while nobody answers. */
const status = async () =>
  (await control()
    .call("status")
    .catch(() => undefined)) as Status | undefined; // the daemon's own answer

/** `10.0.2.11:80=1 10.0.2.12:80=1`: the first virtual service as the kernel has it. */
async function table(): Promise<string> {
  const { table: services } = (await control().call("status")) as Status; // the daemon's own answer
  const reals = services[0]?.reals ?? [];
  return reals
    .map(({ server, weight }) => `${server}=${weight}`)
    .toSorted()
    .join(" ");
}

const becomes = (wanted: string) =>
  until(`the table to be ${wanted}`, async () => (await table()) === wanted);

/** Who answers the client, in so many questions. */
async function answers(count = 6): Promise<readonly string[]> {
  const script = `
    const names = new Set();
    for (let left = ${count}; left > 0; left--)
      names.add(await fetch("http://${VIP}/").then((r) => r.text(), (error) => String(error.cause?.code)));
    console.log([...names].sort().join(" "));`;
  const { stdout } = await cluster
    .node("client")
    .run([process.execPath, "--input-type=module", "-e", script]);
  return stdout.trim().split(" ");
}

const BOTH = "10.0.2.11:80=1 10.0.2.12:80=1";
const log = () => director.read("/var/log/ldirectord.log");
const pid = () => Number(director.read("/run/ldirectord.ldirectord.pid").trim());

test("start: both real servers get traffic once they passed their check", async () => {
  expect(await ldirectord("status")).toMatchObject({ status: 3 });
  expect(await ldirectord("start")).toMatchObject({ status: 0, stderr: "" });
  await becomes(BOTH);
  expect(await answers()).toEqual(["real1", "real2"]);
  const running = await ldirectord("status");
  expect(running).toMatchObject({
    status: 0,
    stdout: `ldirectord for ${CONFIG} is running with pid: ${pid()}\n`,
  });
  expect(await ldirectord("start")).toMatchObject({ status: 0 });
});

test("the same file under another name is not started again; another file of that name is refused", async () => {
  const before = pid();
  expect(await ldirectord("ldirectord.cf", "start")).toMatchObject({ status: 0, stderr: "" });
  expect(log()).toContain(`ldirectord for ${CONFIG} is running already`);
  director.put("/srv/ldirectord.cf", config());
  const other = await ldirectord("/srv/ldirectord.cf", "start");
  expect(other).toMatchObject({ status: 1 });
  expect(other.stderr).toContain(`the one for ${CONFIG} has the same control socket`);
  const { stdout } = await director.sh(
    "ls /run/ldirectord.*.pid; pgrep -fc 'ldirectord.js.* start$' || true",
  );
  expect(stdout).toBe("/run/ldirectord.ldirectord.pid\n1\n");
  expect(pid()).toBe(before);
});

test("a page without the text: weight 0 within two intervals, and no client sees that server; it comes back", async () => {
  page("real1", false);
  const began = performance.now();
  await becomes("10.0.2.11:80=0 10.0.2.12:80=1");
  expect(performance.now() - began).toBeLessThan(2500);
  expect(await answers()).toEqual(["real2"]);
  page("real1", true);
  await becomes(BOTH);
  expect(await answers()).toEqual(["real1", "real2"]);
});

test("no real server left: the fallback serves, until one is back", async () => {
  for (const name of ["real1", "real2"]) page(name, false);
  await becomes("10.0.2.11:80=0 10.0.2.12:8080=1 10.0.2.12:80=0");
  expect(await answers()).toEqual(["fallback"]);
  page("real2", true);
  await becomes("10.0.2.11:80=0 10.0.2.12:80=1");
  expect(await answers()).toEqual(["real2"]);
  page("real1", true);
  await becomes(BOTH);
});

test("a reload with a broken file changes nothing, and checks go on", async () => {
  director.put(CONFIG, config("\tnonsense=1\n"));
  expect(await ldirectord("reload")).toMatchObject({ status: 2 });
  await director.run(["kill", "-HUP", String(pid())]);
  await until("the refusal", () => log().includes("configuration not loaded, still using the one of"));
  expect(await table()).toBe(BOTH);
  expect(await control().call("status")).toMatchObject({ newerConfigRefused: true });
  page("real1", false);
  await becomes("10.0.2.11:80=0 10.0.2.12:80=1");
  page("real1", true);
  await becomes(BOTH);
  expect(await ldirectord("status")).toMatchObject({ status: 2 });
  expect(director.has("/run/ldirectord.ldirectord.pid")).toBe(true);
});

test("a reload goes by difference: another weight, one server more quiescent, none touched for nothing", async () => {
  director.put(CONFIG, config("", "\treal=10.0.2.11:80 masq 5\n\treal=10.0.2.12:80 masq 1\n"));
  const before = log().length;
  expect(await ldirectord("reload")).toMatchObject({ status: 0 });
  await becomes("10.0.2.11:80=5 10.0.2.12:80=1");
  const lines = log()
    .slice(before)
    .split("\n")
    .filter((line) => / real server: /.test(line));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/Restored real server: 10\.0\.2\.11:80 \(10\.0\.1\.200:80\) \(Weight set to 5\)$/);
  director.put(CONFIG, config());
  expect(await ldirectord("reload")).toMatchObject({ status: 0 });
  await becomes(BOTH);
});

test("quiescent=no takes a dead server out of the table", async () => {
  director.put(CONFIG, config("\tquiescent=no\n"));
  await ldirectord("reload");
  page("real1", false);
  await becomes("10.0.2.12:80=1");
  page("real1", true);
  await becomes(BOTH);
  director.put(CONFIG, config());
  await ldirectord("reload");
});

test("killed: the kernel goes on serving, and the next one adopts the table without a gap", async () => {
  await director.run(["kill", "-KILL", String(pid())]);
  expect(await answers()).toEqual(["real1", "real2"]);
  await until("the process to be gone", async () => (await ldirectord("status")).status === 1);
  const before = log().length;
  expect(await ldirectord("start")).toMatchObject({ status: 0 });
  expect(await table()).toBe(BOTH);
  await elapse(1500);
  expect(await table()).toBe(BOTH);
  expect(log().slice(before)).not.toMatch(/Quiescent|Restored|Added|Deleted|Changed/);
});

test("a table that somebody flushed comes back within the reconcile interval", async () => {
  await director.run(["nft", "flush", "ruleset"]);
  await becomes(BOTH);
  expect(await answers()).toEqual(["real1", "real2"]);
});

test("checktype=ping by IPv4: a pulled cable is weight 0, and back", async () => {
  director.put(CONFIG, config("\tchecktype=ping\n").replace("checktimeout=2", "checktimeout=1"));
  await ldirectord("reload");
  await cluster.faults.cut("real1", ["lan"]);
  await becomes("10.0.2.11:80=0 10.0.2.12:80=1");
  await cluster.faults.heal();
  await becomes(BOTH);
  director.put(CONFIG, config());
  await ldirectord("reload");
});

test("standby: everything is checked, the table is left alone until heartbeat activates it", async () => {
  expect(await ldirectord("stop")).toMatchObject({ status: 0 });
  const command = [process.execPath, PROGRAM, "-d", "--standby", "ldirectord.cf", "start"];
  const first = await director.daemon("ldirectord", command);
  await until("the socket", async () => (await status())?.active === false);
  page("real1", false);
  await elapse(2500);
  expect(await table()).toBe("");
  expect(await control().call("activate", { config: "ldirectord.cf" })).toEqual({
    active: true,
    problems: [],
  });
  expect(await table()).toBe("10.0.2.11:80=0 10.0.2.12:80=1");
  await expect(control().call("activate", { config: "other.cf" })).rejects.toThrow(/not other\.cf/);
  page("real1", true);
  await becomes(BOTH);
  signalTo(first, "SIGKILL");
  await until("it to die", () => !alive(first));
  await director.daemon("ldirectord", command);
  await until("the next one to go on as active", async () => (await status())?.active === true);
  expect(await table()).toBe(BOTH);
  expect(await control().call("deactivate", { config: "ldirectord.cf" })).toEqual({
    active: false,
    problems: [],
  });
  expect(await table()).toBe("");
});

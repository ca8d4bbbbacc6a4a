/** Traffic through ip_vs while ldirectord works: what a client sees of deaths and returns, also of the daemon. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cluster, withCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { gateReal, masqDirector, openStream, type Stream, serve, VIP } from "../netns/traffic/traffic.js";
import { killed, LONG, savedTable, say, startLdirectord, terminated } from "./programs.js";

/** Asked by the checks, refused by a real server that is dead for them; its connections to port 80 it still holds. */
const CHECK_PORT = 9000;
const CONFIG = "/etc/ha.d/ldirectord.cf";

type Method = "gate" | "masq" | "ipip";

/** Real servers of a tunnel: the VIP on its end and nowhere else, and packets that come out of it are believed. */
async function ipipReal(node: LabNode): Promise<void> {
  await node.sh(
    [
      "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore",
      "echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce",
      "ip link set tunl0 up",
      `ip address add ${VIP}/32 dev tunl0`,
      "for it in all default tunl0 pub; do echo 0 >/proc/sys/net/ipv4/conf/$it/rp_filter; done",
    ].join("\n"),
  );
}

class Balanced {
  readonly director: LabNode;
  readonly client: LabNode;
  readonly #cluster: Cluster;
  readonly #method: Method;
  #pid = 0;

  constructor(cluster: Cluster, method: Method) {
    this.#cluster = cluster;
    this.#method = method;
    this.director = cluster.node("director1");
    this.client = cluster.node("client");
  }

  async prepare(): Promise<void> {
    if (this.#method === "masq") await masqDirector(this.#cluster, "director1");
    else await this.director.sh(`ip address add ${VIP}/32 dev pub`);
    for (const name of ["real1", "real2"]) {
      const node = this.#cluster.node(name);
      if (this.#method === "gate") await gateReal(node);
      if (this.#method === "ipip") await ipipReal(node);
      await node.sh(
        "nft add table ip check; nft 'add chain ip check input { type filter hook input priority 0; }'",
      );
      await serve(node, 80, CHECK_PORT);
    }
    this.director.put(CONFIG, this.config());
    await this.start();
  }

  #address(name: string): string {
    return this.#cluster.node(name).ipv4(this.#method === "masq" ? "lan" : "pub");
  }

  config(more = ""): string {
    const real = (name: string) => `\treal=${this.#address(name)}:80 ${this.#method} 1\n`;
    return `checkinterval=2
checktimeout=20
quiescent=yes
virtual=${VIP}:80
${real("real1")}${real("real2")}\tfallback=127.0.0.1:80 gate
\tchecktype=connect
\tcheckport=${CHECK_PORT}
\tscheduler=rr
${more}`;
  }

  async start(): Promise<void> {
    const starts = () => this.#log().split("ldirectord started:").length;
    const before = starts();
    this.#pid = await startLdirectord(this.director);
    await until("ldirectord to start", () => starts() > before, { limitMs: 20_000 });
  }

  signal(signal: NodeJS.Signals): void {
    signalTo(this.#pid, signal);
  }

  async killed(): Promise<void> {
    await killed(this.#pid);
  }

  async stop(): Promise<void> {
    await terminated(this.#pid);
  }

  #log(): string {
    return this.director.has("/var/log/lab/ldirectord.log") ? this.director.log("ldirectord") : "";
  }

  /** What was logged since. */
  logFrom(): () => string {
    const { length } = this.#log();
    return () => this.#log().slice(length);
  }

  async revive(name: string): Promise<void> {
    await this.#cluster.node(name).run(["nft", "flush", "chain", "ip", "check", "input"]);
  }

  async die(name: string): Promise<void> {
    const refuse = `nft add rule ip check input tcp dport ${CHECK_PORT} reject with tcp reset`;
    await this.#cluster.node(name).sh(refuse);
  }

  /** `real1=1 real2=0`, with the fallback as `fallback=1`. */
  async weights(): Promise<string> {
    const saved = await savedTable(this.director);
    const names = new Map(["real1", "real2"].map((name) => [this.#address(name), name]));
    return [...saved.join("\n").matchAll(/-r ([0-9.]+):80 .*-w (\d+)/g)]
      .map(([, address = "", weight]) => `${names.get(address) ?? "fallback"}=${weight}`)
      .toSorted()
      .join(" ");
  }

  becomes(wanted: string): Promise<unknown> {
    say(`${this.#method}: until ${wanted}`);
    // Each look starts programs, which the daemon has to wait for.
    return until(`${this.#method}: ${wanted}`, async () => (await this.weights()) === wanted, {
      everyMs: 1000,
    });
  }

  /** Who answers new connections. By bash: a program of Node's takes seconds to start here. */
  async answers(count = 4): Promise<readonly string[]> {
    const one = `exec 3<>/dev/tcp/${VIP}/80 && IFS= read -r -t 60 name <&3 && echo "$name"; exec 3>&-`;
    const { stdout } = await this.client.run(["bash", "-c", `for turn in {1..${count}}; do ${one}; done`]);
    const names = stdout.trim().split("\n");
    assert.equal(names.length, count, "everybody gets an answer");
    return [...new Set(names)].toSorted();
  }

  /** A connection that real1 serves. */
  async toFirst(): Promise<Stream> {
    for (let turn = 0; turn < 4; turn++) {
      const stream = await openStream(this.client, VIP, 80);
      if (stream.server === "real1") return stream;
      await stream.close();
    }
    throw new Error("no connection to real1");
  }
}

async function balanced(method: Method, body: (setting: Balanced) => Promise<void>): Promise<void> {
  const realsOn = method === "masq" ? "lan" : "pub";
  await withCluster(ultraMonkey({ directors: 1, heartbeats: 0, realsOn }), async (cluster) => {
    const setting = new Balanced(cluster, method);
    await setting.prepare();
    await setting.becomes("real1=1 real2=1");
    await body(setting);
  });
}

/** real1 is dead for its check: no new client gets it, who is connected stays connected; then it is back. */
async function dieAndReturn(setting: Balanced): Promise<Stream> {
  const stream = await setting.toFirst();
  await setting.die("real1");
  await setting.becomes("real1=0 real2=1");
  assert.deepEqual(await setting.answers(), ["real2"]);
  assert.equal(await stream.echo(), "real1");
  await setting.revive("real1");
  await setting.becomes("real1=1 real2=1");
  assert.deepEqual(await setting.answers(), ["real1", "real2"]);
  assert.equal(await stream.echo(), "real1");
  return stream;
}

for (const method of LONG ? (["gate", "ipip"] as const) : [])
  test(`${method}: a real server dies and comes back`, () =>
    balanced(method, async (setting) => (await dieAndReturn(setting)).close()));

test("masq: deaths, the fallback, a broken file, SIGKILL: an established connection survives them all", async () => {
  await balanced("masq", async (setting) => {
    const stream = await dieAndReturn(setting);

    await serve(setting.director, 80);
    for (const name of ["real1", "real2"]) await setting.die(name);
    await setting.becomes("fallback=1 real1=0 real2=0");
    assert.deepEqual(await setting.answers(), ["director1"]);
    assert.equal(await stream.echo(), "real1");
    await setting.revive("real1");
    await setting.becomes("real1=1 real2=0");
    assert.deepEqual(await setting.answers(2), ["real1"]);

    const said = setting.logFrom();
    setting.director.put(CONFIG, setting.config("\tnonsense=1\n"));
    setting.signal("SIGHUP");
    await until("the refusal", () => said().includes("configuration not loaded"), { limitMs: 20_000 });
    assert.equal(await setting.weights(), "real1=1 real2=0");
    await setting.revive("real2");
    await setting.becomes("real1=1 real2=1");
    setting.director.put(CONFIG, setting.config());

    await setting.killed();
    assert.deepEqual(await setting.answers(), ["real1", "real2"]);
    const after = setting.logFrom();
    await setting.start();
    assert.equal(await setting.weights(), "real1=1 real2=1");
    assert.doesNotMatch(after(), /Restored|Quiescent|Added|Deleted|Changed/);
    assert.equal(await stream.echo(), "real1");
    await setting.die("real2"); // the next one checks as the last one did
    await setting.becomes("real1=1 real2=0");
    assert.equal(await stream.echo(), "real1");

    await stream.close();
    await setting.stop();
    assert.equal(await setting.weights(), "");
  });
});

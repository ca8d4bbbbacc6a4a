/** Two Debian machines as directors, with real servers, a mail server and a client beside them, and what they are told. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import { Machine, machineRoot, type Suite } from "../lab/machine.js";
import { run } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { Client } from "./client.js";

export const VIP = "10.0.1.200";
export const UNITS = ["notifierd", "ctsyncd", "ldirectord", "heartbeat"] as const;
/** What is not only in the journal. */
export const LOGS = { heartbeat: "/var/log/ha-log", ldirectord: "/var/log/ldirectord.log" };
const MAILS = "/var/mail/all.jsonl";
const SERVERS = "test-packages-servers";
const SERVER_PROGRAMS = ["test/demo/real-server.ts", "test/demo/mail-server.ts"];
const PAGE = "/var/www/alive.html";
/** Long, so that a machine that is busy with other tests has its lease (28 s) to come back in. */
const LONG_TIMES = { keepalive: "1", warntime: "10", deadtime: "30", initdead: "30" };
/** Those of etc/ha.d/ha.cf. */
export const SHIPPED_TIMES = { keepalive: "200ms", warntime: "500ms", deadtime: "1", initdead: "30" };
type Times = typeof LONG_TIMES;

const withTimes = (haCf: string, times: Times): string =>
  Object.entries(times).reduce(
    (all, [name, value]) => all.replace(new RegExp(`^${name} .*`, "m"), `${name} ${value}`),
    haCf,
  );

const program = (name: string) => [process.execPath, `.cache/${SERVERS}/${name}.mjs`];

/** The programs of `startServers`; once for all test files. */
export async function bundleServers(): Promise<void> {
  await run([process.execPath, "test/setup/bundle-all.mjs", SERVERS, ...SERVER_PROGRAMS]);
}

export class MachinePair {
  readonly cluster: Cluster;
  readonly machines: readonly [Machine, Machine];

  private constructor(cluster: Cluster, machines: readonly [Machine, Machine]) {
    this.cluster = cluster;
    this.machines = machines;
  }

  /** @param disabled units that do not start by themselves. */
  static async boot(suite: Suite, disabled: readonly string[] = []): Promise<MachinePair> {
    const root = machineRoot(suite);
    const topology = ultraMonkey({ directors: 2, reals: 2, heartbeats: 1, mail: true });
    const cluster = await makeCluster({ topology });
    try {
      const boot = (name: string) => Machine.boot(cluster, cluster.node(name), root, disabled);
      const machines = await Promise.all([boot("director1"), boot("director2")]);
      return new MachinePair(cluster, machines);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** A mail server, and web servers: plain programs. */
  async startServers(): Promise<void> {
    await this.startWeb(["real1", "real2"]);
    const server = this.cluster.node("mail");
    server.put(MAILS, "");
    await server.daemon("server", [...program("mail-server"), "25", MAILS]);
  }

  async startWeb(web: readonly string[]): Promise<void> {
    for (const name of web) {
      const node = this.cluster.node(name);
      node.put(PAGE, "I'm alive!\n");
      await node.daemon("server", [...program("real-server"), "80", PAGE]);
    }
  }

  get mails(): string {
    return this.cluster.node("mail").read(MAILS);
  }

  /** What an administrator edits. The key must be the same on both: only the first machine makes one. */
  async configure(): Promise<void> {
    const read = (file: string) => readFileSync(join("test/demo/ha.d", file), "utf8");
    const [first, second] = this.machines;
    await first.run(["systole", "authkeys", "new"]);
    const key = first.read("/etc/ha.d/authkeys");
    for (const machine of this.machines) {
      const other = machine === first ? second : first;
      machine.put(
        "/etc/ha.d/ha.cf",
        withTimes(read("ha.cf"), LONG_TIMES).replace(/^logfacility/m, `logfile ${LOGS.heartbeat}\n$&`),
      );
      machine.put("/etc/ha.d/haresources", read("haresources"));
      machine.put("/etc/ha.d/authkeys", key, 0o600);
      machine.put(
        "/etc/ha.d/ldirectord.cf",
        read("ldirectord.cf").replace(/^logfile=.*/m, `logfile="${LOGS.ldirectord}"`),
      );
      machine.put(
        "/etc/systole/notifier.ini",
        read("notifier.ini").replace("= mail", `= ${this.cluster.node("mail").ipv4("pub")}`),
      );
      const conntrackd = read("conntrackd.conf")
        .replace("@OWN@", machine.node.ipv4("hb1"))
        .replace("@PEER@", other.node.ipv4("hb1"));
      machine.put("/etc/conntrackd/conntrackd.conf", conntrackd);
    }
  }

  /** Other times on both, from now on; long ones unless given. */
  async setTimes(times: Times = LONG_TIMES): Promise<void> {
    for (const machine of this.machines) {
      machine.put("/etc/ha.d/ha.cf", withTimes(machine.read("/etc/ha.d/ha.cf"), times));
      await machine.run(["systemctl", "reload", "heartbeat"]);
    }
  }

  /** The director that has the VIP, once exactly one has. */
  owner(limitMs = 120_000): Promise<Machine> {
    return until(
      "one owner of the VIP",
      () => {
        const owners = this.machines.filter(({ node }) => node.holds(VIP));
        return owners.length === 1 ? owners[0] : undefined;
      },
      { limitMs },
    );
  }

  /** Asks the virtual service again and again, each time on a new connection; ends with `stop`. */
  async client(): Promise<Client> {
    const command = [process.execPath, "test/packages/client.mjs", VIP];
    return new Client(await this.cluster.node("client").spawn(command));
  }

  close(): Promise<void> {
    return this.cluster.close();
  }
}

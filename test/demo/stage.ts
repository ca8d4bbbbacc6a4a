/** The stage: client, two directors, two real servers, a mail server; their files and daemons. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClusterEvent, START } from "@systole/bus";
import { controlClient, subscribe } from "@systole/daemon";
import { systemClock } from "@systole/machine";
import { NODE_OPTIONS } from "../../packages/heartbeat/src/shell/node-options.js";
import { type Cluster, makeCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";
import { factLine } from "./fact-line.js";
import { type Letter, readLetter } from "./letter.js";
import { type Pace, paced } from "./pace.js";
import type { Story } from "./story.js";

export const VIP = "10.0.1.200";
export const DAEMONS = ["notifierd", "ctsyncd", "ldirectord", "heartbeat"] as const;
export type DaemonName = (typeof DAEMONS)[number];
const PAGE = "/var/www/alive.html";
const MAILS = "/var/mail/all.jsonl";

export interface StageOptions {
  /** The project's folder and the folder of the bundled programs. */
  readonly root: string;
  readonly programs: string;
  /** In the guest: real ip_vs, and the daemons were bundled into `programs`, one file each instead of hundreds. */
  readonly ipvs: boolean;
  readonly pace: Pace;
  readonly keep: boolean;
  readonly story: Story;
}

export class Stage {
  readonly cluster: Cluster;
  readonly #options: StageOptions;
  readonly #pids = new Map<string, number>();
  readonly #subscriptions: { node: string; close(): void }[] = [];
  /** Everything the daemons published, in order of arrival. */
  readonly events: ClusterEvent[] = [];

  private constructor(cluster: Cluster, options: StageOptions) {
    this.cluster = cluster;
    this.#options = options;
  }

  static async build(options: StageOptions): Promise<Stage> {
    const topology = ultraMonkey({ directors: 2, reals: 2, heartbeats: 1, mail: true });
    const cluster = await makeCluster({ topology, keep: options.keep });
    return new Stage(cluster, options);
  }

  get directors(): readonly LabNode[] {
    return [this.cluster.node("director1"), this.cluster.node("director2")];
  }

  /** Real servers and mail server, which nobody touches later. */
  async startServers(): Promise<void> {
    const { programs } = this.#options;
    const node = [process.execPath];
    for (const name of ["real1", "real2"]) {
      this.setPage(name, true);
      await this.cluster
        .node(name)
        .daemon("server", [...node, join(programs, "real-server.mjs"), "80", PAGE]);
    }
    const mail = this.cluster.node("mail");
    mail.put(MAILS, "");
    await mail.daemon("server", [...node, join(programs, "mail-server.mjs"), "25", MAILS]);
  }

  /** The page that ldirectord asks for, with the text it wants or without. */
  setPage(real: string, healthy: boolean): void {
    this.cluster.node(real).put(PAGE, healthy ? "I'm alive!\n" : "Down for maintenance\n");
  }

  /** The four daemons of one director, in any order: each waits for what it needs. */
  async startDirector(node: LabNode): Promise<void> {
    this.#configure(node);
    if (this.#options.ipvs) await this.#startSyncDaemons(node);
    for (const name of DAEMONS) {
      const pid = await node.daemon(name, this.program(name, name, DAEMON_ARGUMENTS[name]));
      this.#pids.set(`${node.name}/${name}`, pid);
      this.#follow(node, name);
    }
  }

  /** ip_vs has connections of its own; the kernel's threads tell them to the other director. */
  async #startSyncDaemons(node: LabNode): Promise<void> {
    for (const role of ["master", "backup"]) {
      const words = ["ipvs-start", role, "--interface", "hb1", "--syncid", "1"];
      await node.run(this.program("ctsyncd", "ctsync", words));
    }
  }

  /** The command line of one of the suite's programs. heartbeat runs as its service unit does it. */
  program(owner: DaemonName, name: string, args: readonly string[]): string[] {
    const { root, programs, ipvs } = this.#options;
    const file = ipvs ? join(programs, `${name}.mjs`) : join(root, `packages/${owner}/dist/bin/${name}.js`);
    return [process.execPath, ...(name === "heartbeat" ? NODE_OPTIONS : []), file, ...args];
  }

  #configure(node: LabNode): void {
    const { root, pace } = this.#options;
    const read = (file: string) =>
      paced(file, readFileSync(join(root, "test/demo/ha.d", file), "utf8"), pace);
    for (const file of ["ha.cf", "haresources", "ldirectord.cf"]) node.put(`/etc/ha.d/${file}`, read(file));
    node.put("/etc/ha.d/authkeys", read("authkeys"), 0o600);
    const [peer] = this.directors.filter((other) => other !== node);
    const conntrackd = read("conntrackd.conf")
      .replace("@OWN@", node.ipv4("hb1"))
      .replace("@PEER@", peer?.ipv4("hb1") ?? "");
    node.put("/etc/conntrackd/conntrackd.conf", conntrackd);
    node.put("/etc/systole/notifier.ini", read("notifier.ini"));
  }

  #socket(node: LabNode, daemon: DaemonName): string {
    return node.path(`/run/systole/${daemon}/control`);
  }

  #follow(node: LabNode, daemon: DaemonName): void {
    const { story } = this.#options;
    const { close } = subscribe({
      path: this.#socket(node, daemon),
      clock: systemClock(),
      from: START,
      take: (event) => {
        this.events.push(event);
        const line = factLine(event);
        if (line !== undefined) story.say(node.name, `${daemon} ${line}`);
      },
    });
    this.#subscriptions.push({ node: node.name, close });
  }

  unfollow(node: LabNode): void {
    for (const subscription of this.#subscriptions) if (subscription.node === node.name) subscription.close();
  }

  call(
    node: LabNode,
    daemon: DaemonName,
    verb: string,
    args: Readonly<Record<string, unknown>> = {},
  ): Promise<unknown> {
    return controlClient(this.#socket(node, daemon), { limitMs: 20_000 }).call(verb, args);
  }

  /** Sends a signal to one daemon of a director. */
  signal(node: LabNode, daemon: DaemonName, signal: NodeJS.Signals): void {
    const pid = this.#pids.get(`${node.name}/${daemon}`);
    if (pid !== undefined) signalTo(pid, signal);
  }

  /** Power failure of a director. */
  async kill(node: LabNode): Promise<void> {
    this.unfollow(node);
    await node.kill();
  }

  /** The first event of that kind from that node since `from` (a count of events), when it comes. */
  event(
    node: LabNode,
    kind: ClusterEvent["fact"]["kind"],
    from: number,
    limitMs: number,
  ): Promise<ClusterEvent> {
    return until(
      `${node.name} to publish ${kind}`,
      () => this.events.slice(from).find((event) => event.node === node.name && event.fact.kind === kind),
      { limitMs },
    );
  }

  /** What the mail server received so far. */
  letters(): Letter[] {
    const lines = this.cluster
      .node("mail")
      .read(MAILS)
      .split("\n")
      .filter((line) => line !== "");
    return lines.map((line) => readLetter(JSON.parse(line)));
  }

  /** The end of every daemon's log, for whoever has to find out why something failed. */
  logs(lines: number): string {
    const parts: string[] = [];
    for (const node of this.directors.filter(({ isOn }) => isOn)) {
      for (const daemon of DAEMONS) {
        const log = node.has(`/var/log/lab/${daemon}.log`) ? node.log(daemon) : "(never started)";
        const end = log.trimEnd().split("\n").slice(-lines);
        parts.push(`--- ${node.name} ${daemon}`, ...end);
      }
    }
    return parts.join("\n");
  }

  async close({ force }: { readonly force: boolean }): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.close();
    await this.cluster.close({ force });
  }
}

const DAEMON_ARGUMENTS: Readonly<Record<DaemonName, readonly string[]>> = {
  notifierd: [],
  ctsyncd: [],
  ldirectord: ["-d", "--standby", "ldirectord.cf", "start"],
  heartbeat: ["-f"],
};

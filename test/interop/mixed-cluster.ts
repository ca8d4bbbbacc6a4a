/** A director with our heartbeat, one with a real heartbeat 3.0.6 of Debian 12, and a VIP between them. */

import { ControlError, controlClient } from "@systole/daemon";
import type { HeartbeatStatus } from "../../packages/heartbeat/src/shell/commands.js";
import { NODE_OPTIONS } from "../../packages/heartbeat/src/shell/node-options.js";
import { type Cluster, withCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { type Peer, peerOn } from "../lab/peer.js";
import { type Outcome, signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

export const VIP = "10.0.1.200";
/** The node that the VIP prefers. */
export const PREFERRED = "director1";
export const OTHER = "director2";
export type Name = typeof PREFERRED | typeof OTHER;

const BIN = new URL("../../packages/heartbeat/dist/bin/", import.meta.url).pathname;
const ORIGINAL = "/usr/libexec/heartbeat/heartbeat";
/** A deadtime under which the scripts of a real heartbeat move an address: it loses its way when a node dies meanwhile. */
export const TIMES = "keepalive 300ms\ndeadtime 6\nwarntime 3\ninitdead 12\n";
export const DEADTIME_MS = 6000;

export interface MixedOptions {
  /** Which of the two is ours. */
  readonly ours: Name;
  /** The medium lines of ha.cf. */
  readonly media: string;
  readonly authkeys: string;
  readonly times?: string;
  readonly haCf?: string;
  readonly autoFailback?: "on" | "off" | "legacy";
}

export class Mixed {
  readonly cluster: Cluster;
  readonly options: MixedOptions;
  #peer: Peer | undefined;
  #pid: number | undefined;

  constructor(cluster: Cluster, options: MixedOptions) {
    this.cluster = cluster;
    this.options = options;
  }

  get nodes(): readonly [LabNode, LabNode] {
    return [this.cluster.node(PREFERRED), this.cluster.node(OTHER)];
  }

  /** The node that runs the real heartbeat. */
  get real(): Name {
    return realOf(this.options);
  }

  get peer(): Peer {
    if (this.#peer === undefined) throw new Error("the real heartbeat was not started yet");
    return this.#peer;
  }

  node(name: Name): LabNode {
    return this.cluster.node(name);
  }

  isOurs(name: Name): boolean {
    return name === this.options.ours;
  }

  /** Writes a file of /etc/ha.d on a node. */
  put(name: Name, file: string, text: string): void {
    const mode = file === "authkeys" ? 0o600 : file.startsWith("resource.d/") ? 0o755 : 0o644;
    if (this.isOurs(name)) this.node(name).put(`/etc/ha.d/${file}`, text, mode);
    else this.peer.put(`/etc/ha.d/${file}`, text, mode);
  }

  read(name: Name, file: string): string {
    return this.isOurs(name)
      ? this.node(name).read(`/etc/ha.d/${file}`)
      : this.peer.read(`/etc/ha.d/${file}`);
  }

  async configure(): Promise<void> {
    const { media, authkeys, times = TIMES, haCf = "", autoFailback = "on" } = this.options;
    this.#peer = await peerOn(this.node(this.real), "cluster");
    for (const name of [PREFERRED, OTHER] as const) {
      const log = this.isOurs(name) ? "" : "logfile /var/log/ha-log\ndebugfile /var/log/ha-debug\n";
      const header = `${times}auto_failback ${autoFailback}\nnode ${PREFERRED} ${OTHER}\nudpport 694\n`;
      this.put(name, "ha.cf", `${log}${header}${media}${haCf}`);
      this.put(name, "haresources", `${PREFERRED} IPaddr2::${VIP}/24/pub\n`);
      this.put(name, "authkeys", authkeys);
    }
  }

  async start(name: Name): Promise<void> {
    const node = this.node(name);
    if (this.isOurs(name)) {
      const program = [process.execPath, ...NODE_OPTIONS, `${BIN}heartbeat.js`, "-f"];
      this.#pid = await node.daemon("heartbeat", program);
      return;
    }
    this.#peer = await peerOn(node, "cluster");
    const folders = "mkdir -p /run/heartbeat/rsctmp && chown -R hacluster:haclient /run/heartbeat";
    await this.#peer.sh(`${folders} && ${ORIGINAL}`);
  }

  async startBoth(): Promise<void> {
    await Promise.all([this.start(PREFERRED), this.start(OTHER)]);
  }

  /** A clean stop, to its end. */
  async stop(name: Name): Promise<void> {
    if (this.isOurs(name)) await this.call(name, "heartbeat", ["-k"]);
    else await this.peer.run([ORIGINAL, "-k"]);
  }

  async reload(name: Name): Promise<void> {
    if (this.isOurs(name)) signalTo(this.#pid!, "SIGHUP");
    else await this.peer.run([ORIGINAL, "-r"]);
  }

  /** Power failure and the next start. */
  async reboot(name: Name): Promise<void> {
    await this.node(name).boot();
    await this.start(name);
  }

  /** cl_status, hb_standby, hb_takeover. */
  call(name: Name, tool: string, args: readonly string[] = [], check = true): Promise<Outcome> {
    if (this.isOurs(name))
      return this.node(name).run([process.execPath, `${BIN}${tool}.js`, ...args], { check });
    const paths: Readonly<Record<string, string>> = { cl_status: "/usr/bin/cl_status", heartbeat: ORIGINAL };
    return this.peer.run([paths[tool] ?? `/usr/share/heartbeat/${tool}`, ...args], { check });
  }

  /** What our heartbeat says of itself; undefined while there is none. */
  async status(): Promise<HeartbeatStatus | undefined> {
    try {
      const socket = this.node(this.options.ours).path("/run/systole/heartbeat/control");
      // heartbeat answers `status` with exactly this
      return (await controlClient(socket).call("status")) as HeartbeatStatus;
    } catch (error) {
      if (error instanceof ControlError) return undefined;
      throw error;
    }
  }

  /** What was logged on a node so far. */
  log(name: Name): string {
    if (this.isOurs(name)) return this.node(name).log("heartbeat");
    return this.peer.has("/var/log/ha-log") ? this.peer.read("/var/log/ha-log") : "";
  }

  owners(): readonly string[] {
    return this.nodes.filter((node) => node.holds(VIP)).map(({ name }) => name);
  }

  ownedBy(owner: Name, limitMs = 180_000): Promise<unknown> {
    const only = () => this.owners().join() === owner;
    return until(`${owner} to have ${VIP}`, only, { everyMs: 10, limitMs });
  }

  /** Both sides agree that nothing moves, and who has what. */
  async settled(owner: Name, limitMs = 180_000): Promise<void> {
    await this.ownedBy(owner, limitMs);
    const [preferred, other] =
      owner === PREFERRED ? [["local"], ["local", "none"]] : [["none"], ["all", "foreign"]];
    let said: readonly string[] = [];
    const agreed = async () => {
      said = await Promise.all([this.holds(PREFERRED), this.holds(OTHER)]);
      return preferred!.includes(said[0]!) && other!.includes(said[1]!);
    };
    await until(`both to settle with ${owner}`, agreed, { everyMs: 200, limitMs }).catch((error: unknown) => {
      throw new Error(`${String(error)}: they say ${said.join(" and ")}`);
    });
  }

  /** `cl_status rscstatus`; empty while there is no heartbeat. */
  async holds(name: Name): Promise<string> {
    return (await this.call(name, "cl_status", ["rscstatus"], false)).stdout.trim();
  }
}

/**
 * Now and then a real heartbeat reads nothing where one of its own programs wrote a message (`mach_down`, `hb_standby`): it
 * says so, and waits for that message for ever. Such a life proves nothing and is played once more, or twice: with a load
 * of 13 it happened to two lives of fifteen.
 */
const LOST = "msg2string: Message with zero fields";
const LIVES = 3;

export async function withMixed(options: MixedOptions, body: (mixed: Mixed) => Promise<void>): Promise<void> {
  for (let left = LIVES - 1; ; left--) {
    try {
      return await life(options, body);
    } catch (error) {
      if (!(error instanceof LostLife) || left === 0) throw error;
      console.error(`${String(error)}; ${realOf(options)} lost a message of its own: once more`);
    }
  }
}

/** @throws LostLife instead of what went wrong if the real heartbeat had lost a message. */
async function life(options: MixedOptions, body: (mixed: Mixed) => Promise<void>): Promise<void> {
  await withCluster(ultraMonkey({ directors: 2, reals: 0, heartbeats: 1 }), async (cluster) => {
    const mixed = new Mixed(cluster, options);
    try {
      await mixed.configure();
      await body(mixed);
    } catch (error) {
      for (const name of [PREFERRED, OTHER] as const) {
        if (mixed.node(name).isOn)
          console.error(`${name}, ${mixed.isOurs(name) ? "ours" : "real"}\n${mixed.log(name)}`);
      }
      const hasLost = mixed.node(mixed.real).isOn && mixed.log(mixed.real).includes(LOST);
      throw hasLost ? new LostLife(String(error)) : error;
    }
  });
}

class LostLife extends Error {}

const realOf = ({ ours }: MixedOptions): Name => (ours === PREFERRED ? OTHER : PREFERRED);

/** Two directors with a heartbeat each, and a VIP between them. */

import { ControlError, controlClient } from "@systole/daemon";
import type { HeartbeatStatus } from "../../packages/heartbeat/src/shell/commands.js";
import { NODE_OPTIONS } from "../../packages/heartbeat/src/shell/node-options.js";
import { type Cluster, withCluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { signalTo } from "../lab/process.js";
import { ultraMonkey } from "../lab/topology.js";
import { until } from "../lab/until.js";

export const VIP = "10.0.1.200";
const BIN = new URL("../../packages/heartbeat/dist/bin/", import.meta.url).pathname;
const program = (name: string): readonly string[] => [process.execPath, `${BIN}${name}.js`];

export interface PairOptions {
  /** Lines of ha.cf beside nodes, media and times. */
  readonly haCf?: string;
  readonly media?: string;
  readonly times?: string;
  /** The one line of haresources behind the preferred node. */
  readonly resources?: string;
  readonly heartbeats?: number;
  /** Bodies of scripts in resource.d, by name. */
  readonly script?: Readonly<Record<string, string>>;
  /** Run on each node before its heartbeat starts. */
  readonly before?: (node: LabNode, host: number) => Promise<unknown>;
  /** The key of each node; the same unless told otherwise. */
  readonly keys?: readonly [string, string];
  /** The node that gets the VIP after the start; director1 unless told otherwise. Nobody waits for `nobody`. */
  readonly owner?: string;
}

const TIMES = "keepalive 500ms\ndeadtime 3\nwarntime 1500ms\ninitdead 5\n";

export class Pair {
  readonly cluster: Cluster;
  readonly pids = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  get nodes(): readonly [LabNode, LabNode] {
    return [this.cluster.node("director1"), this.cluster.node("director2")];
  }

  configure(options: PairOptions): void {
    const { haCf = "", media = "bcast hb1\n", times = TIMES, resources, script = {} } = options;
    const keys = options.keys ?? ["laboratory-key", "laboratory-key"];
    for (const [index, node] of this.nodes.entries()) {
      const header = `${times}auto_failback off\nnode director1 director2\nudpport 694\n`;
      node.put("/etc/ha.d/ha.cf", `${header}${media}${haCf}`);
      node.put("/etc/ha.d/haresources", `director1 ${resources ?? `IPaddr2::${VIP}/24/pub`}\n`);
      node.put("/etc/ha.d/authkeys", `auth 1\n1 sha1 ${keys[index]}\n`, 0o600);
      for (const [name, body] of Object.entries(script))
        node.put(`/etc/ha.d/resource.d/${name}`, `#!/bin/sh\n${body}\n`, 0o755);
    }
  }

  async start(node: LabNode, name = "heartbeat"): Promise<void> {
    const [execPath = "", file = ""] = program("heartbeat");
    this.pids.set(node.name, await node.daemon(name, [execPath, ...NODE_OPTIONS, file, "-f"]));
  }

  signal(node: LabNode, signal: NodeJS.Signals): void {
    signalTo(this.pids.get(node.name)!, signal);
  }

  /** Runs one of heartbeat's programs on a node. */
  call(node: LabNode, name: string, args: readonly string[] = [], check = true) {
    return node.run([...program(name), ...args], { check });
  }

  /** What its heartbeat says of itself; undefined while there is none. */
  async status(node: LabNode): Promise<HeartbeatStatus | undefined> {
    try {
      // heartbeat answers `status` with exactly this
      return (await controlClient(node.path("/run/systole/heartbeat/control")).call(
        "status",
      )) as HeartbeatStatus;
    } catch (error) {
      if (error instanceof ControlError) return undefined;
      throw error;
    }
  }

  /** The nodes that have the VIP in their kernel at this moment. */
  owners(vip = VIP): readonly string[] {
    return this.nodes.filter((node) => node.holds(vip)).map(({ name }) => name);
  }

  /** Each hears the other, nothing moves, and exactly one has the VIP. */
  async isWell(): Promise<boolean> {
    if (this.owners().length !== 1) return false;
    for (const node of this.nodes) {
      const status = await this.status(node);
      if (status === undefined || status.holds === "transition") return false;
      if (status.nodes.some(({ state, hearsUs }) => state !== "active" || !hearsUs)) return false;
    }
    return true;
  }

  async ownedBy(owner: string, limitMs = 45_000): Promise<void> {
    await until(`${owner} to have ${VIP}`, () => this.owners().join() === owner, { everyMs: 10, limitMs });
  }
}

/** A pair that runs, with the VIP on director1. */
export async function withPair(options: PairOptions, body: (pair: Pair) => Promise<void>): Promise<void> {
  const { heartbeats = 1, before, owner = "director1" } = options;
  await withCluster(ultraMonkey({ directors: 2, reals: 0, heartbeats }), async (cluster) => {
    const pair = new Pair(cluster);
    pair.configure(options);
    try {
      for (const [index, node] of pair.nodes.entries()) await before?.(node, index + 1);
      for (const node of pair.nodes) await pair.start(node);
      if (owner !== "nobody") await pair.ownedBy(owner);
      await body(pair);
    } catch (error) {
      for (const node of pair.nodes) if (node.isOn) console.error(`${node.name}\n${node.log("heartbeat")}`);
      throw error;
    }
  });
}

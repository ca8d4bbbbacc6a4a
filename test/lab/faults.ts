/** What can go wrong between nodes: pulled cables, broken switches, lost frames. A port is called NODE.NET. */
import type { Cluster } from "./cluster.js";
import { specOf } from "./topology.js";

export class Faults {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Pulls cables: the node sees the carrier go. All of its cables by default. */
  cut(node: string, networks?: readonly string[]): Promise<void> {
    return this.#cable("down", node, networks);
  }

  plug(node: string, networks?: readonly string[]): Promise<void> {
    return this.#cable("up", node, networks);
  }

  /** Silently drops what `from` sends to `to`, one way. All common networks by default. */
  async drop(from: string, to: string, networks?: readonly string[]): Promise<void> {
    const common =
      networks ?? this.#networksOf(from).filter((network) => this.#networksOf(to).includes(network));
    await this.#rules(
      common.map((network) => `iifname "${from}.${network}" oifname "${to}.${network}" drop`),
    );
  }

  /** Silently drops what passes between these nodes and all others, both ways. */
  async split(group: readonly string[], networks?: readonly string[]): Promise<void> {
    const rules: string[] = [];
    for (const network of networks ?? Object.keys(this.#cluster.topology.networks)) {
      const ports = group.filter((node) => this.#networksOf(node).includes(network));
      if (ports.length === 0) continue;
      const set = `{ ${ports.map((node) => `"${node}.${network}"`).join(", ")} }`;
      rules.push(`iifname ${set} oifname != ${set} drop`, `iifname != ${set} oifname ${set} drop`);
    }
    await this.#rules(rules);
  }

  /** Loses frames at random, both ways. */
  async loss(node: string, network: string, percent: number): Promise<void> {
    const some = `numgen random mod 10000 < ${Math.round(percent * 100)} drop`;
    await this.#rules([`iifname "${node}.${network}" ${some}`, `oifname "${node}.${network}" ${some}`]);
  }

  /** Undoes cut, drop, split and loss. */
  async heal(): Promise<void> {
    await this.#cluster.onSwitch(["nft", "delete", "table", "bridge", "faults"], "", false);
    for (const node of this.#cluster.nodes) if (node.isOn) await this.plug(node.name);
  }

  /** No frame leaves or reaches this node from now on; part of a power failure. */
  async isolate(node: string): Promise<void> {
    const table = `add table bridge off-${node}
add chain bridge off-${node} port { type filter hook forward priority -1; }
add rule bridge off-${node} port iifname "${node}.*" drop
add rule bridge off-${node} port oifname "${node}.*" drop
`;
    await this.#cluster.onSwitch(["nft", "-f", "-"], table);
  }

  async unisolate(node: string): Promise<void> {
    await this.#cluster.onSwitch(["nft", "delete", "table", "bridge", `off-${node}`]);
  }

  #networksOf(node: string): readonly string[] {
    return specOf(this.#cluster.topology, node).networks;
  }

  async #cable(way: "up" | "down", node: string, networks = this.#networksOf(node)): Promise<void> {
    const commands = networks.map((network) => `link set ${node}.${network} ${way}\n`).join("");
    await this.#cluster.onSwitch(["ip", "-batch", "-"], commands);
  }

  async #rules(rules: readonly string[]): Promise<void> {
    const head = `add table bridge faults
add chain bridge faults cables { type filter hook forward priority 0; }
`;
    const body = rules.map((rule) => `add rule bridge faults cables ${rule}\n`).join("");
    await this.#cluster.onSwitch(["nft", "-f", "-"], head + body);
  }
}

/**
 * Which nodes a laboratory has, on which networks, with which addresses.
 *
 * A network has a number: its addresses are 10.0.NUMBER.HOST/24 and fd00:NUMBER::HOST/64. A node has a host
 * number that is the same on all its networks. Network cards are called like their network.
 *
 *     client ── pub ──┬── director1 ──┬── lan ──┬── real1
 *      mail ──────────┤               │         └── real2
 *                     └── director2 ──┘
 *              director1 ══ hb1, hb2 ══ director2
 */
export interface NodeSpec {
  /** Host part of its addresses, 1 to 254. */
  readonly host: number;
  readonly networks: readonly string[];
  /** Where it sends what is not on its own networks. */
  readonly gateway?: string;
}

export interface Topology {
  /** Network name (at most 5 characters) to number (1 to 254). */
  readonly networks: Readonly<Record<string, number>>;
  /** Node name (at most 9 characters: `NODE.NET` is the name of a network card). */
  readonly nodes: Readonly<Record<string, NodeSpec>>;
}

export interface TopologySize {
  readonly directors?: number;
  readonly reals?: number;
  /** `lan` for masq: real servers answer through 10.0.2.254; `pub` for gate: they answer the client directly. */
  readonly realsOn?: "lan" | "pub";
  readonly heartbeats?: number;
  readonly mail?: boolean;
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Directors, real servers, a client and (if asked for) a mail server, as in the drawing above. */
export function ultraMonkey(size: TopologySize = {}): Topology {
  const { directors = 2, reals = 2, realsOn = "lan", heartbeats = 1, mail = false } = size;
  const heartbeatNetworks = numbered(heartbeats).map((n) => `hb${n}`);
  const real = (n: number): NodeSpec =>
    realsOn === "lan"
      ? { host: 10 + n, networks: ["lan"], gateway: "10.0.2.254" }
      : { host: 10 + n, networks: ["pub"] };
  const nodes: Record<string, NodeSpec> = { client: { host: 100, networks: ["pub"] } };
  for (const n of numbered(directors)) {
    nodes[`director${n}`] = { host: n, networks: ["pub", "lan", ...heartbeatNetworks] };
  }
  for (const n of numbered(reals)) nodes[`real${n}`] = real(n);
  if (mail) nodes.mail = { host: 25, networks: ["pub"] };
  const networks: Record<string, number> = { pub: 1, lan: 2 };
  for (const [index, name] of heartbeatNetworks.entries()) networks[name] = 3 + index;
  return { networks, nodes };
}

/** The IPv4 address of a node on a network, without the prefix length (which is 24). */
export function ipv4Of(topology: Topology, node: string, network: string): string {
  return `10.0.${numberOf(topology, network)}.${specOf(topology, node).host}`;
}

/** The IPv6 address of a node on a network, without the prefix length (which is 64). */
export function ipv6Of(topology: Topology, node: string, network: string): string {
  return `fd00:${numberOf(topology, network)}::${specOf(topology, node).host}`;
}

/** The MAC address of a node's card on a network. */
export function macOf(topology: Topology, node: string, network: string): string {
  const hex = (number: number) => number.toString(16).padStart(2, "0");
  return `02:00:00:00:${hex(numberOf(topology, network))}:${hex(specOf(topology, node).host)}`;
}

export function specOf(topology: Topology, node: string): NodeSpec {
  const spec = topology.nodes[node];
  if (spec === undefined) throw new Error(`lab: there is no node ${node}`);
  return spec;
}

function numberOf(topology: Topology, network: string): number {
  const number = topology.networks[network];
  if (number === undefined) throw new Error(`lab: there is no network ${network}`);
  return number;
}

/** `/etc/hosts` for all nodes: the first network of a node gives its plain name. */
export function hostsFile(topology: Topology): string {
  const lines = ["127.0.0.1 localhost", "::1 localhost"];
  for (const [name, spec] of Object.entries(topology.nodes)) {
    for (const network of spec.networks) {
      lines.push(`${ipv4Of(topology, name, network)} ${name} ${name}.${network}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The commands for `ip -batch` inside a node, once its cards are there. */
export function addressCommands(topology: Topology, node: string): string {
  const spec = specOf(topology, node);
  const lines = ["link set lo up"];
  for (const network of spec.networks) {
    lines.push(
      `link set ${network} address ${macOf(topology, node, network)} up`,
      `address add ${ipv4Of(topology, node, network)}/24 brd + dev ${network}`,
      `address add ${ipv6Of(topology, node, network)}/64 dev ${network} nodad`,
    );
  }
  if (spec.gateway !== undefined) lines.push(`route add default via ${spec.gateway}`);
  return `${lines.join("\n")}\n`;
}

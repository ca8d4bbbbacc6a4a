/** Two directors that masquerade, with a ctsyncd each, and a client whose connections go through one of them. */
import type { Cluster } from "../lab/cluster.js";
import type { LabNode } from "../lab/node.js";
import { until } from "../lab/until.js";
import { VIP } from "./traffic/traffic.js";

const BIN = new URL("../../packages/ctsyncd/dist/bin/", import.meta.url).pathname;
export const program = (name: "ctsyncd" | "ctsync") => [process.execPath, `${BIN}${name}.js`];

export type Medium = "udp" | "multicast" | "udp6" | "tcp";

export interface Settings {
  /** `FTFW { }` unless told otherwise. */
  readonly mode?: string;
  /** More lines for General. */
  readonly general?: string;
  /** Lines for Options. */
  readonly options?: string;
  /** The Filter block behind its keyword. */
  readonly filter?: string;
  /** The interface of a link over UDP: hb1 unless told otherwise. */
  readonly device?: string;
  /** More lines for the link. */
  readonly link?: string;
  /** More links. */
  readonly links?: string;
}

/** The configuration of a node, for ctsyncd and for conntrackd; the peer of director1 is director2. */
export function configuration(node: LabNode, medium: Medium, settings: Settings = {}): string {
  const { mode = "FTFW { }", general = "", options = "", link = "", links = "" } = settings;
  const { device = "hb1" } = settings;
  const { filter = "From Userspace { Protocol Accept { TCP UDP ICMP } }" } = settings;
  const peer = node.name === "director1" ? 2 : 1;
  const first = {
    udp: `UDP { IPv4_address ${node.ipv4("hb1")} IPv4_Destination_Address 10.0.3.${peer} Port 3780 Interface ${device} ${link} }`,
    udp6: `UDP { IPv6_address ${node.ipv6("hb1")} IPv6_Destination_Address fd00:3::${peer} Port 3780 Interface hb1 }`,
    tcp: `TCP { IPv4_address ${node.ipv4("hb1")} IPv4_Destination_Address 10.0.3.${peer} Port 3780 Interface hb1 }`,
    multicast: `Multicast { IPv4_address 225.0.0.50 Group 3780 IPv4_interface ${node.ipv4("hb1")} Interface hb1 ${link} }`,
  }[medium];
  return `Sync {
  Mode ${mode}
  ${first}
  ${links}
  Options { ${options} }
}
General {
  HashLimit 262144
  LockFile /var/lock/conntrackd.lock
  UNIX { Path /run/conntrackd.ctl }
  ${general}
  Filter ${filter}
}
`;
}

/** NAT and forwarding, and no mercy for connections whose beginning this kernel has not seen. */
export async function masquerade(node: LabNode): Promise<void> {
  await node.sh("echo 1 >/proc/sys/net/ipv4/ip_forward");
  const rules = `table ip test {
  chain to_real { type nat hook prerouting priority -100; ip daddr ${VIP} tcp dport 80 dnat to 10.0.2.11:8080; }
  chain judge { type filter hook forward priority 0; ct state invalid drop; }
}
`;
  await node.run(["nft", "-f", "-"], { input: rules });
  await node.sh("echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose");
}

/** The addresses of the active director; neighbours forget who had them. */
export async function takeAddresses(cluster: Cluster, node: LabNode): Promise<void> {
  await node.sh(`ip address add ${VIP}/24 dev pub; ip address add 10.0.2.254/24 dev lan`);
  await cluster.node("client").run(["ip", "neighbour", "flush", "all"]);
  await cluster.node("real1").run(["ip", "neighbour", "flush", "all"]);
}

/** @returns its process id, as this machine numbers it. */
export async function startCtsyncd(node: LabNode, medium: Medium, settings: Settings = {}): Promise<number> {
  node.put("/etc/conntrackd/conntrackd.conf", configuration(node, medium, settings));
  const pid = await node.daemon("ctsyncd", program("ctsyncd"));
  const answers = async () => (await ctsync(node, ["status", "--json"], false)).status === 0;
  await until(`ctsyncd on ${node.name} to answer`, answers, { everyMs: 100 });
  return pid;
}

export const ctsync = (node: LabNode, args: readonly string[], check = true) =>
  node.run([...program("ctsync"), ...args], { check });

/** What ctsyncd knows of the peer's flows. */
export async function peerLines(node: LabNode): Promise<readonly string[]> {
  return (await ctsync(node, ["list-peer"])).stdout.split("\n").filter((line) => line !== "");
}

/** Waits until the cache of the peer's flows has one that looks so. */
export function peerHas(node: LabNode, pattern: RegExp): Promise<string> {
  return until(
    `${node.name} to know ${pattern}`,
    async () => (await peerLines(node)).find((line) => pattern.test(line)),
    { everyMs: 100 },
  );
}

export async function kernelLines(node: LabNode): Promise<readonly string[]> {
  return (await node.run(["conntrack", "-L"])).stdout.split("\n").filter((line) => line !== "");
}

/** Traffic for tests of a data plane: real servers that say their name, clients that count who answered. */
import { resolve } from "node:path";
import type { Cluster } from "../../lab/cluster.js";
import type { LabNode } from "../../lab/node.js";
import type { Running } from "../../lab/process.js";
import { until } from "../../lab/until.js";

/** By the folder of the project: in the guest, the tests themselves are bundled and stand elsewhere. */
const program = (name: string) => [process.execPath, resolve("test/netns/traffic", name)];

/** Starts a real server on these ports and waits until it serves. */
export async function serve(node: LabNode, ...ports: readonly number[]): Promise<Running> {
  const server = await node.spawn([...program("server.mjs"), node.name, ...ports.map(String)]);
  await until(`${node.name} to serve`, () => server.lines.includes("ready"));
  return server;
}

export interface Question {
  readonly host: string;
  readonly port: number;
  readonly protocol?: "tcp" | "udp";
  readonly count?: number;
  /** Addresses of the client, used in turn. */
  readonly from?: readonly string[];
}

/** Asks, each time on a new connection; the answers in order: a name, or an error such as ECONNREFUSED, timeout. */
export async function ask(node: LabNode, question: Question): Promise<readonly string[]> {
  const { host, port, protocol = "tcp", count = 1, from = [] } = question;
  const words = [protocol, host, String(port), String(count), from.join(",")];
  const { stdout } = await node.run([...program("client.mjs"), ...words]);
  const answers: unknown = JSON.parse(stdout);
  if (!Array.isArray(answers)) throw new Error(`no list of answers: ${stdout}`);
  return answers.map(String);
}

/** How often each answer came: `{ real1: 3, real2: 1 }`. */
export function tally(answers: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

/** One established connection. */
export interface Stream {
  /** Who is at the other end. */
  readonly server: string;
  /** Sends a line and waits for its echo: the server's name, or what went wrong. */
  echo(): Promise<string>;
  close(): Promise<void>;
}

export async function openStream(node: LabNode, host: string, port: number): Promise<Stream> {
  const client = await node.spawn([...program("client.mjs"), "hold", host, String(port)]);
  await until(`a connection to ${host}:${port}`, () => client.lines.length > 0);
  let turn = 0;
  return {
    server: client.lines[0]!,
    async echo() {
      const seen = client.lines.length;
      client.write(`line${++turn}\n`);
      const answered = () => client.lines.length > seen;
      await until("an echo", answered, { limitMs: 3000 }).catch(() => undefined);
      const [name, word] = (client.lines[seen] ?? "silence").split(" ");
      return word === `line${turn}` ? name! : (client.lines[seen] ?? "silence");
    },
    async close() {
      await client.stop();
    },
  };
}

/** The director forwards, and answers for the VIPs on `pub` and as the real servers' gateway on `lan`. */
export async function masqDirector(cluster: Cluster, director: string): Promise<void> {
  const node = cluster.node(director);
  await node.sh(
    [
      "echo 1 >/proc/sys/net/ipv4/ip_forward",
      "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
      `ip address add ${VIP}/32 dev pub`,
      `ip address add ${VIP6}/128 dev pub nodad`,
      "ip address add 10.0.2.254/24 dev lan",
      "ip address add fd00:2::fe/64 dev lan nodad",
    ].join("\n"),
  );
  for (const real of cluster.nodes.filter(({ name }) => name.startsWith("real")))
    await real.run(["ip", "-6", "route", "add", "default", "via", "fd00:2::fe"]);
}

/** Real servers of direct routing: the VIPs on the loopback, and no word about them to the neighbours. */
export async function gateReal(node: LabNode): Promise<void> {
  await node.sh(
    [
      "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore",
      "echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce",
      `ip address add ${VIP}/32 dev lo`,
      `ip address add ${VIP6}/128 dev lo nodad`,
    ].join("\n"),
  );
}

export const VIP = "10.0.1.200";
export const VIP6 = "fd00:1::c8";

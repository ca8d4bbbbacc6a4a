/**
 * A laboratory: a small cluster in network namespaces of this machine's kernel.
 *
 * One supervisor process holds a PID namespace, a mount namespace with a RAM disk, and a network namespace with one
 * bridge per network. Every node is born inside it, with namespaces of its own. The supervisor lives as long as the
 * pipe to us is open: whatever ends this process (an error, Ctrl-C, SIGKILL), the kernel removes the whole laboratory,
 * and nothing on the host's file system or network was ever touched.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Faults } from "./faults.js";
import { LabNode } from "./node.js";
import { childOf, eachLine, run, signalTo } from "./process.js";
import { SUPERVISOR_INIT } from "./scripts.js";
import type { Topology } from "./topology.js";
import { until } from "./until.js";

export interface ClusterOptions {
  readonly topology: Topology;
  /** The cluster goes on without us until `close` or until its first process is killed. */
  readonly keep?: boolean;
}

/** What a machine lacks to have a laboratory; undefined if it lacks nothing. */
export function labImpossible(): string | undefined {
  if (process.getuid?.() !== 0) return "must run as root";
  for (const program of ["ip", "nft", "unshare", "nsenter", "setpriv"]) {
    const folders = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`.split(":");
    if (!folders.some((folder) => existsSync(`${folder}/${program}`))) return `${program} is not installed`;
  }
  return undefined;
}

/** Builds the networks and starts all nodes. @throws Error that says which step failed. */
export async function makeCluster(options: ClusterOptions): Promise<Cluster> {
  const impossible = labImpossible();
  if (impossible !== undefined) throw new Error(`lab: ${impossible}`);
  const { topology, keep = false } = options;
  const wrapper = spawn(
    "unshare",
    [
      "--net",
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "bash",
      "-c",
      SUPERVISOR_INIT,
      keep ? "kept" : "held",
    ],
    { stdio: ["pipe", "ignore", "pipe"], detached: true },
  );
  const problems: string[] = [];
  if (wrapper.stderr) eachLine(wrapper.stderr, (line) => problems.push(line));
  wrapper.on("error", (error) => problems.push(error.message));
  const pid = await until(
    "the supervisor to start",
    () => {
      if (problems.length > 0 || wrapper.exitCode !== null) throw new Error(`lab: ${problems.join("; ")}`);
      const child = childOf(wrapper.pid!);
      return child !== undefined && existsSync(`/proc/${child}/root/run/ready`) ? child : undefined;
    },
    { everyMs: 5 },
  );
  const cluster = new Cluster(topology, pid, wrapper, keep);
  try {
    await cluster.build();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Runs a body on a fresh cluster and removes it, whatever happens. */
export async function withCluster<Result>(
  topology: Topology,
  body: (cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  const cluster = await makeCluster({ topology });
  try {
    return await body(cluster);
  } finally {
    await cluster.close();
  }
}

export class Cluster {
  readonly topology: Topology;
  /** Process 1 of the laboratory, as this machine numbers it: kill it and everything is gone. */
  readonly pid: number;
  readonly faults: Faults;
  readonly #wrapper: ChildProcess;
  readonly #keep: boolean;
  readonly #nodes = new Map<string, LabNode>();

  constructor(topology: Topology, pid: number, wrapper: ChildProcess, keep: boolean) {
    this.topology = topology;
    this.pid = pid;
    this.#wrapper = wrapper;
    this.#keep = keep;
    this.faults = new Faults(this);
    for (const name of Object.keys(topology.nodes)) this.#nodes.set(name, new LabNode(this, name));
  }

  node(name: string): LabNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`lab: there is no node ${name}`);
    return node;
  }

  get nodes(): readonly LabNode[] {
    return [...this.#nodes.values()];
  }

  /** Runs a command in the network of the bridges, with this machine's files. */
  onSwitch(command: readonly string[], input = "", check = true) {
    return run(["nsenter", `--net=/proc/${this.pid}/ns/net`, "--", ...command], { input, check });
  }

  async build(): Promise<void> {
    const bridges = Object.keys(this.topology.networks).flatMap((network) => [
      `link add ${network} type bridge forward_delay 0 mcast_snooping 0`,
      `link set ${network} up`,
    ]);
    await this.onSwitch(["ip", "-batch", "-"], `link set lo up\n${bridges.join("\n")}\n`);
    await Promise.all(this.nodes.map((node) => node.boot()));
  }

  /** The laboratory and all that runs in it end now; with `keep`, only our hold on it does unless `force`. */
  async close({ force = true }: { readonly force?: boolean } = {}): Promise<void> {
    if (this.#keep && !force) {
      this.#wrapper.stdin?.destroy();
      this.#wrapper.stderr?.destroy();
      this.#wrapper.unref();
      return;
    }
    signalTo(this.pid, "SIGKILL");
    for (const node of this.nodes) node.wake();
    await until("the laboratory to end", () => !alive(this.pid), { limitMs: 10_000, everyMs: 5 });
    this.#wrapper.stdin?.destroy();
  }
}

/** Is there such a process, and is it not just a zombie? */
export function alive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

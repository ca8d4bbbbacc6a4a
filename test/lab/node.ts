/** One machine of the laboratory: its processes, files, power switch. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { alive, type Cluster } from "./cluster.js";
import {
  childOf,
  type Outcome,
  type Running,
  type RunOptions,
  run,
  type SpawnedOptions,
  signalTo,
  start,
} from "./process.js";
import { NODE_INIT } from "./scripts.js";
import { addressCommands, hostsFile, ipv4Of, ipv6Of, specOf } from "./topology.js";
import { until } from "./until.js";

export class LabNode {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #spawned = new Set<Running>();
  #pid: number | undefined;

  constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster;
    this.name = name;
  }

  /** Its process 1, as this machine numbers it. @throws Error if it is switched off. */
  get pid(): number {
    if (this.#pid === undefined) throw new Error(`lab: ${this.name} is switched off`);
    return this.#pid;
  }

  get isOn(): boolean {
    return this.#pid !== undefined;
  }

  get networks(): readonly string[] {
    return specOf(this.#cluster.topology, this.name).networks;
  }

  ipv4(network: string): string {
    return ipv4Of(this.#cluster.topology, this.name, network);
  }

  ipv6(network: string): string {
    return ipv6Of(this.#cluster.topology, this.name, network);
  }

  /** The command line that enters this node; what it runs dies with whoever runs it. */
  enter(command: readonly string[]): string[] {
    const namespaces = ["-t", String(this.pid), "-m", "-u", "-i", "-n", "-p"];
    return [
      "nsenter",
      ...namespaces,
      "--",
      "setpriv",
      "--pdeathsig",
      "KILL",
      "--",
      "env",
      "-C",
      process.cwd(),
      ...command,
    ];
  }

  /** Runs a command in the foreground. @throws Error with its output unless it succeeds (see RunOptions.check). */
  run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return run(this.enter(command), options);
  }

  /** A shell line, for tests that need a pipe or a redirection. */
  sh(line: string, options: RunOptions = {}): Promise<Outcome> {
    return this.run(["bash", "-c", line], options);
  }

  /** Starts a command beside us; it dies with us, and with the node. */
  async spawn(command: readonly string[], options: SpawnedOptions = {}): Promise<Running> {
    const running = await start(this.enter(command), { ...options, depth: 1 });
    this.#spawned.add(running);
    void running.exited.then(() => this.#spawned.delete(running));
    return running;
  }

  /**
   * Starts a daemon, a child of the node's process 1, that outlives us (but neither the node nor the laboratory).
   * What it writes goes to `/var/log/lab/NAME.log` of the node.
   *
   * @returns its process id, as this machine numbers it: signal it with `signalTo`.
   */
  async daemon(
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    const log = `/var/log/lab/${name}.log`;
    const detach = `setsid "$@" </dev/null >>${log} 2>&1 & echo $!`;
    const { stdout } = await this.run(["bash", "-c", detach, "daemon", ...command], { env });
    const pid = this.#childOfInit(Number(stdout));
    if (pid === undefined) throw new Error(`lab: ${name} on ${this.name} ended at once:\n${this.log(name)}`);
    return pid;
  }

  /** The child of process 1 that has this number inside the node, as this machine numbers it. */
  #childOfInit(inside: number): number | undefined {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ");
    return children.map(Number).find((pid) => {
      try {
        const [, numbers = ""] = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
        return numbers.split("\t").at(-1) === String(inside);
      } catch {
        return false; // it ended meanwhile
      }
    });
  }

  /** What a daemon wrote so far. */
  log(name: string): string {
    return this.read(`/var/log/lab/${name}.log`);
  }

  /** Where one of its files is, seen from this machine. Good until the node is switched off. */
  path(file: string): string {
    return `/proc/${this.pid}/root${file}`;
  }

  put(file: string, text: string | Uint8Array, mode = 0o644): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text, { mode });
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** Does its kernel answer for this address now? Costs a tenth of a millisecond; false when it is switched off. */
  holds(address: string): boolean {
    if (this.#pid === undefined) return false;
    try {
      return address.includes(":")
        ? readFileSync(`/proc/${this.#pid}/net/if_inet6`, "utf8").includes(expanded(address))
        : new RegExp(`-- ${address.replaceAll(".", "\\.")}\\n\\s+/32 host LOCAL`).test(
            readFileSync(`/proc/${this.#pid}/net/fib_trie`, "utf8"),
          );
    } catch {
      return false; // it died in this moment
    }
  }

  /** Switches it on. /etc and /var are as they were, /run is empty, no process of its own runs. */
  async boot(): Promise<void> {
    if (this.#pid !== undefined) throw new Error(`lab: ${this.name} is running`);
    const supervisor = this.#cluster.pid;
    const wrapper = spawn(
      "nsenter",
      [
        ...[
          "-t",
          String(supervisor),
          "-m",
          "-p",
          "--",
          "unshare",
          "--net",
          "--uts",
          "--ipc",
          "--mount",
          "--pid",
        ],
        ...["--fork", "--kill-child", "bash", "-c", NODE_INIT, this.name],
      ],
      { stdio: "ignore", detached: true },
    );
    wrapper.unref();
    const failed = `/proc/${supervisor}/root/run/nodes/${this.name}/failed`;
    const pid = await until(
      `${this.name} to boot`,
      () => {
        if (existsSync(failed)) throw new Error(`lab: ${readFileSync(failed, "utf8").trim()}`);
        if (wrapper.exitCode !== null) throw new Error(`lab: ${this.name} does not boot`);
        const unshare = wrapper.pid === undefined ? undefined : childOf(wrapper.pid);
        const init = unshare === undefined ? undefined : childOf(unshare);
        return init !== undefined && existsSync(`/proc/${init}/root/run/lab-ready`) ? init : undefined;
      },
      { everyMs: 5, limitMs: 20_000 },
    );
    this.#pid = pid;
    if (!this.read("/etc/hosts").includes(` ${this.name} `))
      this.put("/etc/hosts", hostsFile(this.#cluster.topology));
    await this.#wire(pid);
  }

  async #wire(pid: number): Promise<void> {
    const cards = this.networks.flatMap((network) => [
      `link add ${this.name}.${network} type veth peer name ${network} netns ${pid}`,
      `link set ${this.name}.${network} master ${network} up`,
    ]);
    await this.#cluster.onSwitch(["ip", "-batch", "-"], `${cards.join("\n")}\n`);
    await run(["nsenter", `--net=/proc/${pid}/ns/net`, "--", "ip", "-batch", "-"], {
      input: addressCommands(this.#cluster.topology, this.name),
    });
  }

  /** Power failure. All cables go in one instant, before the processes: nobody says good-bye. */
  async kill(): Promise<void> {
    const pid = this.pid;
    await this.#cluster.faults.isolate(this.name);
    signalTo(pid, "SIGKILL");
    this.wake();
    this.#pid = undefined;
    await until(`${this.name} to die`, () => !alive(pid), { everyMs: 2 });
    const cards = this.networks.map((network) => `link delete ${this.name}.${network}\n`).join("");
    await this.#cluster.onSwitch(["ip", "-force", "-batch", "-"], cards, false);
    await this.#cluster.faults.unisolate(this.name);
  }

  /** All its processes hang; its kernel still answers ARP and ping. */
  async freeze(): Promise<void> {
    await this.sh("kill -STOP -1");
  }

  async thaw(): Promise<void> {
    await this.sh("kill -CONT -1");
    this.wake();
  }

  /** Continues the wrappers of what `spawn` started: see Running.wake. */
  wake(): void {
    for (const running of this.#spawned) running.wake();
  }
}

/** As /proc/net/if_inet6 writes it: 32 hexadecimal digits. */
function expanded(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...middle, ...right].map((group) => group.padStart(4, "0")).join("");
}

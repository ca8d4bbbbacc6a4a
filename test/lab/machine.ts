/**
 * A node of the laboratory that is a whole Debian machine: systemd as process 1, its own files, packages installed with apt.
 *
 * It runs in the network of a lab node and ends with the laboratory. Its file tree is an overlay on one that
 * `test/setup/machine-root` built; it is off line.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Cluster } from "./cluster.js";
import type { LabNode } from "./node.js";
import { childOf, type Outcome, type RunOptions, run, signalTo } from "./process.js";
import { slowness, until } from "./until.js";

/** `ultramonkey`: Debian 12 with the real heartbeat and ldirectord. */
export type Suite = "trixie" | "bookworm" | "ultramonkey";

/** The file tree of a fresh machine; built if there is none yet, which takes a minute. */
export function machineRoot(suite: Suite): string {
  return execFileSync("bash", ["test/setup/machine-root", suite], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
}

const ENVIRONMENT = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LANG=C.UTF-8",
  "DEBIAN_FRONTEND=noninteractive",
];
const APT_LIMIT_MS = 240_000;
const BOOT_LIMIT_MS = 120_000;

export class Machine {
  readonly node: LabNode;
  /** Its process 1, as this host numbers it. */
  readonly pid: number;
  readonly #folder: string;

  private constructor(node: LabNode, pid: number, folder: string) {
    this.node = node;
    this.pid = pid;
    this.#folder = folder;
  }

  /**
   * Boots it and waits until systemd has started everything.
   *
   * @param root of `machineRoot`. @param disabled units that its administrator has disabled.
   */
  static async boot(
    cluster: Cluster,
    node: LabNode,
    root: string,
    disabled: readonly string[] = [],
  ): Promise<Machine> {
    const folder = `/run/machines/${node.name}`;
    const supervisor = ["-t", String(cluster.pid), "-m", "-p"];
    const script = [
      "bash",
      "test/lab/machine.sh",
      node.name,
      root,
      String(insidePid(node.pid)),
      folder,
      ...disabled,
    ];
    const wrapper = spawn("nsenter", [...supervisor, "--", "env", "-C", process.cwd(), ...script], {
      stdio: "ignore",
    });
    const files = `/proc/${cluster.pid}/root${folder}`;
    const said = () =>
      existsSync(`${files}/console.log`) ? readFileSync(`${files}/console.log`, "utf8").slice(-2000) : "";
    const pid = await until(
      `${node.name} to boot`,
      async () => {
        if (wrapper.exitCode !== null) throw new Error(`lab: ${node.name} does not boot\n${said()}`);
        const init = initOf(wrapper);
        if (init === undefined) return undefined;
        const state = await run(entered(init, ["systemctl", "is-system-running"]), { check: false });
        return /^(running|degraded)/.test(state.stdout) ? init : undefined;
      },
      { limitMs: BOOT_LIMIT_MS, everyMs: 100 * slowness }, // a look costs half a second in the guest
    );
    return new Machine(node, pid, files);
  }

  /** Runs a command in the foreground. @throws Error with its output unless it succeeds. */
  run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return run(entered(this.pid, command), options);
  }

  sh(line: string, options: RunOptions = {}): Promise<Outcome> {
    return this.run(["bash", "-c", line], options);
  }

  /** What a shell line prints, without the last newline. */
  async says(line: string): Promise<string> {
    return (await this.sh(line, { check: false })).stdout.trimEnd();
  }

  /** apt-get, which asks nothing: files that an administrator edited stay. It knows what is on the machine, no more. */
  apt(line: string): Promise<Outcome> {
    const options = "-q -y -o Dpkg::Options::=--force-confold";
    return this.sh(`apt-get ${options} ${line}`, { timeoutMs: APT_LIMIT_MS });
  }

  /** Where one of its files is, seen from this host. */
  path(file: string): string {
    return join(this.#folder, "root", file);
  }

  put(file: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text, { mode });
  }

  read(file: string): string {
    return readFileSync(this.path(file), "utf8");
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** Files of this host into its /packages. */
  bring(files: readonly string[]): void {
    mkdirSync(this.path("/packages"), { recursive: true });
    for (const file of files) copyFileSync(file, this.path(`/packages/${basename(file)}`));
  }

  /** False once it was powered off, by itself or by us. Its files can still be read. */
  isOn(): boolean {
    return existsSync(`/proc/${this.pid}`);
  }

  /** Power failure: the cables and all processes are gone at once. */
  async powerOff(): Promise<void> {
    await this.node.kill();
    signalTo(this.pid, "SIGKILL");
  }
}

/** nsenter, and env with the machine's own environment. */
function entered(pid: number, command: readonly string[]): string[] {
  const namespaces = ["-t", String(pid), "-a", "-r", "-w"];
  return ["nsenter", ...namespaces, "--", "env", "-i", ...ENVIRONMENT, ...command];
}

/** Process 1 of the machine: below the wrapper nsenter are systemd-nspawn, then its stub or systemd itself. */
function initOf(wrapper: ChildProcess): number | undefined {
  const nspawn = wrapper.pid === undefined ? undefined : childOf(wrapper.pid);
  const init = nspawn === undefined ? undefined : childOf(nspawn);
  if (init === undefined) return undefined;
  try {
    return /^Name:\t(systemd|init)$/m.test(readFileSync(`/proc/${init}/status`, "utf8")) ? init : undefined;
  } catch {
    return undefined;
  }
}

/** A process of a node as the supervisor's /proc numbers it. */
function insidePid(pid: number): number {
  const [, numbers = ""] = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(numbers.split("\t")[1]);
}

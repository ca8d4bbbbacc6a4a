/**
 * Real programs of Debian 12 inside a node of the laboratory, from a root file system of their own (test/setup/peer-root):
 * their /usr, /etc and /var, the node's network, processes, /dev and /run. What they write survives a power failure of the
 * node, as a disk does, and is forgotten with the laboratory.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { LabNode } from "./node.js";
import type { Outcome, Running, RunOptions, SpawnedOptions } from "./process.js";

/** `cluster`: heartbeat, ldirectord, conntrackd, keepalived. `services`: what is checked and mailed to. */
export type PeerRoot = "cluster" | "services";

function rootOf(name: PeerRoot): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return join(process.env.SYSTOLE_LAB_CACHE ?? join(cache, "systole-lab"), "peers", name);
}

/** Why there are no peers here; undefined if there are. */
export function peersImpossible(name: PeerRoot): string | undefined {
  return existsSync(`${rootOf(name)}.built`) ? undefined : `no root of peers: test/setup/peer-root ${name}`;
}

/** Argument 1: the root; 2: where it is mounted; 3: the checkout, at the same path as outside. */
const MOUNT = `
set -e
disk=/run/disk/peer.$(basename "$1")
mkdir -p "$disk/upper" "$disk/work" "$2"
mount -t overlay -o "lowerdir=$1,upperdir=$disk/upper,workdir=$disk/work" peer "$2"
for tree in proc sys dev; do mount --rbind "/$tree" "$2/$tree"; done
mkdir -p "$2/run" "$2$3"
mount -t tmpfs run "$2/run"
mkdir -p "$2/run/lock"
mount --bind "$3" "$2$3"
cp /etc/hosts /etc/hostname "$2/etc/"
`;

/** A mounted root on a node. Good until the node is switched off; after its next boot, `peerOn` again. */
export class Peer {
  readonly node: LabNode;
  /** Where the root is, inside the node. */
  readonly root: string;

  constructor(node: LabNode, root: string) {
    this.node = node;
    this.root = root;
  }

  #inside(command: readonly string[]): string[] {
    return [
      "env",
      "-C",
      "/",
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "LC_ALL=C",
      "chroot",
      this.root,
      ...command,
    ];
  }

  /** Runs a program of the root in the foreground. @throws Error with its output unless it succeeds (RunOptions.check). */
  run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.node.run(this.#inside(command), options);
  }

  sh(line: string, options: RunOptions = {}): Promise<Outcome> {
    return this.run(["bash", "-c", line], options);
  }

  /** Starts it beside us; it dies with us, and with the node. */
  spawn(command: readonly string[], options: SpawnedOptions = {}): Promise<Running> {
    return this.node.spawn(this.#inside(command), options);
  }

  /** As LabNode.daemon: outlives us, writes to `node.log(name)`. @returns its process id, as this machine numbers it. */
  daemon(
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    return this.node.daemon(name, this.#inside(command), env);
  }

  /** Where a file of the root is, seen from this machine. */
  path(file: string): string {
    return this.node.path(`${this.root}${file}`);
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
}

/** Mounts a root of peers on a node that is on. @throws Error if it was not built. */
export async function peerOn(node: LabNode, name: PeerRoot): Promise<Peer> {
  const impossible = peersImpossible(name);
  if (impossible !== undefined) throw new Error(`lab: ${impossible}`);
  const mounted = `/run/peer/${name}`;
  if (!node.has(mounted))
    await node.run(["bash", "-c", MOUNT, "mount", rootOf(name), mounted, process.cwd()]);
  return new Peer(node, mounted);
}

/**
 * One host: power, a kernel in memory, a disk with the generation, a clock of its own rate, and heartbeat's process.
 *
 * The kernel outlives the process: VIPs stay until their lease ends, and a process started within the lease of the one
 * before keeps them. A power cut takes everything but the disk.
 */
import {
  type Boot,
  type ClusterSettings,
  type ClusterState,
  type CoreAction,
  type CoreEvent,
  type Lease,
  lateness,
} from "@systole/heartbeat";
import { type FakeKernel, fakeKernel } from "@systole/kernel/fake";
import { type Instant, instant, type Millis } from "@systole/machine";
import { Director, type DirectorCore, servingFor } from "./director.js";
import { vipOf } from "./group-runner.js";
import type { Network } from "./network.js";
import type { Packet } from "./packet.js";
import { type Core, Process } from "./process.js";
import type { World } from "./world.js";

/** What an onlooker is told. */
export interface HostWatcher {
  vip(host: string, address: string, up: boolean, how: string): void;
  sent(host: string, packet: Packet): void;
  blame(problem: string | undefined): void;
  acted(host: string, action: CoreAction): void;
}

export interface HostOptions {
  readonly name: string;
  readonly settings: ClusterSettings;
  /** Seconds of its clock per second of the world. */
  readonly clockRate: number;
  readonly world: World;
  readonly network: Network<Packet>;
  readonly watcher: HostWatcher;
  /** For mutants: the core, wrapped. */
  readonly core?: (core: Core) => Core;
  readonly disk?: (generation: number) => number;
  /** How long a resource takes to start or stop. */
  readonly workMs: () => number;
  readonly director?: (core: DirectorCore) => DirectorCore;
  /** With ldirectord in the world: which real servers serve. */
  readonly serves?: (server: string) => boolean;
}

/** The first generation on the disk of a new host. */
const FIRST_GENERATION = 1000;

export class Host {
  readonly name: string;
  /** The service LAN is plugged in: ping nodes answer, and claims of VIPs are heard. */
  isPlugged = true;
  /** The one key in its authkeys: what others sign with another one is not authentic. */
  key = "";
  /** Resources that refuse to start. */
  readonly refusing = new Set<string>();
  readonly #options: HostOptions;
  #storedGeneration = FIRST_GENERATION;
  #running = new Set<string>();
  #dead = new Set<string>();
  #kernel: FakeKernel | undefined;
  #process: Process | undefined;
  #director: Director | undefined;
  /** `/run`: when a heartbeat was last sent, by this host's clock; gone with the power. */
  #lastSent: Instant | undefined;
  /** A restart on purpose: what the last process left to the next, and when that comes. */
  #handedOn: { readonly lease: number; readonly deadtime: Millis } | undefined;
  #nextAfterMs = 0;
  /** A start was asked for while a process was still leaving. */
  #again = false;

  constructor(options: HostOptions) {
    this.name = options.name;
    this.#options = options;
    options.network.attach(this.name, (medium, packet) => this.#receive(medium, packet));
  }

  #now(): Instant {
    return instant(this.#options.world.now() * this.#options.clockRate);
  }

  /** On this host's clock, and never early. */
  #at(when: number, run: () => void): () => void {
    return this.#options.world.at(when / this.#options.clockRate + 0.01, run);
  }

  /** Power on: kernel and process start. */
  boot(): void {
    if (this.#kernel !== undefined) return;
    const kernel = fakeKernel({ clock: { now: () => this.#now(), at: (when, run) => this.#at(when, run) } });
    this.#running = new Set();
    this.#dead = new Set();
    this.#lastSent = undefined;
    this.#handedOn = undefined;
    this.#kernel = kernel;
    kernel.addresses.watch(({ kind, address }) => {
      if (this.#kernel !== kernel) return; // its power was cut
      const how = this.#process?.frozen === false ? "" : "by the kernel";
      this.#options.watcher.vip(this.name, address.address, kind === "added", how);
    });
    this.#director = this.#startDirector(kernel);
    this.restart();
  }

  powerOff(): void {
    this.kill();
    this.#director?.end();
    const lost = this.#kernel?.addresses.listNow() ?? [];
    this.#kernel = undefined;
    this.#running = new Set();
    for (const { address } of lost) this.#options.watcher.vip(this.name, address, false, "");
  }

  /** SIGKILL: the kernel and what runs there stay. */
  kill(): void {
    this.#process?.end();
    this.#process = undefined;
    this.#again = false;
  }

  /** The process starts on the running kernel; if one runs there, as soon as that has left. */
  restart(): void {
    const kernel = this.#kernel;
    if (kernel === undefined) return;
    this.#again = this.#process !== undefined;
    if (this.#again) return;
    const { settings, core } = this.#options;
    const adopted = this.#adoptable(kernel);
    for (const { key, resources } of settings.groups) if (!adopted.includes(key)) this.#cleanUp(resources);
    const boot = { storedGeneration: this.#storedGeneration, adopted, ...this.#past() };
    this.#handedOn = undefined;
    this.#process = new Process(this.#door(kernel), boot, core ?? ((plain) => plain));
  }

  /** For the next process: the moment of the last word, and what a restart on purpose has left. */
  #past(): Partial<Boot> {
    const lastWordAt = this.#lastSent;
    if (lastWordAt === undefined) return {};
    const handed = this.#handedOn;
    const inherited = handed && { deadtime: handed.deadtime, until: instant(lastWordAt + handed.lease) };
    return { lastWordAt, ...(inherited && { inherited }) };
  }

  /** It is asked to end on purpose and leave its VIPs to the next process, which starts so much later. */
  restartOnPurpose(nextAfterMs: number): void {
    this.#nextAfterMs = nextAfterMs;
    this.feed({ type: "restart", request: 1 });
  }

  freeze(): void {
    if (this.#process !== undefined) this.#process.frozen = true;
  }

  /** It freezes after so many more actions. */
  freezeWithin(actionsLeft: number): void {
    this.#process?.freezeWithin(actionsLeft);
  }

  thaw(): void {
    this.#process?.thaw();
  }

  feed(event: CoreEvent): void {
    this.#process?.feed(event);
  }

  hasVip(address: string): boolean {
    return this.#kernel?.addresses.listNow().some((held) => held.address === address) ?? false;
  }

  /** The lease that the last process has left to the next one, until that runs. */
  handedOnMs(): number | undefined {
    return this.#handedOn?.lease;
  }

  /** Its heartbeat runs: neither killed nor frozen. */
  isRunning(): boolean {
    return this.#process?.frozen === false;
  }

  state(): ClusterState | undefined {
    return this.#process?.state;
  }

  /** A resource that runs here ends by itself: nobody is told. */
  die(resource: string): void {
    if (this.#running.has(resource)) this.#dead.add(resource);
  }

  /** What runs here, by the names of haresources. */
  running(): ReadonlySet<string> {
    return this.#running;
  }

  get settings(): ClusterSettings {
    return this.#options.settings;
  }

  /** Where new connections to this VIP would go. */
  serving(vip: string): readonly string[] {
    return this.#kernel === undefined ? [] : servingFor(this.#kernel, vip);
  }

  #startDirector(kernel: FakeKernel): Director | undefined {
    const { serves, settings, world, watcher } = this.#options;
    if (serves === undefined) return undefined;
    const door = {
      ...{ kernel, serves },
      tableMs: () => world.chance.between(0.5, 60),
      now: () => this.#now(),
      at: (when: Instant, run: () => void) => this.#at(when, run),
      after: (ms: number, run: () => void) => void world.at(world.now() + ms, run),
      blame: (problem: string | undefined) => watcher.blame(problem && `${this.name}: ${problem}`),
    };
    return new Director(door, directedVips(settings), this.#options.director ?? ((plain) => plain));
  }

  #door(kernel: FakeKernel) {
    const { settings, world, watcher, network, workMs } = this.#options;
    const director = this.#director;
    return {
      ...(director === undefined
        ? {}
        : {
            direct: (role: "activate" | "deactivate", done: () => void) => director.request(role, done),
          }),
      settings,
      kernel,
      running: this.#running,
      leaseSeconds: (longer?: Lease) => {
        const lease = longer ?? settings.lease;
        return lease === undefined ? undefined : lifetimeOf(lease);
      },
      workMs,
      refuses: (resource: string) => this.refusing.has(resource),
      dead: this.#dead,
      now: () => this.#now(),
      at: (when: Instant, run: () => void) => this.#at(when, run),
      after: (ms: number, run: () => void) => void world.at(world.now() + ms, run),
      storeGeneration: (generation: number) => {
        this.#storedGeneration = this.#options.disk?.(generation) ?? generation;
      },
      send: (packet: Packet) => {
        watcher.sent(this.name, packet);
        this.#lastSent = this.#now();
        const signed = { ...packet, key: this.key };
        for (const medium of network.media) network.send(medium, this.name, signed);
      },
      acted: (action: CoreAction) => watcher.acted(this.name, action),
      handedOn: (lease: Lease, deadtime: Millis) => {
        this.#handedOn = { lease: lease.length, deadtime };
        this.#lastSent = this.#now(); // the last word is written once more
        const running = this.#process;
        world.at(world.now() + this.#nextAfterMs, () => {
          if (this.#process === undefined || this.#process === running) this.restart();
        });
      },
      ping: () => {
        for (const node of this.isPlugged ? (settings.pings?.nodes ?? []) : [])
          world.at(world.now() + PING_MS, () => this.feed({ type: "ping-reply", node }));
      },
      ended: () => {
        this.#process = undefined;
        if (this.#again) world.at(world.now(), () => this.restart());
      },
    };
  }

  /** Whatever somebody without our key sends in the name of this node. */
  hearOtherKey(medium: string, node: string): void {
    this.#process?.feed({ type: "other-key", node, medium });
  }

  #receive(medium: string, { from, generation, sequence, dest, message, key = "" }: Packet): void {
    if (key !== this.key) return this.hearOtherKey(medium, from);
    const header = {
      from,
      generation,
      ...(sequence === undefined ? {} : { sequence }),
      ...(dest === undefined ? {} : { dest }),
    };
    this.#process?.feed({ type: "message", medium, header, message });
  }

  /** Groups whose VIPs are all still in the kernel, within the lease of what was last sent. */
  #adoptable(kernel: FakeKernel): string[] {
    const { lease, groups } = this.#options.settings;
    const length = this.#handedOn?.lease ?? lease?.length;
    if (this.#lastSent === undefined || length === undefined || this.#now() - this.#lastSent >= length)
      return [];
    const up = new Set<string>(kernel.addresses.listNow().map((held) => held.address));
    const isUp = (resources: readonly string[]) => {
      const vips = resources.map(vipOf).filter((vip) => vip !== undefined);
      return vips.length > 0 && vips.every((vip) => up.has(vip.address));
    };
    return groups.filter(({ resources }) => isUp(resources)).map((group) => group.key);
  }

  /** What a former process left behind. */
  #cleanUp(resources: readonly string[]): void {
    for (const resource of resources.toReversed()) {
      this.#running.delete(resource);
      this.#dead.delete(resource);
      const vip = vipOf(resource);
      if (vip !== undefined && this.hasVip(vip.address)) this.#kernel?.addresses.dropNow(vip);
    }
  }
}

/** How long the answer of a ping node takes. */
const PING_MS = 1;

/** Seconds until the kernel has ended a VIP, at the latest: its timer is coarse. */
const lifetimeOf = (lease: Lease): number => (lease.length + 0.95 * lateness(lease)) / 1000;

/** The VIPs of groups that name an ldirectord. */
export const directedVips = (settings: ClusterSettings): string[] =>
  settings.groups
    .filter(({ resources }) => resources.some((resource) => resource.startsWith("ldirectord::")))
    .flatMap(({ resources }) => resources.map(vipOf))
    .flatMap((vip) => (vip === undefined ? [] : [vip.address]));

/**
 * One host: power, a kernel in memory, a disk with the generation, and heartbeat's core as its process.
 *
 * What can happen to it: power cut and boot; the process killed (the kernel stays, its VIPs live as long as their
 * lease) and started again; frozen and thawed (SIGSTOP: packets wait in the socket, timers are late); a clock that runs
 * at its own rate. A frozen process may also stop between two actions of one step.
 */
import type { Fact } from "@systole/bus";
import {
  booted,
  type ClusterSettings,
  type ClusterState,
  type CoreAction,
  type CoreEvent,
  clusterMachine,
  holdVerdict,
} from "@systole/heartbeat";
import { type FakeKernel, fakeKernel } from "@systole/kernel/fake";
import { type Instant, instant, type Machine } from "@systole/machine";
import { type GroupRunner, groupRunner, type Running, vipOf } from "./group-runner.js";
import type { Network } from "./network.js";
import type { Packet } from "./packet.js";
import type { World } from "./world.js";

export type Core = Machine<ClusterState, CoreEvent, CoreAction>;

/** What an onlooker is told. */
export interface HostWatcher {
  vip(host: string, address: string, up: boolean, how: string): void;
  sent(host: string, packet: Packet): void;
  fact(host: string, fact: Fact): void;
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
  readonly workMs: () => number;
}

export interface Host {
  readonly name: string;
  /** Power on, kernel and process start. */
  boot(): void;
  powerOff(): void;
  /** SIGKILL: the kernel and what runs there stay. */
  kill(): void;
  /** The process starts again on the running kernel. */
  restart(): void;
  freeze(): void;
  /** The process stops before the action with this number of its next step. */
  freezeWithin(actionsLeft: number): void;
  thaw(): void;
  feed(event: CoreEvent): void;
  /** Resources that refuse to start. */
  readonly refusing: Set<string>;
  hasVip(address: string): boolean;
  state(): ClusterState | undefined;
  /** What runs: resources by their names. */
  running(): ReadonlySet<string>;
}

/** The process of the moment. */
interface Process {
  state: ClusterState;
  readonly core: Core;
  readonly runner: GroupRunner;
  frozen: boolean;
  freezeBefore: number | undefined;
  readonly backlog: (() => void)[];
  readonly events: CoreEvent[];
  stepping: boolean;
  disarm: (() => void) | undefined;
  armedFor: Instant | undefined;
  alive: boolean;
  /** Packets of this life that may be asked for again. */
  readonly history: Map<number, Packet>;
}

export function createHost(options: HostOptions): Host {
  const { name, settings, world, network, watcher } = options;
  const disk = { generation: 1000 };
  const refusing = new Set<string>();
  let running: Running = new Set();
  let kernel: FakeKernel | undefined;
  let process: Process | undefined;
  /** `/run`: when a heartbeat was last sent, by this host's clock; gone with the power. */
  let lastSent: Instant | undefined;

  const now = (): Instant => instant(world.now() * options.clockRate);
  /** Rounded up: a timer is never early. */
  const worldTime = (moment: number): number => moment / options.clockRate + 0.01;
  const groups = new Map(settings.groups.map(({ key, resources }) => [key, resources]));

  network.attach(name, (medium, packet) => {
    const current = process;
    if (current !== undefined) run(current, () => receive(current, medium, packet));
  });

  /** Runs within the process: now, or when it thaws. */
  function run(current: Process, work: () => void): void {
    if (!current.alive) return;
    if (current.frozen) current.backlog.push(work);
    else work();
  }

  function receive(current: Process, medium: string, packet: Packet): void {
    const { from, generation, sequence, dest, message } = packet;
    const header = {
      from,
      generation,
      ...(sequence === undefined ? {} : { sequence }),
      ...(dest === undefined ? {} : { dest }),
    };
    feed(current, { type: "message", medium, header, message });
  }

  function feed(current: Process, event: CoreEvent | { type: "tick" }): void {
    if (!current.alive) return;
    current.events.push(event as CoreEvent); // a tick travels in the same queue; the machine takes both
    drain(current);
  }

  function drain(current: Process): void {
    if (current.stepping) return;
    current.stepping = true;
    for (let event = current.events.shift(); event !== undefined; event = current.events.shift()) {
      const step = current.core.step(current.state, event, now());
      current.state = step.state;
      perform(current, step.actions);
      if (!current.alive || current.frozen) break;
    }
    current.stepping = false;
    arm(current);
  }

  function perform(current: Process, actions: readonly CoreAction[]): void {
    for (const [index, action] of actions.entries()) {
      if (!current.alive) return;
      if (current.freezeBefore !== undefined && current.freezeBefore-- <= 0) {
        current.freezeBefore = undefined;
        current.frozen = true;
        current.backlog.unshift(() => {
          perform(current, actions.slice(index));
          drain(current);
        });
        return;
      }
      carryOut(current, action);
    }
  }

  function carryOut(current: Process, action: CoreAction): void {
    watcher.acted(name, action);
    switch (action.type) {
      case "persist-generation":
        disk.generation = action.generation;
        world.at(world.now() + 2, () =>
          run(current, () => feed(current, { type: "generation-stored", generation: action.generation })),
        );
        return;
      case "send":
        return send(current, {
          from: name,
          generation: action.generation,
          sequence: action.sequence,
          dest: action.dest,
          message: action.message,
        });
      case "resend": {
        const packet = current.history.get(action.sequence);
        if (packet !== undefined) for (const medium of network.media) network.send(medium, name, packet);
        return;
      }
      case "renew":
        if (now() <= action.until) current.runner.renew(action.groups);
        return;
      case "start":
        return current.runner.start(action.group);
      case "stop":
        return current.runner.stop(action.group);
      case "drop-vips":
        return current.runner.dropVips(action.groups);
      case "publish":
        return watcher.fact(name, action.fact);
      case "finished":
        current.alive = false;
        process = undefined;
        return;
      case "announce":
      case "fence":
      case "answer":
      case "log":
        return;
    }
  }

  function send(current: Process, packet: Packet): void {
    if (packet.sequence !== undefined) {
      watcher.sent(name, packet);
      current.history.set(packet.sequence, packet);
      current.history.delete(packet.sequence - 500);
    }
    lastSent = now();
    for (const medium of network.media) network.send(medium, name, packet);
  }

  function arm(current: Process): void {
    const deadline = current.alive ? current.core.nextDeadline(current.state) : undefined;
    if (deadline === current.armedFor && current.disarm !== undefined) return;
    current.disarm?.();
    current.disarm = undefined;
    current.armedFor = deadline;
    if (deadline === undefined) return;
    current.disarm = world.at(worldTime(deadline), () => expired(current));
  }

  /** As the driver does it: a late timer ticks only if the deadline still stands. */
  function expired(current: Process): void {
    current.disarm = undefined;
    current.armedFor = undefined;
    run(current, () => {
      const deadline = current.core.nextDeadline(current.state);
      if (deadline === undefined || deadline > now()) arm(current);
      else feed(current, { type: "tick" });
    });
  }

  function startProcess(): void {
    if (kernel === undefined || process !== undefined) return;
    const onKernel = kernel;
    const adopted = adoptable();
    for (const { key, resources } of settings.groups) if (!adopted.includes(key)) cleanUp(resources);
    const plain = clusterMachine();
    const core = options.core === undefined ? plain : options.core(plain);
    const door = {
      kernel: onKernel,
      leaseSeconds: settings.lease === undefined ? undefined : settings.lease / 1000,
      after: (ms: number, work: () => void) => world.at(world.now() + ms, () => run(current, work)),
      workMs: options.workMs,
      mayHold: (group: string) => {
        feed(current, { type: "holding", group });
        if (!current.alive || current.frozen) return "ask-again";
        return holdVerdict(current.state, group, now());
      },
      started: (group: string) => feed(current, { type: "started", group, steps: [], degraded: [] }),
      startFailed: (group: string, resource: string) =>
        feed(current, { type: "start-failed", group, resource, problem: "refused", steps: [] }),
      stopped: (group: string) => feed(current, { type: "stopped", group }),
      refuses: (resource: string) => refusing.has(resource),
    };
    const current: Process = {
      state: booted(settings, { storedGeneration: disk.generation, adopted }, now()),
      core,
      runner: groupRunner(groups, running, door),
      frozen: false,
      freezeBefore: undefined,
      backlog: [],
      events: [],
      stepping: false,
      disarm: undefined,
      armedFor: undefined,
      alive: true,
      history: new Map(),
    };
    process = current;
    arm(current);
  }

  /** Groups whose VIPs are all still in the kernel, within the lease of what was last sent. */
  function adoptable(): string[] {
    if (kernel === undefined || lastSent === undefined || settings.lease === undefined) return [];
    if (now() - lastSent >= settings.lease) return [];
    const up = new Set<string>(kernel.addresses.listNow().map((held) => held.address));
    return settings.groups
      .filter(({ resources }) => {
        const vips = resources.map(vipOf).filter((vip) => vip !== undefined);
        return vips.length > 0 && vips.every((vip) => up.has(vip.address));
      })
      .map((group) => group.key);
  }

  function cleanUp(resources: readonly string[]): void {
    for (const resource of resources.toReversed()) {
      running.delete(resource);
      const vip = vipOf(resource);
      if (vip !== undefined && hasVip(vip.address)) kernel?.addresses.dropNow(vip);
    }
  }

  function endProcess(): void {
    if (process === undefined) return;
    process.alive = false;
    process.disarm?.();
    process = undefined;
  }

  const hasVip = (address: string): boolean =>
    kernel?.addresses.listNow().some((held) => held.address === address) ?? false;

  return {
    name,
    refusing,
    boot() {
      if (kernel !== undefined) return;
      running = new Set();
      lastSent = undefined;
      const fresh = fakeKernel({
        clock: { now, at: (when, work) => world.at(worldTime(when), work) },
      });
      kernel = fresh;
      fresh.addresses.watch(({ kind, address }) => {
        if (kernel !== fresh) return; // its power was cut
        watcher.vip(
          name,
          address.address,
          kind === "added",
          process?.frozen === false ? "" : "by the kernel",
        );
      });
      startProcess();
    },
    powerOff() {
      endProcess();
      const lost = kernel?.addresses.listNow() ?? [];
      kernel = undefined;
      for (const { address } of lost) watcher.vip(name, address, false, "");
      running = new Set();
    },
    kill: endProcess,
    restart: startProcess,
    freeze() {
      if (process !== undefined) process.frozen = true;
    },
    freezeWithin(actionsLeft) {
      if (process !== undefined) process.freezeBefore = actionsLeft;
    },
    thaw() {
      const current = process;
      if (current === undefined) return;
      current.freezeBefore = undefined;
      if (!current.frozen) return;
      current.frozen = false;
      const backlog = current.backlog.splice(0);
      for (const work of backlog) run(current, work);
      arm(current);
    },
    feed(event) {
      const current = process;
      if (current !== undefined) run(current, () => feed(current, event));
    },
    hasVip,
    state: () => process?.state,
    running: () => running,
  };
}

/** A cluster of simulated hosts, watched: every invariant is checked at every event it concerns. */
import type { Fact } from "@systole/bus";
import type { ClusterSettings, CoreAction } from "@systole/heartbeat";
import {
  generationGrows,
  graceMs,
  inOrder,
  type LastStatus,
  neverTwice,
  noLateClaim,
  type Owners,
  oneOwner,
} from "./checks.js";
import type { DirectorCore } from "./director.js";
import { vipOf } from "./group-runner.js";
import { directedVips, Host } from "./host.js";
import { createNetwork, type Network } from "./network.js";
import type { Packet } from "./packet.js";
import type { Core } from "./process.js";
import { createServiceLan } from "./service-lan.js";
import { createTrace, type Trace } from "./trace.js";
import { createWorld, type World } from "./world.js";

export interface SimulationOptions {
  readonly seed: number;
  /** The settings of each node; all but `local` are the same. */
  readonly settings: readonly ClusterSettings[];
  readonly clockRates: readonly number[];
  readonly media: readonly string[];
  /** How long one resource takes to start or stop. */
  readonly workMs: { readonly least: number; readonly most: number };
  /** For mutants. */
  readonly core?: (core: Core) => Core;
  readonly disk?: (generation: number) => number;
  readonly director?: (core: DirectorCore) => DirectorCore;
  /** With ldirectord on every host, and real servers. */
  readonly directors?: boolean;
}

export interface Simulation {
  readonly world: World;
  readonly network: Network<Packet>;
  readonly hosts: readonly Host[];
  readonly trace: Trace;
  host(name: string): Host;
  /** Who has each VIP now. */
  owners(): Owners[];
  /** The first broken invariant, with its moment; undefined so far. */
  violation(): string | undefined;
  /** Of clusters whose settings say that there is one. */
  readonly fenceDevice: { works: boolean };
  /** Real servers that do not serve now. */
  readonly downServers: Set<string>;
  /** When one of them last changed. */
  readonly serversChanged: { atMs: number };
  /** How often a VIP came or went, and when it last did. */
  vipChanges(): number;
  vipChangedAt(): number;
  /** An invariant is broken; undefined is none. */
  blame(problem: string | undefined): void;
}

export function createSimulation(options: SimulationOptions): Simulation {
  const world = createWorld(options.seed);
  const names = options.settings.map((one) => one.local);
  const network = createNetwork<Packet>(world, names, options.media);
  const trace = createTrace(() => world.now());
  const sequences = new Map<string, number>();
  const generations = new Map<string, number>();
  const spoke = new Map<string, LastStatus>();
  const hosts: Host[] = [];
  const downServers = new Set<string>();
  const fenceDevice = { works: true };
  let violation: string | undefined;
  let vipChanges = 0;
  let vipChangedAt = 0;

  const addresses = [
    ...new Set(options.settings[0]?.groups.flatMap(({ resources }) => resources.flatMap(addressOf)) ?? []),
  ];
  const ownersOf = (address: string): Owners => ({
    address,
    hosts: hosts.filter((host) => host.hasVip(address)).map((host) => host.name),
  });

  function blame(problem: string | undefined): void {
    if (problem === undefined || violation !== undefined) return;
    violation = `${(world.now() / 1000).toFixed(3)}: ${problem}`;
    trace.add("-", "VIOLATION", problem);
  }

  const settings = options.settings[0]!; // a simulation has nodes

  function checkOwners(address: string): void {
    const owners = ownersOf(address);
    const allRun = hosts.every((host) => host.isRunning() || !owners.hosts.includes(host.name));
    const since = network.healthySince();
    if (since === undefined) return;
    const leases = hosts.flatMap((host) =>
      owners.hosts.includes(host.name) ? (host.handedOnMs() ?? []) : [],
    );
    const leaseMs = leases.length === 0 ? undefined : Math.max(...leases);
    blame(oneOwner(owners, allRun, settings, world.now() - since, leaseMs));
  }

  /** Two owners that were excused must be one when the excuse has ended. */
  function checkLater(address: string): void {
    const graces = [
      graceMs(settings, true),
      graceMs(settings, false),
      graceMs(settings, false, LONGEST_LEASE_MS),
    ];
    for (const grace of graces) world.at(world.now() + grace + 1, () => checkOwners(address));
  }

  /** The device cuts the power of the node and confirms, or does not answer. */
  function fence(asker: string, node: string): void {
    const works = fenceDevice.works;
    trace.add(asker, "fence", node);
    world.at(world.now() + FENCE_MS, () => {
      if (works) hosts.find(({ name }) => name === node)?.powerOff();
      trace.add(asker, works ? "fenced" : "fence-failed", node);
      hosts.find(({ name }) => name === asker)?.feed({ type: "fenced", node, ok: works });
    });
  }

  /** A restart on purpose: who hears nothing of it boots, and waits longer than that. */
  function leaveLonger(host: string, deadtime: number): void {
    const last = spoke.get(host);
    if (last !== undefined) spoke.set(host, { ...last, deadtime });
  }

  const lan = createServiceLan(world, hosts);
  const watcher = {
    vip(host: string, address: string, up: boolean, how: string) {
      vipChanges++;
      vipChangedAt = world.now();
      trace.add(host, up ? "vip-up" : "vip-down", how === "" ? address : `${address} ${how}`);
      checkOwners(address);
      if (up) lan.came(host, address);
      const running = hosts.find((one) => one.name === host)?.running();
      if (up && options.directors) blame(tableFirst(hosts, host, address));
      if (up && running !== undefined) blame(inOrder(settings, address, running));
    },
    blame,
    sent(_host: string, packet: Packet) {
      if (packet.again) return;
      blame(neverTwice(packet, sequences));
      blame(generationGrows(packet, generations));
      blame(noLateClaim(packet, world.now(), spoke));
    },
    acted(host: string, action: CoreAction) {
      writeAction(trace, host, action);
      lan.acted(host, action);
      if (action.type === "hand-on") leaveLonger(host, action.deadtime);
      if (action.type === "fence") fence(host, action.node);
    },
  };

  for (const [index, own] of options.settings.entries()) {
    hosts.push(
      new Host({
        name: own.local,
        settings: own,
        clockRate: options.clockRates[index] ?? 1,
        world,
        network,
        watcher,
        workMs: () => world.chance.between(options.workMs.least, options.workMs.most),
        ...(options.core === undefined ? {} : { core: options.core }),
        ...(options.director === undefined ? {} : { director: options.director }),
        ...(options.directors ? { serves: (server: string) => !downServers.has(server) } : {}),
        ...(options.disk === undefined ? {} : { disk: options.disk }),
      }),
    );
  }

  const healing: Network<Packet> = {
    ...network,
    disturb(direction, disturbance) {
      network.disturb(direction, disturbance);
      if (network.isHealthy()) for (const address of addresses) checkLater(address);
    },
    healAll() {
      network.healAll();
      for (const address of addresses) checkLater(address);
    },
  };

  return {
    world,
    network: healing,
    hosts,
    trace,
    host: (name) => {
      const host = hosts.find((one) => one.name === name);
      if (host === undefined) throw new Error(`no such node: ${name}`);
      return host;
    },
    owners: () => addresses.map(ownersOf),
    fenceDevice,
    downServers,
    serversChanged: { atMs: 0 },
    violation: () => violation,
    vipChanges: () => vipChanges,
    vipChangedAt: () => vipChangedAt,
    blame,
  };
}

/** What a restart on purpose may leave to the next process. */
const LONGEST_LEASE_MS = 15_000;

/** How long a fence device takes to switch a node off. */
const FENCE_MS = 1000;

const addressOf = (resource: string): string[] => {
  const vip = vipOf(resource);
  return vip === undefined ? [] : [vip.address];
};

/** 2. Its IPVS table was applied before: new connections find a real server, or the fallback. */
function tableFirst(hosts: readonly Host[], name: string, address: string): string | undefined {
  const host = hosts.find((one) => one.name === name);
  if (host === undefined || !directedVips(host.settings).includes(address)) return undefined;
  return host.serving(address).length > 0 ? undefined : `${address} is up on ${name} before its table serves`;
}

/** Facts that a reader of a story wants to see. */
function writeDown(trace: Trace, host: string, fact: Fact): void {
  switch (fact.kind) {
    case "node.dead":
      return trace.add(host, "peer-dead", fact.peer);
    case "node.late":
      return trace.add(host, "peer-late", fact.peer);
    case "node.alive":
      return trace.add(host, "peer-alive", `${fact.peer} after ${fact.after ?? "start"}`);
    case "link.up":
    case "link.dead":
      return trace.add(
        host,
        fact.kind === "link.up" ? "link-up" : "link-dead",
        `${fact.peer} ${fact.medium}`,
      );
    case "takeover.started":
      return trace.add(host, "takeover", fact.reason);
    case "takeover.finished":
      return trace.add(host, "running", fact.groups.join(" "));
    case "release.finished":
      return trace.add(host, "released", fact.groups.join(" "));
    case "resource.down":
      return trace.add(host, "resource-down", `${fact.resource}: ${fact.consequence}`);
    case "resource.up":
      return trace.add(host, "resource-up", `${fact.resource}: ${fact.how}`);
    case "resource.failed":
      return trace.add(host, "failed", fact.resource);
    case "stall":
      return trace.add(host, "stalled", `${fact.stalledMs} ms`);
    case "keys.different":
      return trace.add(host, "other-key", `${fact.peer} ${fact.medium}${fact.waits ? ", waits" : ""}`);
    case "keys.settled":
      return trace.add(host, "keys-settled", `${fact.peer} ${fact.how}`);
    case "split-brain.suspected":
    case "split-brain.healed":
      return trace.add(host, fact.kind === "split-brain.healed" ? "healed" : "split-brain", fact.problem);
    default:
      return;
  }
}

function writeAction(trace: Trace, host: string, action: CoreAction): void {
  if (action.type === "publish") writeDown(trace, host, action.fact);
  if (action.type === "answer") trace.add(host, action.accepted ? "accepted" : "refused", action.reason);
  if (action.type === "persist-generation") trace.add(host, "generation", String(action.generation));
  if (action.type === "announce") trace.add(host, "announce", action.groups.join(" "));
}

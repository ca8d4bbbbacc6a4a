/** Plays one schedule of faults and says which invariant broke, if any. */
import { type ClusterSettings, leaseFor } from "@systole/heartbeat";
import { milliseconds, seconds } from "@systole/machine";
import { owned, quiet } from "./checks.js";
import type { DirectorCore } from "./director.js";
import { FAULTS_UNTIL_MS, type Schedule, type Timed } from "./faults.js";
import type { Core } from "./process.js";
import { failServer, healServers, served } from "./real-servers.js";
import { macOf } from "./service-lan.js";
import { createSimulation, type Simulation } from "./simulation.js";

export interface Outcome {
  readonly violation: string | undefined;
  readonly simulation: Simulation;
}

/** Two or three of them, as many as have clocks. */
const NODES = ["lb1", "lb2", "lb3"];
/** Dies in schedules that are monitored. */
const SCRIPT = "apache";
const MEDIA = ["eth0", "eth1"];

/** The times of the classic example, with a lease of 3 s, and those of the shipped ha.cf, with one of 690 ms. */
const CLASSIC = {
  keepalive: seconds(1),
  deadtime: seconds(5),
  warntime: seconds(3),
  initdead: seconds(10),
};
const QUICK = {
  keepalive: milliseconds(200),
  deadtime: seconds(1),
  warntime: milliseconds(500),
  initdead: seconds(5),
};

/** Directors, and a group preferred by each of the first two: a third one prefers nothing. */
export function directorSettings(
  local: string,
  nodes: readonly string[],
  { autoFailback, quick = false, monitored = false }: Pick<Schedule, "autoFailback" | "quick" | "monitored">,
): ClusterSettings {
  const times = quick ? QUICK : CLASSIC;
  return {
    local,
    nodes,
    ...times,
    maxRexmitDelay: milliseconds(250),
    autoFailback,
    groups: [
      {
        key: "ctsync",
        preferred: "lb1",
        resources: [
          "ctsync",
          "ldirectord::ldirectord.cf",
          ...(monitored ? [SCRIPT] : []),
          "IPaddr2::192.0.2.10/32/eth0",
          "MailTo::ops@example.org",
        ],
      },
      { key: "IPaddr2::192.0.2.20/32/eth0", preferred: "lb2", resources: ["IPaddr2::192.0.2.20/32/eth0"] },
    ],
    macs: [macOf(nodes.indexOf(local))],
    ...(monitored && { monitor: { interval: seconds(2), policy: "restart" } }),
    lease: leaseFor(times, true),
    fencing: false,
  };
}

/** After the last fault: initdead of a boot, a deadtime, the hand-over of both groups, and some rest. */
const SETTLED_AFTER_MS = 30_000;
/** What cannot move is started again half a minute after the last time. */
const MONITORED_LONGER_MS = 10_000;
const WATCHED_FOR_MS = 6_000;

/** A rule taken away, to see that the simulation finds it missing (test/mutants.test.ts). */
export interface Mutation {
  readonly core?: (core: Core) => Core;
  readonly settings?: (settings: ClusterSettings) => ClusterSettings;
  /** What is on the disk after this generation was stored. */
  readonly disk?: (generation: number) => number;
  readonly director?: (core: DirectorCore) => DirectorCore;
}

export function play(schedule: Schedule, { settings = (same) => same, ...mutation }: Mutation = {}): Outcome {
  const nodes = NODES.slice(0, schedule.clockRates.length);
  const simulation = createSimulation({
    seed: schedule.seed,
    settings: nodes.map((name) => settings(directorSettings(name, nodes, schedule))),
    clockRates: schedule.clockRates,
    media: MEDIA,
    workMs: { least: 1, most: 150 },
    directors: schedule.directors ?? false,
    ...mutation,
  });
  const { world } = simulation;
  for (const [index, host] of simulation.hosts.entries())
    world.at(index * schedule.secondStartsAfterMs, () => host.boot());
  for (const timed of schedule.faults) world.at(timed.atMs, () => strike(simulation, timed));
  world.playUntil(FAULTS_UNTIL_MS);
  healEverything(simulation, schedule.directors ?? false);
  const settledAt = FAULTS_UNTIL_MS + SETTLED_AFTER_MS + (schedule.monitored ? MONITORED_LONGER_MS : 0);
  world.playUntil(settledAt);
  const changes = simulation.vipChanges();
  const unowned = owned(simulation.owners());
  world.playUntil(settledAt + WATCHED_FOR_MS);
  const unserved = schedule.directors ? served(simulation) : undefined;
  const restless = quiet(simulation.vipChanges() - changes);
  const violation = simulation.violation() ?? unowned ?? unserved ?? restless;
  return { violation, simulation };
}

/** The end of all faults: everything runs, everything is connected. */
function healEverything(simulation: Simulation, directors: boolean): void {
  simulation.network.healAll();
  if (directors) healServers(simulation);
  for (const host of simulation.hosts) {
    host.thaw();
    host.boot();
    host.restart();
  }
}

function strike(simulation: Simulation, { fault }: Timed): void {
  const { world, trace } = simulation;
  if (fault.kind === "disturb") return disturb(simulation, fault);
  if (fault.kind === "real-server") return failServer(simulation, fault);
  const host = simulation.hosts[fault.node]!; // within the nodes
  const later = (run: () => void) =>
    world.at(world.now() + ("forMs" in fault ? fault.forMs : 0), () => {
      if (world.now() < FAULTS_UNTIL_MS) run();
    });
  trace.add(host.name, "FAULT", describe(fault));
  switch (fault.kind) {
    case "power-cut":
      host.powerOff();
      later(() => host.boot());
      return;
    case "kill":
      host.kill();
      later(() => host.restart());
      return;
    case "freeze":
      if (fault.actions === undefined) host.freeze();
      else host.freezeWithin(fault.actions);
      later(() => {
        trace.add(host.name, "FAULT", "thawed");
        host.thaw();
      });
      return;
    case "stop":
      host.feed({ type: "stop" });
      later(() => host.restart());
      return;
    case "die":
      host.die(SCRIPT);
      return;
    case "restart":
      host.restartOnPurpose(fault.forMs);
      return;
    case "standby":
    case "takeover":
      host.feed({ type: fault.kind, set: fault.set, request: 1 });
      return;
  }
}

function disturb(simulation: Simulation, fault: Extract<Timed["fault"], { kind: "disturb" }>): void {
  const { world, network, trace } = simulation;
  const medium = MEDIA[fault.medium]!; // within the media
  const name = simulation.hosts[fault.node]!.name;
  const directions = simulation.hosts
    .filter((host) => host.name !== name)
    .flatMap((host) => [
      ...(fault.direction === "to" ? [] : [{ medium, from: name, to: host.name }]),
      ...(fault.direction === "from" ? [] : [{ medium, from: host.name, to: name }]),
    ]);
  trace.add(name, "FAULT", describe(fault));
  for (const direction of directions) network.disturb(direction, fault);
  world.at(world.now() + fault.forMs, () => {
    trace.add(name, "FAULT", `medium ${medium} healed`);
    const healed = { cut: false, loss: 0, jitterMs: 0, duplicate: 0 };
    for (const direction of directions) network.disturb(direction, healed);
  });
}

/** A fault in one line. */
export function describe(fault: Timed["fault"]): string {
  const { kind, ...details } = fault;
  const words = Object.entries(details).flatMap(([name, value]) =>
    name === "node" ? [] : [`${name}=${value}`],
  );
  return [kind, ...words].join(" ");
}

/** What a story can do to its cluster: one word, one function. */
import type { HoldSet } from "@systole/heartbeat";
import type { Direction, Disturbance } from "./network.js";
import type { Simulation } from "./simulation.js";
import { parseTime, StoryError } from "./story-words.js";

type Command = (simulation: Simulation, args: readonly string[]) => void;

const onHost =
  (run: (host: ReturnType<Simulation["host"]>) => void): Command =>
  (simulation, [name]) =>
    run(simulation.host(name ?? ""));

const onGroups =
  (type: "standby" | "takeover"): Command =>
  (simulation, [name, set]) =>
    simulation.host(name ?? "").feed({ type, set: holdSet(set ?? "all"), request: 1 });

function holdSet(word: string): HoldSet {
  if (word === "all" || word === "local" || word === "foreign") return word;
  throw new StoryError(`not a set of groups: ${word}`);
}

/** `eth0`, or `eth0 lb1->lb2` for one direction. */
function directions(simulation: Simulation, medium: string, way: string | undefined): Direction[] {
  if (!simulation.network.media.includes(medium)) throw new StoryError(`no such medium: ${medium}`);
  const names = simulation.hosts.map((host) => host.name);
  const all = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ medium, from, to })));
  return way === undefined ? all : all.filter(({ from, to }) => `${from}->${to}` === way);
}

const whole: Disturbance = { cut: false, loss: 0, jitterMs: 0, duplicate: 0 };

function disturb(simulation: Simulation, args: readonly string[], disturbance: Disturbance): void {
  const media = args[0] === undefined ? simulation.network.media : [args[0]];
  for (const medium of media) {
    for (const direction of directions(simulation, medium, args[1])) {
      simulation.network.disturb(direction, disturbance);
    }
  }
}

/** Somebody on the first medium forges datagrams in the name of a node: how often. */
const FORGE_EVERY_MS = 200;

function forge(simulation: Simulation, name: string, untilMs: number): void {
  const { world, network, hosts } = simulation;
  if (world.now() >= untilMs) return;
  for (const host of hosts) if (host.name !== name) host.hearOtherKey(network.media[0]!, name); // there is one
  world.at(world.now() + FORGE_EVERY_MS, () => forge(simulation, name, untilMs));
}

export const commands: Readonly<Record<string, Command>> = {
  /** `run 20.5s` */
  run: ({ world }, [time]) => world.playUntil(world.now() + parseTime(time ?? "")),
  /** Power cut; `boot` ends it. */
  crash: onHost((host) => host.powerOff()),
  boot: onHost((host) => host.boot()),
  /** SIGKILL; `start` starts heartbeat again on the running kernel, also after `stop`. */
  kill: onHost((host) => host.kill()),
  start: onHost((host) => host.restart()),
  /** `restart lb1 700ms`: on purpose, as an upgrade does; the next process starts so much later. */
  restart: ({ host }, [name, time]) => host(name ?? "").restartOnPurpose(parseTime(time ?? "")),
  /** The service LAN of a node: without it no ping node answers. */
  unplug: onHost((host) => {
    host.isPlugged = false;
  }),
  plug: onHost((host) => {
    host.isPlugged = true;
  }),
  /** SIGSTOP, SIGCONT. `freeze lb1 deciding`: between its next decision and the first act of it. */
  freeze: ({ host }, [name = "", when]) => {
    if (when === undefined) host(name).freeze();
    else if (when === "deciding") host(name).freezeWithin(0);
    else throw new StoryError(`not a moment to freeze: ${when}`);
  },
  thaw: onHost((host) => host.thaw()),
  /** Clean stop. */
  stop: onHost((host) => host.feed({ type: "stop" })),
  standby: onGroups("standby"),
  takeover: onGroups("takeover"),
  /** `cut`: every medium; `cut eth0`; `cut eth0 lb1->lb2`. */
  cut: (simulation, args) => disturb(simulation, args, { ...whole, cut: true }),
  heal: (simulation, args) => disturb(simulation, args, whole),
  /** `lossy 30% eth0 [lb1->lb2]` */
  lossy: (simulation, [percent, ...args]) =>
    disturb(simulation, args, { ...whole, loss: Number.parseFloat(percent ?? "0") / 100, jitterMs: 20 }),
  /** `key lb2 spring`: the one key in its authkeys from now on, by a reload. */
  key: ({ host }, [name, key]) => {
    host(name ?? "").key = key ?? "";
  },
  /** `forge lb1 30s`: all others hear datagrams in its name that no key of theirs verifies, for so long. */
  forge: (simulation, [name = "", time]) =>
    forge(simulation, name, simulation.world.now() + parseTime(time ?? "")),
  /** `fence fails`, `fence works`: the device that `fence on` says there is. */
  fence: ({ fenceDevice }, [how]) => {
    fenceDevice.works = how === "works";
  },
  /** A person has switched lb2 off and says so on lb1: `confirm lb1 lb2`. */
  confirm: (simulation, [name, node]) =>
    simulation.host(name ?? "").feed({ type: "confirm-dead", node: node ?? "", request: 1 }),
  /** `refuse lb1 ldirectord::0.cf`: the resource does not start there. */
  refuse: (simulation, [name, resource]) => {
    simulation.host(name ?? "").refusing.add(resource ?? "");
  },
  /** `die lb1 apache`: it ends by itself, and nobody is told. */
  die: (simulation, [name, resource]) => simulation.host(name ?? "").die(resource ?? ""),
  allow: (simulation, [name, resource]) => {
    simulation.host(name ?? "").refusing.delete(resource ?? "");
  },
};

/**
 * What each kind of fact means to a person: a sentence, how bad it is at least, and which trouble it begins or ends.
 *
 * A publisher may call a fact worse than it is here, never milder. A node that is dead because it was stopped is no
 * emergency, so there the publisher's word is all.
 */
import { atLeast, type ClusterEvent, type Fact, type Severity } from "../types.js";
import { duration } from "./duration.js";
import type { Change } from "./flaps.js";
import type { Meaning } from "./meaning.js";
import { ofNotifier } from "./own-facts.js";

const plain = (text: string, floor: Severity = "info", weight = 0): Meaning => ({ text, floor, weight });
/** A trouble's name for programs and for people. */
type Name = readonly [key: string, what: string];
const begins = ([key, what]: Name, text: string, floor: Severity, weight: number): Meaning => ({
  ...{ text, floor, weight },
  trouble: { key, what, phase: "begins" },
});
const ends = ([key, what]: Name, text: string): Meaning => ({
  ...{ text, floor: "info", weight: 5 },
  trouble: { key, what, phase: "ends" },
});

const list = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));

export function meaning(fact: Fact): Meaning {
  switch (fact.kind) {
    case "node.alive":
    case "node.late":
    case "node.dead":
    case "link.up":
    case "link.dead":
    case "stall":
    case "split-brain.suspected":
    case "split-brain.healed":
    case "keys.different":
    case "keys.settled":
      return ofNode(fact);
    case "takeover.started":
    case "takeover.finished":
    case "release.finished":
    case "resource.failed":
    case "vip.up":
    case "vip.down":
      return ofResources(fact);
    case "resource.down": {
      const text = `resource ${fact.resource} is down: ${fact.reason}; ${fact.consequence}`;
      return begins(resource(fact.resource), text, "warning", 33);
    }
    case "resource.up":
      return ends(resource(fact.resource), `resource ${fact.resource}: ${fact.how}`);
    case "real-server.down":
    case "real-server.up":
    case "fallback.used":
    case "fallback.left":
    case "real-server.operated":
    case "table.refused":
      return ofServices(fact);
    case "sync.established":
    case "sync.lost":
    case "sync.incomplete":
    case "sync.complete":
    case "commit.finished":
      return ofFlows(fact);
    case "daemon.started":
    case "daemon.stopping":
    case "config.loaded":
    case "config.refused":
    case "letter":
      return ofDaemon(fact);
    case "delivery.failed":
    case "flapping.started":
    case "flapping.ended":
    case "silence.started":
    case "silence.ended":
    case "letter.acknowledged":
    case "daemon.restarted":
    case "node.returned":
      return ofNotifier(fact);
    case "peer.said":
      return plain(`the notifierd of ${fact.peer} spoke to ours`);
  }
  return unknown(fact);
}

/** A kind that is newer than this notifierd: its name is better than silence. */
function unknown(fact: { readonly kind: string }): Meaning {
  return plain(fact.kind);
}

/** Which troubles somebody has been told of and that are not over. */
export type IsOpen = (trouble: string) => boolean;

/**
 * The severity that counts: the publisher's, or the least this kind of fact has. The end of a trouble that somebody was
 * told of is at least a notice; a link that comes up for the first time is not.
 */
export function severityOf({ severity, fact }: ClusterEvent, isOpen: IsOpen): Severity {
  const { floor, trouble } = meaning(fact);
  const over = trouble?.phase === "ends" && isOpen(trouble.key);
  const least = over && !atLeast(floor, "notice") ? "notice" : floor;
  return atLeast(severity, least) ? severity : least;
}

type Of<Kind extends Fact["kind"]> = Extract<Fact, { readonly kind: Kind }>;

type NodeKind = "node.alive" | "node.late" | "node.dead" | "link.up" | "link.dead" | "stall";
type SplitKind = "split-brain.suspected" | "split-brain.healed" | "keys.different" | "keys.settled";

function ofNode(fact: Of<NodeKind | SplitKind>): Meaning {
  switch (fact.kind) {
    case "node.alive":
      if (fact.after === undefined || fact.after === "start") return plain(`${fact.peer} is alive`);
      return ends(node(fact.peer), `${fact.peer} is alive again, after ${fact.after}`);
    case "node.late":
      return plain(`heartbeat from ${fact.peer} is late: silent for ${duration(fact.silenceMs)}`);
    case "node.dead": {
      const limit = `deadtime ${duration(fact.deadtimeMs)}`;
      const text = `${fact.peer} is dead: silent for ${duration(fact.silenceMs)} (${limit})`;
      return begins(node(fact.peer), text, "info", 20);
    }
    case "link.up":
      return ends(link(fact), `link ${fact.medium} to ${fact.peer} is up`);
    case "link.dead":
      return begins(link(fact), `link ${fact.medium} to ${fact.peer} is dead`, "warning", 10);
    case "stall":
      return plain(
        `this node stood still for ${duration(fact.stalledMs)}: ${fact.consequence}`,
        "warning",
        15,
      );
    case "split-brain.suspected":
      return begins(split(fact.peer), `split brain with ${fact.peer}: ${fact.problem}`, "critical", 40);
    case "split-brain.healed":
      return ends(split(fact.peer), `split brain with ${fact.peer} is over: ${fact.problem}`);
    case "keys.different": {
      const { peer, medium, waits } = fact;
      const meanwhile = waits ? "; nothing is taken over from it meanwhile" : "";
      const what = `${peer} speaks on ${medium} with another key, or somebody in its name`;
      return begins(keys(peer), `${what}: compare authkeys${meanwhile}`, "critical", 40);
    }
    case "keys.settled":
      return ends(
        keys(fact.peer),
        fact.how === "heard"
          ? `${fact.peer} speaks with our key`
          : `nobody speaks in the name of ${fact.peer} with another key any more`,
      );
  }
}

const node = (peer: string): Name => [`node ${peer}`, `node ${peer}`];
const split = (peer: string): Name => [`split-brain ${peer}`, `split brain with ${peer}`];
const keys = (peer: string): Name => [`keys ${peer}`, `keys of ${peer}`];
const link = ({ peer, medium }: { readonly peer: string; readonly medium: string }): Name => [
  `link ${peer} ${medium}`,
  `link ${medium} to ${peer}`,
];

const resource = (name: string): Name => [`resource ${name}`, `resource ${name}`];

type ResourceKind = "takeover.started" | "takeover.finished" | "release.finished" | "resource.failed";

function ofResources(fact: Of<ResourceKind | "vip.up" | "vip.down">): Meaning {
  switch (fact.kind) {
    case "takeover.started":
      return plain(`takeover of ${list(fact.groups)} begins: ${fact.reason}`);
    case "takeover.finished": {
      const degraded = fact.degraded.length === 0 ? "" : `, without ${list(fact.degraded)}`;
      const text = `took over ${list(fact.groups)} in ${duration(fact.totalMs)}${degraded}: ${fact.reason}`;
      return { ...plain(text, "notice", 30), changes: owner(fact.groups, false) };
    }
    case "release.finished": {
      const text = `released ${list(fact.groups)} in ${duration(fact.totalMs)}: ${fact.reason}`;
      const changes = { ...owner(fact.groups, true), ...(fact.ordered ? { ordered: true as const } : {}) };
      return { ...plain(text, "notice", 8), changes };
    }
    case "resource.failed":
      return plain(`resource ${fact.resource} could not ${fact.action}: ${fact.problem}`, "critical", 35);
    case "vip.up":
      return plain(`VIP ${fact.address} is up on ${fact.device}: ${fact.reason}`);
    case "vip.down":
      return plain(`VIP ${fact.address} is down on ${fact.device}: ${fact.reason}`);
  }
}

/** How the names of changes of owners begin. */
export const OWNER = "groups ";
const owner = (groups: readonly string[], down: boolean): Change => ({
  ...{ key: `${OWNER}${groups.join(" ")}`, what: `who has ${list(groups)}`, down },
});
type ServiceKind =
  | "real-server.down"
  | "real-server.up"
  | "fallback.used"
  | "fallback.left"
  | "table.refused"
  | "real-server.operated";

/** `drain by anna "disk swap"`. */
function orderText({ state, weight, by, why }: Of<"real-server.operated">): string {
  const what = state === "weight" ? `weight ${weight}` : state;
  return `${what}${by === undefined ? "" : ` by ${by}`}${why === undefined ? "" : ` "${why}"`}`;
}

function ofServices(fact: Of<ServiceKind>): Meaning {
  const { service } = fact;
  switch (fact.kind) {
    case "real-server.down": {
      const text = `real server ${fact.server} of ${service} is down and ${fact.action}: ${fact.reason}`;
      return begins(server(fact), text, "warning", 12);
    }
    case "real-server.up": {
      const after = fact.downMs === undefined ? "" : ` after ${duration(fact.downMs)}`;
      const text = `real server ${fact.server} of ${service} is up again${after}, weight ${fact.weight}`;
      return ends(server(fact), text);
    }
    case "fallback.used": {
      const text = `no real server of ${service} is left, the fallback ${fact.server} serves`;
      return begins(fallback(service), text, "critical", 25);
    }
    case "fallback.left":
      return ends(fallback(service), `${service} no longer needs its fallback ${fact.server}`);
    case "real-server.operated":
      return plain(`real server ${fact.server} of ${service}: ${orderText(fact)}`);
    case "table.refused":
      return plain(`the kernel refused ${fact.change} of ${service}: ${fact.problem}`, "critical", 22);
  }
}

const server = ({ service, server: one }: { readonly service: string; readonly server: string }): Name => [
  `server ${service} ${one}`,
  `real server ${one} of ${service}`,
];
const fallback = (service: string): Name => [`fallback ${service}`, `fallback of ${service}`];

type FlowKind = "sync.established" | "sync.lost" | "sync.incomplete" | "sync.complete" | "commit.finished";

function ofFlows(fact: Of<FlowKind>): Meaning {
  switch (fact.kind) {
    case "sync.established":
      return ends(sync(fact.peer), `connection tracking is in step with ${fact.peer}`);
    case "sync.lost": {
      const text = `connection tracking lost ${fact.peer}: ${fact.reason}`;
      return begins(sync(fact.peer), text, "warning", 9);
    }
    case "sync.incomplete": {
      const text = `${fact.peer} has ${fact.equal} of ${fact.asked} sampled connections`;
      return begins(coverage(fact.peer), text, "warning", 9);
    }
    case "sync.complete":
      return ends(coverage(fact.peer), `${fact.peer} has ${fact.equal} of ${fact.asked} sampled connections`);
    case "commit.finished": {
      const failed = fact.failed === 0 ? "" : `, ${fact.failed} failed`;
      const text = `${fact.written} connections written to the kernel in ${duration(fact.totalMs)}${failed}`;
      return plain(text, fact.failed === 0 ? "info" : "warning", 7);
    }
  }
}

const coverage = (peer: string): Name => [`coverage ${peer}`, `what ${peer} knows of our connections`];
const sync = (peer: string): Name => [`sync ${peer}`, `connection tracking with ${peer}`];

type DaemonKind = "daemon.started" | "daemon.stopping" | "config.loaded" | "config.refused";

function ofDaemon(fact: Of<DaemonKind | "letter">): Meaning {
  switch (fact.kind) {
    case "daemon.started":
      return plain(`started, version ${fact.version}`);
    case "daemon.stopping":
      return plain(`stops: ${fact.reason}`);
    case "config.loaded":
      return plain(`read ${fact.file}`);
    case "config.refused": {
      const text = `${fact.file} has errors, the old configuration stays: ${fact.diagnostics[0] ?? ""}`;
      return plain(text, "warning", 11);
    }
    case "letter":
      return plain(fact.subject, "notice", 1);
  }
}

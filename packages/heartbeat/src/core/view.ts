/** What this node knows at one moment, for `cl_status`, the control socket and people. */
import type { Instant } from "@systole/machine";
import { agrees } from "./agreement.js";
import type { GroupKey, HoldSet, NodeName, NodeState } from "./message.js";
import { isKeptWaiting } from "./other-key.js";
import type { Ownership } from "./ownership.js";
import { claimOfPeer, hasLeft, isAlive, permits } from "./peers.js";
import { pingState } from "./ping-nodes.js";
import { holdSet, isStable } from "./speaking.js";
import type { ClusterState, Life, Peer } from "./state.js";

export interface NodeView {
  readonly node: NodeName;
  /** `init` before it was heard, `up`, `active`, `dead`: the words of `cl_status nodestatus`. */
  readonly state: NodeState | "dead";
  readonly generation: number | undefined;
  /** Milliseconds since it was last heard; undefined if it is not alive. */
  readonly silentMs: number | undefined;
  readonly links: readonly string[];
  /** It speaks as Systole does; undefined before its first status. */
  readonly ours: boolean | undefined;
  /** It hears us, in our present life. */
  readonly hearsUs: boolean;
  /** It has the same haresources, nodes and auto_failback; undefined if it does not say. */
  readonly agrees: boolean | undefined;
  /**
   * Somebody speaks in its name with a key that this node does not have. `waits`: so nothing is taken from it at this
   * start; `noticed`: that changes nothing.
   */
  readonly otherKey: "waits" | "noticed" | undefined;
  /** Milliseconds that its VIPs outlive its last word; 0: the kernel does not end them. Undefined: it does not say. */
  readonly leaseMs: number | undefined;
}

export interface PingView {
  readonly node: NodeName;
  /** `init` before its first answer: the words of `cl_status nodestatus`. */
  readonly state: "init" | "ping" | "dead";
}

export interface GroupView {
  readonly group: GroupKey;
  readonly preferred: NodeName;
  readonly here: Ownership["kind"];
  /** Who has it, as far as this node knows: `running`, or on its way. */
  readonly owner: NodeName | undefined;
  /** Resources of it that were found down here and are not up again; absent if there are none. */
  readonly down?: readonly string[];
}

export interface ClusterView {
  readonly node: NodeName;
  readonly life: Life;
  readonly leaving: boolean;
  readonly generation: number;
  /** `cl_status rscstatus`: `transition` while something moves. */
  readonly holds: HoldSet | "transition";
  readonly nodes: readonly NodeView[];
  readonly pings: readonly PingView[];
  readonly groups: readonly GroupView[];
}

export function viewOf(state: ClusterState, now: Instant): ClusterView {
  const { settings, life, leaving, generation } = state;
  const stable = isStable(state, now);
  return {
    node: settings.local,
    life,
    leaving,
    generation,
    holds: stable ? holdSet(state, now) : "transition",
    nodes: settings.nodes.map((node) => nodeView(state, node, now)),
    pings: [...state.pings].map(([node, liveness]) => ({ node, state: pingState(liveness) })),
    groups: settings.groups.map(({ key, preferred }) => {
      const here = state.groups.get(key)?.ownership.kind ?? "none";
      const down = [...(state.groups.get(key)?.monitoring.down.keys() ?? [])];
      const owner = ownerOf(state, key, now);
      return { group: key, preferred, here, owner, ...(down.length > 0 && { down }) };
    }),
  };
}

function nodeView(state: ClusterState, node: NodeName, now: Instant): NodeView {
  const peer = state.peers.get(node);
  if (peer === undefined) {
    const own = state.life === "operational" ? "active" : "up";
    const { generation } = state;
    const leaseMs = state.settings.lease?.length ?? 0;
    const self = { silentMs: 0, links: [], ours: true, hearsUs: true, agrees: true };
    return { node, state: own, generation, ...self, otherKey: undefined, leaseMs };
  }
  const { liveness, reception, links, said } = peer;
  return {
    node,
    state: peerState(peer),
    generation: reception.generation,
    silentMs: liveness.kind === "alive" ? Math.round(now - liveness.heardAt) : undefined,
    links: links.map((link) => link.medium),
    ours: said.ours,
    hearsUs: permits(state, peer, now),
    agrees: agrees(state, peer),
    otherKey: peer.otherKey && (isKeptWaiting(state, peer, now) ? "waits" : "noticed"),
    leaseMs: said.lease,
  };
}

function peerState(peer: Peer): NodeState | "dead" {
  if (hasLeft(peer) || peer.liveness.kind === "dead") return "dead";
  return peer.liveness.kind === "joining" ? "init" : (peer.said.state ?? "up");
}

function ownerOf(state: ClusterState, key: GroupKey, now: Instant): NodeName | undefined {
  const here = state.groups.get(key)?.ownership.kind;
  if (here === "running" || here === "starting" || here === "stopping") return state.settings.local;
  const group = state.settings.groups.find((one) => one.key === key);
  const owner = [...state.peers.values()].find((peer) => {
    const claim = group === undefined || !isAlive(peer) ? undefined : claimOfPeer(state, peer, group, now);
    return claim !== undefined && claim.state !== "given";
  });
  return owner?.node;
}

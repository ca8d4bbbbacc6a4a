/**
 * Do our nodes have the same haresources, nodes and auto_failback? The original cannot tell; two nodes with different
 * lines each start what only they know. Ours say a digest in their statuses; a difference is told once, until it
 * changes. Source: specification of heartbeat, sections 4.1 and 12.
 */
import type { NodeName } from "./message.js";
import type { ClusterState, Peer } from "./state.js";
import { changePeer, note, type Turn } from "./turn.js";

/** Undefined while one of the two does not say. */
export function agrees({ settings }: ClusterState, { said }: Peer): boolean | undefined {
  if (settings.digest === undefined || said.configuration === undefined) return undefined;
  return settings.digest === said.configuration;
}

/** After a status of this peer, or a reload of ours. */
export function compareConfiguration(turn: Turn, node: NodeName): void {
  const peer = turn.state.peers.get(node)!; // callers have found it
  const agreed = agrees(turn.state, peer);
  if (agreed === undefined) return;
  const differing = agreed ? undefined : `${turn.state.settings.digest} ${peer.said.configuration}`;
  if (differing === peer.differing) return;
  changePeer(turn, node, { differing });
  note(turn, { kind: "configuration", node, agrees: agreed });
}

/**
 * auto_failback legacy beside a real heartbeat: no word of who holds what, only requests for single groups.
 *
 *   we start          --ip-request--> it releases the group --ip-request-resp OK--> we take it
 *   it starts         --ip-request--> we release the group  --ip-request-resp OK--> it takes it
 *   it dies, or says goodbye: everything is ours
 *
 * So what it has not given us counts as its own while it lives, and it asks only for groups that prefer it. Our own
 * nodes say in their statuses what they have, also in this mode. Source: specification of heartbeat, section 7.4b.
 */
import { plus, seconds } from "@systole/machine";
import type { GroupKey, Message } from "./message.js";
import { holds } from "./ownership.js";
import { isAlive } from "./peers.js";
import type { ClusterState, Peer } from "./state.js";
import { changeGroup, changePeer, send, stepGroup, type Turn } from "./turn.js";

/** How long a request may stay without an answer before it is sent again. */
const ASK_AGAIN = seconds(10);

const isLegacy = ({ settings, life, leaving }: ClusterState): boolean =>
  settings.autoFailback === "legacy" && life === "operational" && !leaving;

/** It wants a group: released here first, if it runs here. */
export function hearRequest(turn: Turn, peer: Peer, key: GroupKey): void {
  const group = turn.state.groups.get(key);
  if (!isLegacy(turn.state) || peer.said.ours !== false || group === undefined) return;
  const { dialogue, node } = peer;
  const granted = dialogue.granted.filter((one) => one !== key);
  if (!holds(group.ownership)) {
    changePeer(turn, node, { dialogue: { ...dialogue, granted } });
    if (group.ownership.kind !== "stopping") answer(turn, peer, key, false);
    return;
  }
  changePeer(turn, node, { dialogue: { ...dialogue, granted, requested: [...dialogue.requested, key] } });
  changeGroup(turn, key, { since: turn.now });
  stepGroup(turn, key, { type: "release", reason: `${node} asked for it`, to: node });
}

const answer = (turn: Turn, { node }: Peer, group: GroupKey, weOwn: boolean): void =>
  send(turn, { type: "ip-request-resp", group, weOwn, ok: true }, node);

/** It has let go of a group, or never had it: we may take it, in this life of both of us. */
export function hearResponse(
  turn: Turn,
  { node, dialogue, said }: Peer,
  { group, ok }: Extract<Message, { type: "ip-request-resp" }>,
): void {
  if (!isLegacy(turn.state) || said.ours !== false || !ok || dialogue.granted.includes(group)) return;
  changePeer(turn, node, { dialogue: { ...dialogue, granted: [...dialogue.granted, group] } });
}

/** At the end of a turn: ask for what prefers us, and answer what was asked. */
export function settleLegacy(turn: Turn, node: string): void {
  const peer = turn.state.peers.get(node)!; // the caller iterates over the peers
  if (!isLegacy(turn.state) || peer.said.ours !== false || !isAlive(peer)) return;
  const { dialogue } = peer;
  const done = dialogue.requested.filter((key) => isReleased(turn.state, key));
  if (done.length > 0) {
    const requested = dialogue.requested.filter((key) => !done.includes(key));
    changePeer(turn, node, { dialogue: { ...dialogue, requested } });
    for (const key of done) answer(turn, peer, key, true);
  }
  const { requestedAt } = dialogue;
  if (!dialogue.knowsUs || (requestedAt !== undefined && turn.now < plus(requestedAt, ASK_AGAIN))) return;
  const wanted = turn.state.settings.groups.filter(
    ({ key, preferred }) => preferred === turn.state.settings.local && isMissing(turn.state, peer, key),
  );
  if (wanted.length === 0) return;
  const { dialogue: present } = turn.state.peers.get(node)!;
  changePeer(turn, node, { dialogue: { ...present, requestedAt: turn.now } });
  for (const { key } of wanted) send(turn, { type: "ip-request", group: key });
}

function isReleased({ groups }: ClusterState, key: GroupKey): boolean {
  const kind = groups.get(key)?.ownership.kind;
  return kind !== "starting" && kind !== "running" && kind !== "stopping";
}

const isMissing = ({ groups }: ClusterState, { dialogue }: Peer, key: GroupKey): boolean =>
  groups.get(key)?.ownership.kind === "none" && !dialogue.granted.includes(key);

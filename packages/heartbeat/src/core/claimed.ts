/**
 * Somebody else on the service LAN answers for a VIP: what the heartbeat links cannot tell while they are cut.
 *
 *   we have it, a node that we do not hear claims it   the one that comes first in the group's order keeps it and says
 *                                                      so again; the other lets go and asks, with each heartbeat
 *   (asked each second while a node is silent: one ARP may be lost)
 *   ... as long as that node answers                   we do not take the group, although it is dead to us
 *   we have it, a stranger claims it                   we never let go; it is told, with its MAC address
 *
 * A node that we hear is none of this file's business: its statuses say what it has, and which interfaces.
 * Source: shared specification of safety, section 5.4; RFC 5227.
 */
import { milliseconds, plus, seconds } from "@systole/machine";
import type { GroupKey } from "./message.js";
import { holds } from "./ownership.js";
import { isAlive } from "./peers.js";
import { precedes } from "./right.js";
import { yieldTo } from "./settling.js";
import type { ClusterState, Group, Peer } from "./state.js";
import { act, changeGroup, note, publish, type Turn } from "./turn.js";

/** We announce a VIP that is claimed by another no more often. */
const ANNOUNCE_AGAIN = seconds(1);
/** A claim is told no more often. */
const TELL_AGAIN = seconds(60);

/** How long a claim counts. Its sender is asked with each heartbeat, and may lose some answers. */
const claimLasts = ({ settings }: ClusterState) => milliseconds(Math.max(2000, settings.deadtime));

export interface Claimed {
  /** The VIP, and the MAC address that the claim came from. */
  readonly vip: string;
  readonly mac: string;
}

export function hearClaim(turn: Turn, key: GroupKey, { vip, mac }: Claimed): void {
  const { state } = turn;
  const here = state.groups.get(key);
  if (here === undefined || state.life === "storing" || state.settings.macs?.includes(mac) === true) return;
  const peer = [...state.peers.values()].find(({ said }) => said.macs.includes(mac));
  if (peer !== undefined && isAlive(peer)) return;
  if (!holds(here.ownership)) return goOnWaiting(turn, key, here, peer);
  if (peer === undefined) return tellOfStranger(turn, key, here, { vip, mac });
  const group = state.settings.groups.find((one) => one.key === key);
  if (group === undefined) return;
  const weYield = precedes(group, peer.node, state.settings.local);
  tellOfBoth(turn, key, here, peer, weYield);
  if (!weYield) return announceAgain(turn, key);
  changeGroup(turn, key, { elsewhere: { node: peer.node, until: plus(turn.now, claimLasts(state)) } });
  yieldTo(turn, key, `${peer.node} answers for ${vip} and comes first`);
}

/** It still answers, for what we have left to it. */
function goOnWaiting(turn: Turn, key: GroupKey, { elsewhere }: Group, peer: Peer | undefined): void {
  if (elsewhere === undefined || elsewhere.node !== peer?.node) return;
  changeGroup(turn, key, { elsewhere: { ...elsewhere, until: plus(turn.now, claimLasts(turn.state)) } });
}

function tellOfBoth(turn: Turn, key: GroupKey, { toldAt }: Group, { node }: Peer, weYield: boolean): void {
  if (toldAt !== undefined && turn.now < plus(toldAt, TELL_AGAIN)) return;
  changeGroup(turn, key, { toldAt: turn.now });
  note(turn, { kind: "both-own", group: key, node, weYield });
  const keeps = weYield ? node : turn.state.settings.local;
  const problem = `${node} is not heard, and answers for ${key} as this node does: ${keeps} keeps it`;
  publish(turn, "critical", { kind: "split-brain.suspected", peer: node, problem });
}

/** The neighbours believe whoever spoke last. */
function announceAgain(turn: Turn, key: GroupKey): void {
  const { announcedAt } = turn.state.groups.get(key)!; // hearClaim has found it
  if (announcedAt !== undefined && turn.now < plus(announcedAt, ANNOUNCE_AGAIN)) return;
  changeGroup(turn, key, { announcedAt: turn.now });
  act(turn, { type: "announce", groups: [key] });
}

/** A real server that answers for the VIP, or an address given twice: an administrator must find that machine. */
function tellOfStranger(turn: Turn, key: GroupKey, { toldAt }: Group, { vip, mac }: Claimed): void {
  if (toldAt !== undefined && turn.now < plus(toldAt, TELL_AGAIN)) return;
  changeGroup(turn, key, { toldAt: turn.now });
  note(turn, { kind: "stranger", group: key, vip, mac });
  const problem = `${mac} answers for ${vip}, as this node does: a real server without arp_ignore, or given twice`;
  publish(turn, "critical", { kind: "split-brain.suspected", peer: mac, problem });
  act(turn, { type: "announce", groups: [key] });
}

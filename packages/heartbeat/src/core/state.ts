/** The whole state of the core, and how a life begins. */
import { type Instant, instant, type Millis, milliseconds, plus } from "@systole/machine";
import { nothingReceived, type Reception } from "../wire/reception.js";
import { nothingSent, type Sent } from "../wire/sequence.js";
import { type Dialogue, noDialogue } from "./dialogue.js";
import type { RequestId } from "./event.js";
import type { Fencing } from "./fencing.js";
import { lateness, longerDeadtime, silenceLimit } from "./lease.js";
import { joining, type Liveness } from "./liveness.js";
import type { GroupKey, HoldSet, NodeName, Place } from "./message.js";
import { type Monitoring, NOT_MONITORED } from "./monitoring.js";
import type { Ownership } from "./ownership.js";
import type { ClusterSettings } from "./settings.js";
import { nothingSaid, type Statement } from "./statement.js";

/**
 * Where we are in our present life.
 *
 *   storing --generation on disk--> joining --every peer heard or dead--> operational --left--> gone
 *      ^----------------------- silent for one lease -----------------------|
 */
export type Life = "storing" | "joining" | "operational" | "gone";

export interface Peer {
  readonly node: NodeName;
  readonly liveness: Liveness;
  readonly fencing: Fencing;
  readonly reception: Reception;
  readonly said: Statement;
  /** The generation in which it said goodbye; until it has another one it is absent. */
  readonly leftIn: number | undefined;
  /** When it was last heard on each medium that is up. */
  readonly links: readonly Link[];
  /** Since when its statements show that it does not hear us although we hear it. */
  readonly deafSince: Instant | undefined;
  /** The generation for which returning its groups has been considered. */
  readonly failbackIn: number | undefined;
  /** The older generation that was last logged as a replay. */
  readonly replayed: number | undefined;
  /** Our digest and its own, while they differ and that has been told. */
  readonly differing: string | undefined;
  /** The last datagram in its name that our keys do not verify, and whether that was told (other-key.ts). */
  readonly otherKey: { readonly heardAt: Instant; readonly told: boolean } | undefined;
  readonly otherKeyToldAt: Instant | undefined;
  /** The count of ping nodes it was told last, and on which occasion. */
  readonly toldPings: string | undefined;
  /** What we know of it if it is a real heartbeat. */
  readonly dialogue: Dialogue;
}

/** A restart that keeps the VIPs, asked for (restarting.ts). */
export interface Restarting {
  readonly request: RequestId;
  /** Refused then. */
  readonly until: Instant;
  /** The first of our messages that announced the longer deadtime. */
  readonly from: number;
}

/** What a process of ours that was restarted on purpose has left to this one. */
export interface Inheritance {
  /** The deadtime that it announced last. */
  readonly deadtime: Millis;
  /** Until when its VIPs last, and its word with them. */
  readonly until: Instant;
}

/** What ipfail is about to do (ip-fail.ts). */
export interface IpFail {
  /** All groups go to `to` then. */
  readonly giveUpAt: Instant | undefined;
  readonly to: NodeName | undefined;
}

export interface Link {
  readonly medium: string;
  readonly heardAt: Instant;
}

export interface Group {
  readonly ownership: Ownership;
  /** A start failed here: not taken again before, unless commanded. */
  readonly unableUntil: Instant | undefined;
  /** When the takeover or release in progress began, and why. */
  readonly since: Instant | undefined;
  /** Who gave it to us when we took it last; undefined if nobody of ours did. */
  readonly from: NodeName | undefined;
  /** A resource of it could not be stopped: only an administrator can help. */
  readonly stuck: boolean;
  /** Both a peer and we have it: told once. */
  readonly contested: boolean;
  /** A node that we do not hear answered for its VIP lately, and comes before us (claimed.ts). */
  readonly elsewhere: { readonly node: NodeName; readonly until: Instant } | undefined;
  /** When its VIPs were last announced because of a claim, and a claim was last told. */
  readonly announcedAt: Instant | undefined;
  readonly toldAt: Instant | undefined;
  readonly monitoring: Monitoring;
}

export interface ClusterState {
  readonly settings: ClusterSettings;
  readonly life: Life;
  /** A clean stop was asked for: release everything, say goodbye, be gone. */
  readonly leaving: boolean;
  /** A restart that keeps the VIPs was asked for. */
  readonly restarting: Restarting | undefined;
  /** Until the groups that were adopted run under our own lease. */
  readonly inherited: Inheritance | undefined;
  readonly generation: number;
  readonly sent: Sent;
  /**
   * When our last status really left, as the shell says; undefined before the first of this life, unless groups were
   * adopted with one.
   */
  readonly lastSentAt: Instant | undefined;
  readonly nextStatusAt: Instant;
  readonly lastStepAt: Instant;
  /** Verdicts on the silence of others wait until then: we were late ourselves. */
  readonly judgeFrom: Instant;
  readonly peers: ReadonlyMap<NodeName, Peer>;
  readonly pings: PingNodes;
  readonly ipFail: IpFail;
  /** When we last asked who else has the VIPs that we have. */
  readonly ownAskedAt: Instant | undefined;
  readonly groups: ReadonlyMap<GroupKey, Group>;
  /** The hold set last reported in a `resource` message. */
  readonly reported: { readonly holds: HoldSet; readonly stable: boolean } | undefined;
  /** When the clean stop ends; set with our goodbye, once everything is released. */
  readonly goneAt: Instant | undefined;
  /** True until the first life has begun. */
  readonly booting: boolean;
}

export interface Boot {
  /** The generation read from the file (or the time, if there was none); the first life uses the next one. */
  readonly storedGeneration: number;
  /**
   * Groups whose VIPs a former process of ours left in the kernel, still inside its lease since it last sent: they are
   * kept, without a gap. Every other VIP of ours must have been removed before.
   */
  readonly adopted: readonly GroupKey[];
  /**
   * When that former process last sent, on our clock; needed when anything is adopted. Our own silence counts from
   * then: a process that is frozen before its first word must not keep what its lease has lost.
   */
  readonly lastWordAt?: Instant;
  /** What it had announced and allowed, if it was restarted on purpose. */
  readonly inherited?: Inheritance;
  /** Up to where a former process of ours had heard each node of ours: what is not newer may be a recording. */
  readonly heard?: ReadonlyMap<NodeName, Place>;
}

/** Nothing sent yet: the first tick asks for the generation to be stored. */
export function booted(settings: ClusterSettings, boot: Boot, now: Instant): ClusterState {
  const adopted = new Set(boot.adopted);
  return {
    settings,
    life: "storing",
    leaving: false,
    restarting: undefined,
    inherited: adopted.size > 0 ? boot.inherited : undefined,
    generation: boot.storedGeneration,
    sent: nothingSent,
    lastSentAt: adopted.size > 0 ? boot.lastWordAt : undefined,
    nextStatusAt: now,
    lastStepAt: now,
    judgeFrom: now,
    peers: strangers(settings, plus(now, settings.initdead), now, boot.heard),
    pings: pingNodes(settings, now),
    ipFail: { giveUpAt: undefined, to: undefined },
    ownAskedAt: undefined,
    groups: new Map(
      settings.groups.map(({ key }) => [key, adopted.has(key) ? adoptedGroup(now) : idleGroup]),
    ),
    reported: undefined,
    goneAt: undefined,
    booting: true,
  };
}

export const idleGroup: Group = {
  ownership: { kind: "none" },
  unableUntil: undefined,
  since: undefined,
  from: undefined,
  stuck: false,
  contested: false,
  elsewhere: undefined,
  announcedAt: undefined,
  toldAt: undefined,
  monitoring: NOT_MONITORED,
};

const adoptedGroup = (now: Instant): Group => ({
  ...idleGroup,
  ownership: { kind: "starting", reason: "adopted from the process before", since: now },
  since: now,
});

/** Hosts that are only asked whether they answer (ping-nodes.ts). */
export type PingNodes = ReadonlyMap<NodeName, Liveness>;

/** The ping nodes of the settings, as if never asked; those that are known already stay what they are. */
export function pingNodes({ pings, initdead }: ClusterSettings, now: Instant, known?: PingNodes): PingNodes {
  const stranger = joining(now, plus(now, initdead));
  return new Map((pings?.nodes ?? []).map((node) => [node, known?.get(node) ?? stranger]));
}

/** All other nodes, as if never heard. */
function strangers(
  settings: ClusterSettings,
  deadAt: Instant,
  now: Instant,
  heard?: Boot["heard"],
): ReadonlyMap<NodeName, Peer> {
  const others = settings.nodes.filter((node) => node !== settings.local);
  return new Map(
    others.map((node) => {
      const peer = stranger(node, now, deadAt);
      const known = heard?.get(node);
      return [node, known === undefined ? peer : { ...peer, reception: { ...peer.reception, known } }];
    }),
  );
}

export function stranger(node: NodeName, now: Instant, deadAt: Instant): Peer {
  return {
    node,
    liveness: joining(now, deadAt),
    fencing: { kind: "idle" },
    reception: nothingReceived,
    said: nothingSaid,
    leftIn: undefined,
    links: [],
    deafSince: undefined,
    failbackIn: undefined,
    replayed: undefined,
    differing: undefined,
    otherKey: undefined,
    otherKeyToldAt: undefined,
    toldPings: undefined,
    dialogue: noDialogue,
  };
}

/** A peer after our own stall: what it said is void; what it will say is still judged by its sequence. */
export const voided = (peer: Peer, now: Instant, deadAt: Instant): Peer => ({
  ...stranger(peer.node, now, deadAt),
  reception: peer.reception,
  leftIn: peer.leftIn,
  links: peer.links,
  failbackIn: peer.failbackIn,
  differing: peer.differing,
  otherKey: peer.otherKey,
  otherKeyToldAt: peer.otherKeyToldAt,
});

/** We have been silent so long that others may call us dead: whatever we held or knew is void. */
export const stalled = (state: ClusterState, now: Instant): boolean => {
  const voidAt = wordVoidAt(state);
  return voidAt !== undefined && state.life !== "gone" && now >= voidAt;
};

/** Unless we speak before, nothing that we hold or claim counts from then on; undefined while we have not spoken. */
export function wordVoidAt({ lastSentAt, settings, inherited }: ClusterState): Instant | undefined {
  if (lastSentAt === undefined) return undefined;
  const voidAt = plus(lastSentAt, silenceLimit(settings));
  return inherited === undefined ? voidAt : instant(Math.max(voidAt, inherited.until));
}

/** The silence after which others shall call us dead, as we say it now. */
export function announcedDeadtime({ settings, restarting, inherited }: ClusterState): Millis {
  if (restarting !== undefined) return longerDeadtime(settings);
  return milliseconds(Math.max(settings.deadtime, inherited?.deadtime ?? 0));
}

/**
 * A renewal at `now` cannot outlive our last heartbeat's deadtime, whatever happens to the next one.
 */
export function mayRenew(state: ClusterState, now: Instant): boolean {
  const { deadtime, lease } = state.settings;
  if (state.lastSentAt === undefined) return false;
  return lease === undefined || now - state.lastSentAt <= deadtime - lease.length - lateness(lease);
}

/** Left to a node that we do not hear, which has answered for it lately. */
export const isElsewhere = ({ elsewhere }: Group, now: Instant): boolean =>
  elsewhere !== undefined && now < elsewhere.until;

/** Groups that we have left to a node that we do not hear: who answers for them is asked again and again. */
export const leftToOthers = ({ groups }: ClusterState, now: Instant): readonly GroupKey[] =>
  [...groups].filter(([, group]) => isElsewhere(group, now)).map(([key]) => key);

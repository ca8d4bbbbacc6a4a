/**
 * All links at once: what we say goes out on one of them, what peers say is heard on all.
 *
 * The first link is used until it loses its carrier, or a peer speaks on another one; then that one is, until the same
 * happens to it. There is no return by itself: a link that flaps would take everything with it.
 */
import type { Link, Links } from "@systole/kernel";
import type { Clock } from "@systole/machine";
import type { IpAddress } from "@systole/wire";
import type { SyncLink } from "../config/configuration.js";
import type { LinkCounters, LinkHooks, SyncChannel } from "./link.js";
import { openTcpLink } from "./tcp-link.js";
import { openUdpLink } from "./udp-link.js";

export type LinkState = "RUNNING" | "UP" | "DOWN";

export interface LinkStatus {
  readonly kind: SyncLink["kind"];
  readonly interface: string;
  readonly state: LinkState;
  /** What we say goes out here. */
  readonly active: boolean;
  readonly open: boolean;
  readonly connections?: { readonly incoming: boolean; readonly outgoing: boolean };
  readonly counters: LinkCounters;
}

export interface LinkSet {
  send(datagram: Uint8Array): void;
  status(): readonly LinkStatus[];
  close(): void;
}

export interface LinkSetHooks {
  readonly received: (from: IpAddress, datagram: Uint8Array) => void;
  readonly broken: (link: SyncLink, problem: string) => void;
  readonly works: (link: SyncLink) => void;
  readonly connected: (peer: IpAddress) => void;
  /** This one carries what we say from now on; undefined: none can. */
  readonly switched: (link: SyncLink | undefined) => void;
}

interface Member {
  readonly link: SyncLink;
  channel: SyncChannel | undefined;
  state: LinkState;
}

export async function openLinks(
  wanted: readonly SyncLink[],
  parts: { readonly links: Links; readonly clock: Clock; readonly hooks: LinkSetHooks },
): Promise<LinkSet> {
  const { links, hooks } = parts;
  const members: Member[] = wanted.map((link) => ({ link, channel: undefined, state: "DOWN" }));
  let current = members[0]!; // there is at least one

  function use(member: Member): void {
    if (member === current) return;
    current = member;
    hooks.switched(member.link);
  }

  function changed(link: Link, gone: boolean): void {
    for (const member of members) {
      if (member.link.interface !== link.name) continue;
      const before = member.state;
      member.state = gone ? "DOWN" : stateOf(link);
      const lost = member === current && before === "RUNNING" && member.state !== "RUNNING";
      if (!lost) continue;
      const other = members.find((each) => each !== member && each.state !== "DOWN");
      if (other !== undefined) use(other);
      else hooks.switched(undefined);
    }
  }

  const hear = (member: Member): LinkHooks => ({
    received(from, datagram) {
      // Only who may speak can move us: the session drops strangers, and so does this.
      if (member !== current && isOurs(member.link, from, datagram)) use(member);
      hooks.received(from, datagram);
    },
    broken: (problem) => hooks.broken(member.link, problem),
    works: () => hooks.works(member.link),
    connected: hooks.connected,
  });

  for (const link of await links.list()) changed(link, false);
  const unwatch = links.watch(changed);
  for (const member of members) {
    const { link } = member;
    const own = { ...parts, hooks: hear(member) };
    member.channel = link.kind === "tcp" ? openTcpLink(link, own) : await openUdpLink(link, own);
  }
  return {
    send: (datagram) => current.channel?.send(datagram),
    status: () => members.map((member) => statusOf(member, member === current)),
    close() {
      unwatch();
      for (const { channel } of members) channel?.close();
    },
  };
}

const stateOf = ({ up, carrier }: Link): LinkState => (up ? (carrier ? "RUNNING" : "UP") : "DOWN");

/** A message of protocol version 1 from somebody who is on the list of this link, if it has one. */
const isOurs = (link: SyncLink, from: IpAddress, datagram: Uint8Array): boolean =>
  (link.peers.length === 0 || link.peers.includes(from)) && datagram.length >= 8 && datagram[0]! >> 4 === 1;

function statusOf({ link, channel, state }: Member, active: boolean): LinkStatus {
  const { connections } = channel ?? {};
  return {
    kind: link.kind,
    interface: link.interface,
    state,
    active,
    open: channel?.open ?? false,
    ...(connections !== undefined && { connections }),
    counters: { ...channel!.counters }, // opened with the set
  };
}

/**
 * Both sides of a failover: what became of the peer, as this node heard it, beside what this node did.
 *
 * A dead node tells nothing any more; when it was heard last, which media fell silent and when it was given up is all
 * there is, and the first thing that somebody asks.
 */
import type { ClusterEvent } from "../types.js";
import { duration } from "./duration.js";
import { oneLine } from "./printable.js";

interface Moment {
  readonly atMs: number;
  readonly text: string;
}

/** `12:00:00.100` of the wall clock, UTC. */
const time = (ms: number): string => new Date(ms).toISOString().slice(11, 23);

/** Lines for the letter; none if no peer died. */
export function bothTimelines(events: readonly ClusterEvent[]): readonly string[] {
  const peers = new Set(events.flatMap(({ fact }) => (fact.kind === "node.dead" ? [fact.peer] : [])));
  const sides = [...peers].flatMap((peer) => {
    const moments = peerMoments(peer, events).toSorted((a, b) => a.atMs - b.atMs);
    const here = [...new Set(events.map(({ node }) => node))].join(", ");
    return ["", `${oneLine(peer)}, as ${oneLine(here)} heard it:`, ...moments.map(written)];
  });
  return peers.size === 0 ? [] : [...sides, ...outage(events)];
}

/**
 * A hand-over between two that live: what the giver did stands among the lines of the story, by its own clock. Said
 * here: how long nobody had the VIP, or that the giver's half is not there.
 */
export function handOver(events: readonly ClusterEvent[]): readonly string[] {
  const givers = new Set(
    events.flatMap(({ fact }) => (fact.kind === "takeover.finished" && fact.from ? [fact.from] : [])),
  );
  return [...givers].flatMap((giver) => {
    const isThere = events.some(({ node, fact }) => node === giver && fact.kind === "release.finished");
    if (!isThere)
      return [
        "",
        `${oneLine(giver)} did not tell its half in time: it is a letter of its own, if it has one.`,
      ];
    const gaps = gapsOf(giver, events);
    return gaps.length === 0 ? [] : ["", ...gaps];
  });
}

/** By two clocks: what cannot be is not said. */
function gapsOf(giver: string, events: readonly ClusterEvent[]): readonly string[] {
  return events.flatMap(({ node, fact, atMs }) => {
    if (node !== giver || fact.kind !== "vip.down") return [];
    const up = events.find((one) => {
      return one.node !== giver && one.fact.kind === "vip.up" && one.fact.address === fact.address;
    });
    const ms = up === undefined ? -1 : up.atMs - atMs;
    return ms < 0 ? [] : [`Nobody had ${oneLine(fact.address)} for ${duration(ms)}, by the clocks of both.`];
  });
}

const written = ({ atMs, text }: Moment): string => `  ${time(atMs)}  ${oneLine(text, 500)}`;

function peerMoments(peer: string, events: readonly ClusterEvent[]): readonly Moment[] {
  return events.flatMap(({ fact, atMs }): readonly Moment[] => {
    if (!("peer" in fact) || fact.peer !== peer) return [];
    switch (fact.kind) {
      case "node.late":
        return [
          { atMs, text: `late: silent for ${duration(fact.silenceMs)} of ${duration(fact.deadtimeMs)}` },
        ];
      case "node.dead":
        return [
          { atMs: atMs - fact.silenceMs, text: "the last heartbeat" },
          { atMs, text: `given up: silent for longer than deadtime, ${duration(fact.deadtimeMs)}` },
        ];
      case "link.dead":
        return [{ atMs, text: `nothing more on ${fact.medium}` }];
      case "link.up":
        return [{ atMs, text: `heard on ${fact.medium}` }];
      case "node.alive":
        return [{ atMs, text: `alive again, after ${fact.after ?? "an absence"}` }];
      default:
        return [];
    }
  });
}

/** From the last heartbeat of the dead to the end of the takeover: how long nobody served. */
function outage(events: readonly ClusterEvent[]): readonly string[] {
  const last = events.flatMap(({ fact, atMs }) => (fact.kind === "node.dead" ? [atMs - fact.silenceMs] : []));
  const done = events.flatMap(({ fact, atMs }) => (fact.kind === "takeover.finished" ? [atMs] : []));
  if (last.length === 0 || done.length === 0) return [];
  const ms = Math.max(...done) - Math.min(...last);
  return ms < 0 ? [] : ["", `From the last heartbeat to the end of the takeover: ${duration(ms)}.`];
}

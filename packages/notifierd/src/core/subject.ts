/**
 * The subject of a letter: how bad, where, what; and how much more there is.
 *
 *     [critical] lb2: took over VIP 192.0.2.10 in 1.3 s: lb1 is dead (and 1 more)
 *
 * Or as keepalived writes them, for filters of today: https://www.keepalived.org, `[ROUTER_ID] Realserver ... - DOWN`.
 */
import type { ClusterEvent, Fact, Severity } from "../types.js";
import { meaning } from "./facts.js";
import { oneLine, SUBJECT_LIMIT } from "./printable.js";

export type SubjectStyle = "systole" | "keepalived";

export interface SubjectParts {
  readonly style: SubjectStyle;
  readonly severity: Severity;
  /** The event that the letter is about most. */
  readonly heaviest: ClusterEvent;
  /** All events of the letter. */
  readonly events: readonly ClusterEvent[];
  /** How many more somebody wanted to hear of. */
  readonly others: number;
}

export function subject({ style, severity, heaviest, events, others }: SubjectParts): string {
  const more = others === 0 ? "" : ` (and ${others} more)`;
  const about = headline(heaviest.fact, events);
  const text =
    style === "keepalived"
      ? `[${heaviest.node}] ${asKeepalived(heaviest.fact) ?? about}`
      : `[${severity}] ${heaviest.node}: ${about}`;
  return `${oneLine(text, SUBJECT_LIMIT - more.length)}${more}`;
}

/** Of a takeover the VIPs, where they are known: people know them better than the names of groups. */
function headline(fact: Fact, events: readonly ClusterEvent[]): string {
  const up = events.flatMap((event) => (event.fact.kind === "vip.up" ? [event.fact.address] : []));
  const vips = [...new Set(up)];
  if (fact.kind !== "takeover.finished" || vips.length === 0) return meaning(fact).text;
  return meaning({ ...fact, groups: vips.map((vip) => `VIP ${vip}`) }).text;
}

/** Undefined for what keepalived has no words for. */
function asKeepalived(fact: Fact): string | undefined {
  switch (fact.kind) {
    case "real-server.down":
    case "real-server.up": {
      const protocol = protocolOf(fact.service);
      const place = `${bracketed(fact.server, protocol)} of virtual server ${bracketed(fact.service, protocol)}`;
      return `Realserver ${place} - ${fact.kind === "real-server.up" ? "UP" : "DOWN"}`;
    }
    case "fallback.used":
    case "fallback.left": {
      const service = bracketed(fact.service, protocolOf(fact.service));
      return `Virtualserver ${service} - ${fact.kind === "fallback.left" ? "UP" : "DOWN"}`;
    }
    case "takeover.finished":
      return `VRRP Instance ${fact.groups.join(",")} - Entering MASTER state`;
    case "release.finished":
      return `VRRP Instance ${fact.groups.join(",")} - Entering BACKUP state`;
    case "resource.failed":
      return `VRRP Instance ${fact.resource} - Entering FAULT state`;
    default:
      return undefined;
  }
}

const protocolOf = (service: string): string => (service.includes(" ") ? service.split(" ", 1)[0]! : "tcp");

/** `tcp 192.0.2.10:80`, `10.0.0.11:80` or `[2001:db8::1]:80` as `[192.0.2.10]:tcp:80`. */
function bracketed(endpoint: string, protocol: string): string {
  const [, six, four, port] = /^(?:\S+ )?(?:\[([^\]]+)\]|([^:\s]+)):(\d+)$/.exec(endpoint) ?? [];
  return port === undefined ? endpoint : `[${six ?? four}]:${protocol}:${port}`;
}

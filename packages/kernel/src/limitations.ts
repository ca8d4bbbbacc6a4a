/** What the nftables data plane cannot do of what ip_vs can, and what it does instead. Pure. */
import { type Endpoint, formatEndpoint } from "@systole/wire";
import type { Limitation, RealServer, VirtualService } from "./balancer.js";

/** How the nftables data plane chooses a real server. */
export type NftScheduling = "slots" | "source" | "destination" | "maglev";

/** The scheduler that is really used for one that ip_vs has: the nearest that nft can express. */
export function nftScheduling(scheduler: string): { readonly as: NftScheduling; readonly exact: boolean } {
  switch (scheduler) {
    case "rr":
    case "wrr":
      return { as: "slots", exact: true };
    case "sh":
      return { as: "source", exact: true };
    case "dh":
      return { as: "destination", exact: true };
    case "mh":
      return { as: "maglev", exact: true };
    default:
      return { as: "slots", exact: false };
  }
}

/**
 * One entry for each thing that this data plane cannot do with the service and its real servers.
 *
 * Schedulers that look at connection counts become wrr; thresholds, one-packet, engines and tunnels are not there.
 */
export function nftablesLimitations(
  service: VirtualService,
  reals: readonly RealServer[],
): readonly Limitation[] {
  const found: Limitation[] = [];
  const { scheduler } = service;
  if (!nftScheduling(scheduler).exact)
    found.push({ asked: `scheduler ${scheduler}`, instead: "wrr is used instead" });
  if ((service.schedulerFlags & 1) !== 0 && (scheduler === "sh" || scheduler === "mh"))
    found.push({
      asked: `scheduler flag ${scheduler}-fallback`,
      instead: "a real server of weight 0 is never chosen in any case",
    });
  if (service.onePacket)
    found.push({ asked: "one-packet", instead: "packets of one client port stay with one real server" });
  if (service.persistenceEngine !== undefined)
    found.push({
      asked: `persistence engine ${service.persistenceEngine}`,
      instead: "persistence by client address is used instead",
    });
  for (const real of reals) found.push(...realLimitations(service, real));
  return found;
}

function realLimitations(service: VirtualService, real: RealServer): readonly Limitation[] {
  const name = nameOf(real.endpoint);
  const found: Limitation[] = [];
  if (real.forwarding === "ipip" || real.forwarding === "bypass")
    found.push({ asked: `${real.forwarding} to ${name}`, instead: "it gets no traffic; use masq or gate" });
  if (real.upperThreshold > 0)
    found.push({ asked: `upper threshold ${real.upperThreshold} of ${name}`, instead: "no limit is kept" });
  if (service.id.kind === "fwmark" && real.forwarding === "gate")
    found.push({ asked: `gate to ${name} by firewall mark`, instead: "it gets no traffic; use masq" });
  return found;
}

const nameOf = (endpoint: Endpoint) => formatEndpoint(endpoint);
